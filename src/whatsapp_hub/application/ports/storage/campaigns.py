"""Campaigns and their recipients, in a company's unit of work (`unit_of_work.py`).

Locks: contacts and conversations come before a campaign, lanes after it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState, Taken
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId


class Active(NamedTuple):
    """A campaign that runs or is to start, and its session."""

    id: CampaignId
    session_id: SessionId


class Campaigns(Protocol):
    """A company's campaigns. Storing one takes its events. A contact is in a campaign once; where two contacts turn
    out to be one person, the recipient that came further stays."""

    async def add(self, campaign: Campaign) -> None:
        """Store a new one, with the recipients that its audience names one by one."""
        ...

    async def save(self, campaign: Campaign, count_at: datetime | None = None) -> None:
        """Store it as it is now. `count_at`: when it is to be counted next (None: as before)."""
        ...

    async def delete(self, campaign: Campaign) -> None:
        """Delete it with its recipients."""
        ...

    async def get(self, campaign_id: CampaignId) -> Campaign:
        """Return it, locked. Raises NotFound."""
        ...

    async def peek(self, campaign_id: CampaignId) -> Campaign:
        """Return it, unlocked. Raises NotFound."""
        ...

    async def page(
        self, limit: int, before: CampaignId | None, statuses: Collection[CampaignStatus]
    ) -> Part[tuple[Campaign, Counts]]:
        """Return the newest, with what was counted last; of these statuses (none: of all)."""
        ...

    async def running_on(self, session_id: SessionId) -> list[Campaign]:
        """Return those that run over a session, locked, by id."""
        ...

    async def active(self) -> list[Active]:
        """Return those that run, and those that are to start by now; the one that began first comes first. Unlocked."""
        ...

    async def count_active(self) -> int:
        """Count those that run and all that are to start, however late. Other transactions that ask wait until this one
        ends. Must come before any other lock."""
        ...

    async def to_count(self, limit: int) -> list[CampaignId]:
        """Return those that are to be counted by now, unlocked."""
        ...

    async def look_again(self, campaign_id: CampaignId, count_at: datetime | None) -> None:
        """Set when it is counted next; None: never."""
        ...

    # Its audience

    async def matching(self, audience: Audience) -> AudienceCount:
        """Count whom an audience holds now. A count that takes too long is given up: TookTooLong."""
        ...

    async def unknown(self, contacts: Collection[ContactId]) -> set[ContactId]:
        """Return which of these are no contacts."""
        ...

    async def enlist(self, campaign: Campaign, after: ContactId, most: int) -> ContactId | None:
        """Look at the company's next contacts behind this one, by id, and add those whom the filter holds now as
        waiting recipients, except who is one already; return the last that was looked at, None at the end of all.
        A list's are added with the campaign."""
        ...

    # Its recipients

    async def only_one(self, of: CampaignId | SessionId, work: str) -> bool:
        """Claim a kind of work on a campaign, or on all of a session, for this transaction; False if another
        transaction does it."""
        ...

    async def waiting(self, campaign_id: CampaignId, limit: int) -> list[ContactId]:
        """Return some waiting recipients, unlocked, by id."""
        ...

    async def hold(self, campaign_id: CampaignId, contacts: Collection[ContactId]) -> set[ContactId]:
        """Return which of these still wait, locked; none unless it runs, and it runs until this transaction ends. Call
        with the contacts locked."""
        ...

    async def take(self, campaign_id: CampaignId, taken: Sequence[Taken]) -> None:
        """Store what became of recipients that are held."""
        ...

    async def written_since(self, since: datetime, session_id: SessionId, campaign_id: CampaignId) -> tuple[int, int]:
        """Return how many messages campaigns wrote since then: over the session, and this one."""
        ...

    async def wrote_to(self, session_id: SessionId, contact_id: ContactId) -> bool:
        """Return whether a campaign of this session ever wrote to the contact."""
        ...

    async def follow(self, campaign: Campaign, within_s: float) -> Counts:
        """Bring its recipients up to date with their messages (states, failures, answers, charges), count them, and
        keep the result. A statement that takes longer than so many seconds is given up: TookTooLong."""
        ...

    async def count(self, campaign_id: CampaignId) -> Counts:
        """Count its recipients, and keep the result for lists."""
        ...

    async def recipients(
        self, campaign_id: CampaignId, limit: int, after: ContactId | None, state: RecipientState | None
    ) -> Part[Recipient]:
        """Return recipients behind one, by contact."""
        ...

    # What the number may do

    async def daily_limit(self, session_id: SessionId) -> int | None:
        """Return how many people a day WhatsApp lets the number write to first; None: unknown, or unlimited."""
        ...

    async def limit_daily(self, session_id: SessionId, people: int | None) -> None:
        """Keep what WhatsApp reported of that."""
        ...
