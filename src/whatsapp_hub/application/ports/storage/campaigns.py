"""Campaigns and their recipients, in a company's unit of work (`unit_of_work.py`).

Locks: contacts and conversations come before a campaign, lanes after it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState, Taken
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId


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
    ) -> list[tuple[Campaign, Counts]]:
        """Return the newest, with what was counted last; of these statuses (none: of all)."""
        ...

    async def running_on(self, session_id: SessionId) -> list[Campaign]:
        """Return those that run over a session, locked, by id."""
        ...

    async def active(self) -> list[Campaign]:
        """Return those that run, and those that are to start by now; the one that began first comes first. Unlocked."""
        ...

    async def to_count(self, limit: int) -> list[Campaign]:
        """Return those that are to be counted by now, unlocked."""
        ...

    async def look_again(self, campaign_id: CampaignId, count_at: datetime | None) -> None:
        """Set when it is counted next; None: never."""
        ...

    # Its audience

    async def matching(self, audience: Audience) -> AudienceCount:
        """Count whom an audience holds now."""
        ...

    async def unknown(self, contacts: Collection[ContactId]) -> set[ContactId]:
        """Return which of these are no contacts."""
        ...

    async def enlist(self, campaign: Campaign) -> int:
        """Add everyone whom its audience holds now as a waiting recipient, except who is one already; return how many
        recipients it has."""
        ...

    # Its recipients

    async def only_one(self, campaign_id: CampaignId, work: str) -> bool:
        """Claim a kind of work on it for this transaction; False if another transaction does it."""
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

    async def follow(self, campaign: Campaign) -> None:
        """Bring its recipients up to date with their messages: states, failures, answers, charges."""
        ...

    async def count(self, campaign_id: CampaignId) -> Counts:
        """Count its recipients, and keep the result for lists."""
        ...

    async def recipients(
        self, campaign_id: CampaignId, limit: int, after: ContactId | None, state: RecipientState | None
    ) -> list[Recipient]:
        """Return recipients behind one, by contact."""
        ...

    # What the number may do

    async def daily_limit(self, session_id: SessionId) -> int | None:
        """Return how many people a day WhatsApp lets the number write to first; None: unknown, or unlimited."""
        ...

    async def limit_daily(self, session_id: SessionId, people: int | None) -> None:
        """Keep what WhatsApp reported of that."""
        ...
