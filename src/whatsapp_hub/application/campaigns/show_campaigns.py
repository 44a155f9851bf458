"""ListCampaigns, ShowCampaign, ListRecipients: what stands of campaigns; CountCampaigns keeps it up to date."""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.pace import next_count
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState
from whatsapp_hub.domain.errors import NotFound, TookTooLong
from whatsapp_hub.domain.ids import CampaignId, ContactId, TenantId

log = logging.getLogger(__name__)

AT_ONCE = 20
TURN_S = 1.0
"""A company's other campaigns wait for its counts, and other companies do."""
SHOWN_WITHIN_S = 10.0
COUNTED_WITHIN_S = 60.0
PUT_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ListCampaigns:
    """List campaigns, the newest first."""

    storage: Storage

    async def __call__(
        self, caller: Caller, limit: int, before: CampaignId | None, statuses: Collection[CampaignStatus]
    ) -> Part[tuple[Campaign, Counts]]:
        """Return them with what was counted last, seconds to an hour ago."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.campaigns.page(limit, before, statuses)


@dataclass(frozen=True, slots=True)
class ShowCampaign:
    """Show one, counted now."""

    storage: Storage

    async def __call__(self, caller: Caller, campaign_id: CampaignId) -> tuple[Campaign, Counts]:
        """Return it with its counts. Raises NotFound, TookTooLong."""
        caller.require(Action.MANAGE_CAMPAIGNS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            campaign = await uow.campaigns.peek(campaign_id)
            if campaign.has_begun and await uow.campaigns.only_one(campaign_id, "count"):
                counts = await uow.campaigns.follow(campaign, SHOWN_WITHIN_S)
            else:
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
    ) -> Part[Recipient]:
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

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Count those that are due, for a turn; return whether more are. Safe in many processes at once."""
        async with self.storage.tenant(tenant_id) as uow:
            due = await uow.campaigns.to_count(AT_ONCE)
        until = time.monotonic() + TURN_S
        for number, campaign_id in enumerate(due, start=1):
            await self._count(tenant_id, campaign_id)
            if time.monotonic() >= until:
                return number < len(due)
        return False

    async def _count(self, tenant_id: TenantId, campaign_id: CampaignId) -> None:
        try:
            await self._follow(tenant_id, campaign_id)
        except TookTooLong:
            log.warning("campaigns.not_counted", extra={"campaign_id": str(campaign_id)})
            async with self.storage.tenant(tenant_id) as uow:
                await uow.campaigns.look_again(campaign_id, self.clock() + PUT_OFF)
                await uow.commit()

    async def _follow(self, tenant_id: TenantId, campaign_id: CampaignId) -> None:
        async with self.storage.tenant(tenant_id) as uow:
            if not await uow.campaigns.only_one(campaign_id, "count"):
                return
            try:
                campaign = await uow.campaigns.peek(campaign_id)
            except NotFound:
                return
            began = time.monotonic()
            await uow.campaigns.follow(campaign, COUNTED_WITHIN_S)
            took = timedelta(seconds=time.monotonic() - began)
            await uow.campaigns.look_again(campaign_id, next_count(campaign, self.clock(), took))
            await uow.commit()
