"""FillCampaigns: put campaigns' messages into the lanes, a second's worth at a time.

A recipient's row changes in the transaction that stores its message: after a crash at any point it is either both or
neither, and nobody is written to twice. Before that the contact is locked and its row looked at again, so that a merge,
an erasure or another worker cannot come in between.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from whatsapp_hub.application.campaigns.settle_recipients import settle
from whatsapp_hub.application.campaigns.write_to_recipient import WriteToRecipient
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.campaigns import Active
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause
from whatsapp_hub.domain.campaigns.pace import left_today, room
from whatsapp_hub.domain.campaigns.recipient import Skip, Taken
from whatsapp_hub.domain.errors import Contention, NotFound, Unavailable
from whatsapp_hub.domain.ids import CampaignId, ContactId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.session import Session
from whatsapp_hub.domain.templates.template import MessageTemplate

log = logging.getLogger(__name__)

AT_ONCE = 50
TURN_S = 1.0
"""Other companies' campaigns wait for a company's turn; a process that takes ten minutes for one is ended."""
AGAIN_S = 30.0
"""How long one that cannot be filled is left alone."""
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FillCampaigns:
    """Safe to run in many processes at once: one of them fills a campaign."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId
    open_round: OpenRound
    pacing: Mapping[str, Pacing]
    _had: dict[TenantId, CampaignId] = field(default_factory=dict, init=False, repr=False)
    _failed: dict[CampaignId, float] = field(default_factory=dict, init=False, repr=False)

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Start what is to start by now and fill what runs, one after the other, for a turn; return whether there is
        more to do at once. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            active = self._in_turn(tenant_id, await uow.campaigns.active())
        sharing = Counter(one.session_id for one in active)
        until, more = time.monotonic() + TURN_S, False
        for number, one in enumerate(active, start=1):
            more |= await self._try(tenant_id, one, sharing[one.session_id])
            self._had[tenant_id] = one.id
            if number < len(active) and time.monotonic() >= until:
                return True
        return more

    def _in_turn(self, tenant_id: TenantId, active: list[Active]) -> list[Active]:
        """Return them so that those whom the last turn did not reach come first, without those that failed lately."""
        ids = [one.id for one in active]
        had = self._had.get(tenant_id)
        first = ids.index(had) + 1 if had in ids else 0
        now = time.monotonic()
        return [one for one in active[first:] + active[:first] if self._failed.get(one.id, now) <= now]

    async def _try(self, tenant_id: TenantId, one: Active, sharing: int) -> bool:
        """Fill one; what stops it stops no other."""
        try:
            more = await self._fill(tenant_id, one, sharing)
        except Contention:
            return False
        except Unavailable:
            raise
        except Exception:
            log.exception("campaigns.not_filled", extra={"campaign_id": str(one.id)})
            self._failed[one.id] = time.monotonic() + AGAIN_S
            return False
        self._failed.pop(one.id, None)
        return more

    async def _fill(self, tenant_id: TenantId, one: Active, sharing: int) -> bool:
        async with self.storage.tenant(tenant_id) as uow:
            campaign = await _claimed(uow, one)
            if campaign is None:
                return False
            if campaign.status is CampaignStatus.SCHEDULED or campaign.enlisted_to is not None:
                return await self._settle(uow, one.id)
            session = (await uow.sessions.peek([campaign.session_id])).get(campaign.session_id)
            if session is None:
                return await self._end(uow, one.id)
            template, trouble = await self._template(uow, session, campaign)
            if trouble:
                return await self._end(uow, one.id, *trouble)
            fits = await self._room(uow, session, campaign, sharing)
            wanted = await uow.campaigns.waiting(one.id, max(1, min(fits, AT_ONCE)))
            if not wanted:
                return await self._complete(uow, one.id)
            if fits <= 0:
                return False
            await self._write(uow, session, campaign, template, wanted)
            await uow.commit()
        return len(wanted) == AT_ONCE and fits > AT_ONCE

    async def _settle(self, uow: UnitOfWork, campaign_id: CampaignId) -> bool:
        """Begin what is to begin, and settle who receives it, a step further."""
        campaign = await uow.campaigns.get(campaign_id)
        if campaign.status is CampaignStatus.SCHEDULED:
            campaign.start(self.clock())
        if campaign.status is not CampaignStatus.RUNNING:
            return False
        await settle(uow, campaign, self.clock())
        await uow.commit()
        return True

    async def _template(
        self, uow: UnitOfWork, session: Session, campaign: Campaign
    ) -> tuple[MessageTemplate | None, tuple[Pause, str] | None]:
        """Return the template as the catalogue has it (None: there is no catalogue), or why it cannot be sent."""
        plugin = self.providers.plugins.get(session.provider)
        if plugin is None or Feature.TEMPLATES not in plugin.capabilities.features:
            return None, (Pause.NO_TEMPLATES, session.provider)
        if not await uow.templates.is_known(session.id):
            return None, None
        wording = campaign.wording
        named = await uow.templates.named(session.id, wording.name)
        found = next((one for one in named if one.language == wording.language), None)
        if found is None or found.is_refused:
            return None, (Pause.TEMPLATE_PAUSED, found.status if found else "DELETED")
        return found, None

    async def _room(self, uow: UnitOfWork, session: Session, campaign: Campaign, sharing: int) -> int:
        """Return how many messages the number takes now from this campaign, one of several that share it."""
        if not session.may_send:
            return 0
        pacing = self.pacing.get(session.provider)
        rate = pacing.session if pacing else None
        ahead = room(rate, 0)
        fits = room(rate, await uow.lanes.waiting(session.id, ahead))
        share = -(-fits // sharing)
        limit = await uow.campaigns.daily_limit(session.id)
        if share == 0 or (limit is None and campaign.daily_limit is None):
            return share
        by_number, by_campaign = await uow.campaigns.written_since(self.clock() - DAY, session.id, campaign.id)
        left = left_today(limit, campaign.daily_limit, by_number, by_campaign)
        return share if left is None else min(share, left)

    async def _write(
        self,
        uow: UnitOfWork,
        session: Session,
        campaign: Campaign,
        template: MessageTemplate | None,
        wanted: Sequence[ContactId],
    ) -> None:
        """Write to these in this transaction, or say why not."""
        contacts = await _locked(uow, wanted)
        rounds = await uow.conversations.latest([(session.id, id) for id in contacts])
        held = await uow.campaigns.hold(campaign.id, wanted)
        changes = Changes(uow, self.new_id, self.clock())
        write = WriteToRecipient(self.providers, self.open_round, changes, session, campaign, template)
        taken = [
            await write(contacts[id], rounds.get((session.id, id))) if id in contacts else Taken(id, skip=Skip.GONE)
            for id in wanted
            if id in held
        ]
        await uow.campaigns.take(campaign.id, taken)
        await changes.write()

    async def _complete(self, uow: UnitOfWork, campaign_id: CampaignId) -> bool:
        campaign = await uow.campaigns.get(campaign_id)
        if campaign.status is CampaignStatus.RUNNING and not await uow.campaigns.waiting(campaign_id, 1):
            campaign.complete(self.clock())
            await uow.campaigns.save(campaign, self.clock())
            await uow.commit()
        return False

    async def _end(self, uow: UnitOfWork, campaign_id: CampaignId, why: Pause | None = None, detail: str = "") -> bool:
        """Pause it, or (its session was deleted) cancel it."""
        campaign = await uow.campaigns.get(campaign_id)
        if campaign.status is CampaignStatus.RUNNING:
            if why:
                campaign.halt(why, self.clock(), detail)
            else:
                campaign.cancel(self.clock())
            await uow.campaigns.save(campaign)
            await uow.commit()
        return False


async def _claimed(uow: UnitOfWork, one: Active) -> Campaign | None:
    """Return a campaign that this transaction alone works on, if it is still to be; one at a time of a number, since
    they share its daily limit."""
    if not await uow.campaigns.only_one(one.session_id, "fill"):
        return None
    try:
        campaign = await uow.campaigns.peek(one.id)
    except NotFound:
        return None
    return campaign if campaign.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED) else None


async def _locked(uow: UnitOfWork, wanted: Sequence[ContactId]) -> dict[ContactId, Contact]:
    """Lock contacts in the order of their ids; those that are there no more are left out."""
    found: dict[ContactId, Contact] = {}
    for contact_id in sorted(wanted):
        try:
            found[contact_id] = await uow.contacts.get(contact_id)
        except NotFound:
            continue
    return found
