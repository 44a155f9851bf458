"""ListCampaigns, ShowCampaign, ListRecipients: what stands of campaigns; CountCampaigns keeps it up to date."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.pace import next_count
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import CampaignId, ContactId, TenantId

log = logging.getLogger(__name__)

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class ListCampaigns:
    """List campaigns, the newest first."""

    storage: Storage

    async def __call__(
        self, caller: Caller, limit: int, before: CampaignId | None, statuses: Collection[CampaignStatus]
    ) -> list[tuple[Campaign, Counts]]:
        """Return them with what was counted last, seconds to an hour ago."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.campaigns.page(limit, before, statuses)


@dataclass(frozen=True, slots=True)
class ShowCampaign:
    """Show one, counted now."""

    storage: Storage

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> tuple[Campaign, Counts]:
        """Return it with its counts. Raises NotFound."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            campaign = await uow.campaigns.peek(campaign_id)
            if campaign.has_begun and await uow.campaigns.only_one(campaign_id, "count"):
                await uow.campaigns.follow(campaign)
            counts = await uow.campaigns.count(campaign_id)
            await uow.commit()
        return campaign, counts


@dataclass(frozen=True, slots=True)
class ListRecipients:
    """List a campaign's recipients."""

    storage: Storage

    async def __call__(
        self,
        caller: Caller,
        campaign_id: CampaignId,
        limit: int,
        after: ContactId | None,
        state: RecipientState | None,
    ) -> list[Recipient]:
        """Return those behind a contact, of one state or all. Raises NotFound."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.campaigns.peek(campaign_id)
            return await uow.campaigns.recipients(campaign_id, limit, after, state)


@dataclass(frozen=True, slots=True)
class CountCampaigns:
    """Sweep: follow the messages of one company's campaigns, and count."""

    storage: Storage
    clock: Clock

    async def __call__(self, tenant_id: TenantId) -> None:
        """Count those that are due. Safe in many processes at once."""
        async with self.storage.tenant(tenant_id) as uow:
            due = [campaign.id for campaign in await uow.campaigns.to_count(AT_ONCE)]
        for campaign_id in due:
            await self._count(tenant_id, campaign_id)

    async def _count(self, tenant_id: TenantId, campaign_id: CampaignId) -> None:
        async with self.storage.tenant(tenant_id) as uow:
            if not await uow.campaigns.only_one(campaign_id, "count"):
                return
            try:
                campaign = await uow.campaigns.peek(campaign_id)
            except NotFound:
                return
            await uow.campaigns.follow(campaign)
            await uow.campaigns.count(campaign_id)
            await uow.campaigns.look_again(campaign_id, next_count(campaign, self.clock()))
            await uow.commit()
