"""Campaigns and their recipients."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.tables.entities import CONTACTS, MESSAGES
from whatsapp_hub.adapters.memory.tables.lanes import PACES
from whatsapp_hub.adapters.memory.tables.receipts import CHARGES
from whatsapp_hub.application.ports.storage.campaigns import Active
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.recipient import (
    OPEN,
    Counts,
    Recipient,
    RecipientState,
    Taken,
    furthest,
    state_of,
)
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Direction, Message
from whatsapp_hub.domain.text import fold


@dataclass(frozen=True, slots=True)
class Stored:
    """A campaign, when it is counted next, and what was counted last."""

    campaign: Campaign
    count_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)


CAMPAIGNS: Table[CampaignId, Stored] = Table("campaigns")
RECIPIENTS: Table[tuple[CampaignId, ContactId], Recipient] = Table("campaign_recipients")
LIMITS: Table[SessionId, int] = Table("daily_limits")
_ACTIVE = (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)
_ANSWERABLE = (RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)


def is_active(campaign: Campaign, now: datetime) -> bool:
    """Whether it runs, or is to start by now."""
    is_due = campaign.starts_at is not None and campaign.starts_at <= now
    return campaign.status is CampaignStatus.RUNNING or (campaign.status is CampaignStatus.SCHEDULED and is_due)


def is_to_count(stored: Stored, now: datetime) -> bool:
    """Whether its count is due."""
    return stored.count_at is not None and stored.count_at <= now


class MemoryCampaigns:
    """Implements `Campaigns`."""

    def __init__(self, rows: Rows, events: list[Event]) -> None:
        self._rows = rows
        self._events = events

    async def add(self, campaign: Campaign) -> None:
        await self._put(campaign, None)
        await self._enlist(campaign, self._named(campaign.audience) if campaign.audience.size else [])

    async def save(self, campaign: Campaign, count_at: datetime | None = None) -> None:
        await self._put(campaign, count_at)

    async def _put(self, campaign: Campaign, count_at: datetime | None) -> None:
        self._events += campaign.take_events()
        had = self._rows.peek(CAMPAIGNS, campaign.id) or Stored(campaign)
        whom = replace(campaign.audience, contact_ids=(), named=campaign.audience.size)
        kept = replace(campaign, audience=whom, _events=[])
        await self._rows.put(CAMPAIGNS, campaign.id, replace(had, campaign=kept, count_at=count_at or had.count_at))

    async def delete(self, campaign: Campaign) -> None:
        self._events += campaign.take_events()
        await self._rows.drop(CAMPAIGNS, campaign.id)
        gone = self._of(campaign.id)
        for one in gone:
            await self._rows.drop(RECIPIENTS, (campaign.id, one.contact_id))

    async def get(self, campaign_id: CampaignId) -> Campaign:
        await self._rows.lock(CAMPAIGNS, campaign_id)
        return await self.peek(campaign_id)

    async def peek(self, campaign_id: CampaignId) -> Campaign:
        if (found := self._rows.peek(CAMPAIGNS, campaign_id)) is None:
            raise NotFound("campaign", campaign_id)
        return copied(found.campaign)

    async def page(
        self, limit: int, before: CampaignId | None, statuses: Collection[CampaignStatus]
    ) -> Part[tuple[Campaign, Counts]]:
        wanted = (s for s in self._rows.each(CAMPAIGNS) if not statuses or s.campaign.status in statuses)
        behind = (s for s in wanted if before is None or s.campaign.id < before)
        newest = sorted(behind, key=lambda s: s.campaign.id, reverse=True)
        return Part.of(((copied(s.campaign), s.counts) for s in newest), limit)

    async def running_on(self, session_id: SessionId) -> list[Campaign]:
        found = (s.campaign for s in self._rows.each(CAMPAIGNS) if s.campaign.session_id == session_id)
        ids = sorted(c.id for c in found if c.status is CampaignStatus.RUNNING)
        return [c for id in ids if (c := await self.get(id)).status is CampaignStatus.RUNNING]

    async def active(self) -> list[Active]:
        found = [s.campaign for s in self._rows.each(CAMPAIGNS) if is_active(s.campaign, self._rows.now)]
        ordered = sorted(found, key=lambda c: (c.started_at or c.starts_at or c.created_at, c.id))
        return [Active(c.id, c.session_id) for c in ordered]

    async def count_active(self) -> int:
        await self._rows.lock_name("campaigns", "active")
        return sum(s.campaign.status in _ACTIVE for s in self._rows.each(CAMPAIGNS))

    async def to_count(self, limit: int) -> list[CampaignId]:
        due = [s for s in self._rows.each(CAMPAIGNS) if is_to_count(s, self._rows.now)]
        return [s.campaign.id for s in sorted(due, key=lambda s: s.count_at or s.campaign.created_at)[:limit]]

    async def look_again(self, campaign_id: CampaignId, count_at: datetime | None) -> None:
        if stored := await self._rows.get(CAMPAIGNS, campaign_id):
            await self._rows.put(CAMPAIGNS, campaign_id, replace(stored, count_at=count_at))

    async def matching(self, audience: Audience) -> AudienceCount:
        everybody = (c for c in self._rows.each(CONTACTS) if _carries(audience, c))
        found = self._named(audience) if audience.size else list(everybody)
        people = [c for c in found if not c.is_group]
        blocked = [c for c in people if c.card.blocked_at]
        opted_out = [c for c in people if c.card.opted_out and not c.card.blocked_at]
        return AudienceCount(len(found), len(opted_out), len(blocked), len(found) - len(people))

    def _named(self, audience: Audience) -> list[Contact]:
        return [c for id in audience.contact_ids if (c := self._rows.peek(CONTACTS, id))]

    async def unknown(self, contacts: Collection[ContactId]) -> set[ContactId]:
        return {id for id in contacts if self._rows.peek(CONTACTS, id) is None}

    async def enlist(self, campaign: Campaign, after: ContactId, most: int) -> ContactId | None:
        behind = sorted((c for c in self._rows.each(CONTACTS) if c.id > after), key=lambda c: c.id)[:most]
        await self._enlist(campaign, [c for c in behind if _carries(campaign.audience, c)])
        return behind[-1].id if len(behind) == most else None

    async def _enlist(self, campaign: Campaign, contacts: Sequence[Contact]) -> None:
        for contact in contacts:
            key = (campaign.id, contact.id)
            if self._rows.peek(RECIPIENTS, key) is None:
                await self._rows.put(RECIPIENTS, key, Recipient(*key))

    def _of(self, campaign_id: CampaignId) -> list[Recipient]:
        found = (r for r in self._rows.each(RECIPIENTS) if r.campaign_id == campaign_id)
        return sorted(found, key=lambda r: r.contact_id)

    async def only_one(self, of: CampaignId | SessionId, work: str) -> bool:
        return self._rows.try_lock_name("campaign", of, work)

    async def waiting(self, campaign_id: CampaignId, limit: int) -> list[ContactId]:
        found = (r.contact_id for r in self._of(campaign_id) if r.state is RecipientState.WAITING)
        return list(found)[:limit]

    async def hold(self, campaign_id: CampaignId, contacts: Collection[ContactId]) -> set[ContactId]:
        stored = await self._rows.get(CAMPAIGNS, campaign_id)
        if stored is None or stored.campaign.status is not CampaignStatus.RUNNING:
            return set()
        held = set()
        for contact_id in sorted(contacts):
            found = await self._rows.get(RECIPIENTS, (campaign_id, contact_id))
            if found and found.state is RecipientState.WAITING:
                held.add(contact_id)
        return held

    async def take(self, campaign_id: CampaignId, taken: Sequence[Taken]) -> None:
        for one in taken:
            key = (campaign_id, one.contact_id)
            found = await self._rows.get(RECIPIENTS, key)
            if found is None or found.state is not RecipientState.WAITING:
                continue
            if one.message_id:
                now = replace(found, state=RecipientState.QUEUED, message_id=one.message_id, queued_at=self._rows.now)
            else:
                now = replace(found, state=RecipientState.SKIPPED, reason=one.skip, detail=one.detail)
            await self._rows.put(RECIPIENTS, key, now)

    async def written_since(self, since: datetime, session_id: SessionId, campaign_id: CampaignId) -> tuple[int, int]:
        ours = {s.campaign.id for s in self._rows.each(CAMPAIGNS) if s.campaign.session_id == session_id}
        written = [r for r in self._rows.each(RECIPIENTS) if r.queued_at and r.queued_at > since]
        over = [r for r in written if r.campaign_id in ours]
        return len(over), len([r for r in over if r.campaign_id == campaign_id])

    async def wrote_to(self, session_id: SessionId, contact_id: ContactId) -> bool:
        ours = {s.campaign.id for s in self._rows.each(CAMPAIGNS) if s.campaign.session_id == session_id}
        theirs = (r for r in self._rows.each(RECIPIENTS) if r.contact_id == contact_id and r.queued_at)
        return any(r.campaign_id in ours for r in theirs)

    async def follow(self, campaign: Campaign, within_s: float) -> Counts:
        for one in self._of(campaign.id):
            message = self._rows.peek(MESSAGES, one.message_id) if one.message_id else None
            if message and (now := self._followed(one, message)) != one:
                await self._rows.put(RECIPIENTS, (one.campaign_id, one.contact_id), now)
        return await self.count(campaign.id)

    def _followed(self, one: Recipient, message: Message) -> Recipient:
        if one.state in OPEN:
            state = state_of(message)
            code = message.error.code if message.error and state is RecipientState.FAILED else None
            one = replace(one, state=state, reason=code)
        if one.answered_at is None and one.state in _ANSWERABLE:
            one = replace(one, answered_at=self._answer(one, message))
        key = (message.session_id, message.whatsapp_message_id or "")
        if one.is_billable is None and (charge := self._rows.peek(CHARGES, key)):
            one = replace(one, is_billable=charge.is_billable)
        return one

    def _answer(self, one: Recipient, message: Message) -> datetime | None:
        wrote = (
            m.created_at
            for m in self._rows.each(MESSAGES)
            if m.contact_id == one.contact_id and m.session_id == message.session_id
            if m.direction is Direction.INBOUND and m.target is None and one.queued_at and m.created_at > one.queued_at
        )
        return min(wrote, default=None)

    async def count(self, campaign_id: CampaignId) -> Counts:
        theirs = self._of(campaign_id)
        told = (r.reason for r in theirs if r.state in (RecipientState.FAILED, RecipientState.SKIPPED))
        charges = Counter(r.is_billable for r in theirs)
        counts = Counts(
            dict(Counter(r.state for r in theirs)),
            dict(Counter(reason for reason in told if reason)),
            len([r for r in theirs if r.answered_at]),
            charges[True],
            charges[False],
        )
        if stored := await self._rows.get(CAMPAIGNS, campaign_id):
            await self._rows.put(CAMPAIGNS, campaign_id, replace(stored, counts=counts))
        return counts

    async def recipients(
        self, campaign_id: CampaignId, limit: int, after: ContactId | None, state: RecipientState | None
    ) -> Part[Recipient]:
        behind = (r for r in self._of(campaign_id) if after is None or r.contact_id > after)
        return Part.of((r for r in behind if state in (None, r.state)), limit)

    async def daily_limit(self, session_id: SessionId) -> int | None:
        return self._rows.peek(LIMITS, session_id)

    async def limit_daily(self, session_id: SessionId, people: int | None) -> None:
        if people is None:
            await self._rows.drop(LIMITS, session_id)
        elif self._rows.peek(PACES, session_id):
            await self._rows.put(LIMITS, session_id, people)


def _carries(audience: Audience, contact: Contact) -> bool:
    labels, fields = {fold(label) for label in audience.labels}, dict(audience.fields).items()
    has_fields = fields <= dict(contact.card.fields).items()
    return not contact.is_group and has_fields and labels <= {fold(label) for label in contact.card.labels}


async def merge_recipients(rows: Rows, kept: ContactId, other: ContactId) -> None:
    """Give one contact the other's places in campaigns; where both have one, the further stays."""
    for theirs in [r for r in rows.each(RECIPIENTS) if r.contact_id == other]:
        key = (theirs.campaign_id, kept)
        mine = await rows.get(RECIPIENTS, key)
        moved = replace(theirs, contact_id=kept)
        await rows.put(RECIPIENTS, key, furthest(mine, moved) if mine else moved)
        await rows.drop(RECIPIENTS, (theirs.campaign_id, other))
