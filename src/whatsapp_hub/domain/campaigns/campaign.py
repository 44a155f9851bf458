"""A campaign: one template to many contacts, over one number, each of them once."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType, Records
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId, TenantId, UserId
from whatsapp_hub.domain.text import is_storable

NAME_LENGTH = 120
LONGEST_AHEAD = timedelta(days=366)
MOST_A_DAY = 1_000_000


class CampaignStatus(StrEnum):
    """DRAFT and SCHEDULED have written to nobody; nothing leaves COMPLETED and CANCELLED."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Pause(StrEnum):
    """Why a campaign is paused."""

    HAND = "hand"
    NUMBER_QUALITY = "number_quality"
    ACCOUNT_RESTRICTED = "account_restricted"
    SENDING_STOPPED = "sending_stopped"
    TEMPLATE_PAUSED = "template_paused"
    TEMPLATE_QUALITY = "template_quality"
    NO_TEMPLATES = "no_templates"


@dataclass(frozen=True, slots=True)
class Wording:
    """The template, and its parameters in Meta's form, with a contact's fields in braces (`filling`)."""

    name: str
    language: str
    components: tuple[object, ...] = ()


_BEFORE = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED})
_OVER = frozenset({CampaignStatus.COMPLETED, CampaignStatus.CANCELLED})
_FIRST = ContactId(UUID(int=0))


@dataclass(slots=True)
class Campaign(Records):
    """`starts_at`: when it begins by itself; `daily_limit`: people a day at most, besides what WhatsApp allows the
    number; `pause`: why it is paused, `pause_detail` in words; `enlisted_to`: while its recipients are being settled,
    the last contact that was looked at (by id, all of the company's), None before and after."""

    id: CampaignId
    tenant_id: TenantId
    session_id: SessionId
    name: str
    wording: Wording
    audience: Audience
    created_at: datetime
    status: CampaignStatus = CampaignStatus.DRAFT
    created_by: UserId | None = None
    daily_limit: int | None = None
    starts_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    pause: Pause | None = None
    pause_detail: str | None = None
    enlisted_to: ContactId | None = None
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def check(self) -> None:
        """Raise Invalid for a name or a limit that cannot be."""
        if not 1 <= len(self.name.strip()) <= NAME_LENGTH or not is_storable(self.name):
            raise Invalid.field("name", f"must have 1 to {NAME_LENGTH} characters, without NUL")
        if self.daily_limit is not None and not 1 <= self.daily_limit <= MOST_A_DAY:
            raise Invalid.field("daily_limit", f"must be 1 to {MOST_A_DAY}")

    @property
    def is_over(self) -> bool:
        return self.status in _OVER

    @property
    def has_begun(self) -> bool:
        """Whether its recipients are settled, or being settled."""
        return self.status not in _BEFORE

    def event(self, type: EventType, at: datetime, **detail: DetailValue) -> Event:
        """Make an event about this campaign as it is now."""
        copy = replace(self, _events=[])
        return Event(type, self.tenant_id, at, self.session_id, subjects={"campaign": copy}, detail=detail)

    def created(self, at: datetime) -> None:
        self.record(self.event(EventType.CAMPAIGN_CREATED, at))

    def schedule(self, starts_at: datetime, at: datetime) -> None:
        """Have it begin by itself at a time to come. Raises Invalid."""
        if not at < starts_at <= at + LONGEST_AHEAD:
            raise Invalid.field("start_at", "must be a time to come, within a year")
        self.starts_at, self.status = starts_at, CampaignStatus.SCHEDULED

    def start(self, at: datetime) -> None:
        """Begin: a filter's recipients are settled from now on, a list's were when it was made. Raises Conflict where
        it has begun already."""
        self._require(_BEFORE, "started")
        self.started_at = at
        self.enlisted_to = None if self.audience.size else _FIRST
        self._move(CampaignStatus.RUNNING, EventType.CAMPAIGN_STARTED, at)

    def halt(self, why: Pause, at: datetime, detail: str | None = None) -> None:
        """Pause it: what is in the lanes goes, nothing is added. Raises Conflict unless it runs."""
        self._require({CampaignStatus.RUNNING}, "paused")
        self.pause, self.pause_detail = why, detail
        said = {"reason": why.value, **({"detail": detail} if detail else {})}
        self._move(CampaignStatus.PAUSED, EventType.CAMPAIGN_PAUSED, at, **said)

    def resume(self, at: datetime) -> None:
        """Go on where it stopped. Raises Conflict unless it is paused."""
        self._require({CampaignStatus.PAUSED}, "resumed")
        self.pause = self.pause_detail = None
        self._move(CampaignStatus.RUNNING, EventType.CAMPAIGN_RESUMED, at)

    def cancel(self, at: datetime) -> None:
        """End it: those who wait get nothing. Raises Conflict where it is over."""
        self._require(frozenset(CampaignStatus) - _OVER, "cancelled")
        self.ended_at = at
        self._move(CampaignStatus.CANCELLED, EventType.CAMPAIGN_CANCELLED, at)

    def complete(self, at: datetime) -> None:
        """End it: nobody waits any more."""
        self._require({CampaignStatus.RUNNING}, "completed")
        self.ended_at = at
        self._move(CampaignStatus.COMPLETED, EventType.CAMPAIGN_COMPLETED, at)

    def delete(self, at: datetime) -> None:
        """Record that it is deleted, with its recipients. Raises Conflict while it runs or is paused."""
        self._require({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, *_OVER}, "deleted")
        self.record(self.event(EventType.CAMPAIGN_DELETED, at))

    def _move(self, status: CampaignStatus, type: EventType, at: datetime, **detail: DetailValue) -> None:
        self.status = status
        self.record(self.event(type, at, **detail))

    def _require(self, states: "frozenset[CampaignStatus] | set[CampaignStatus]", what: str) -> None:
        if self.status not in states:
            raise Conflict("wrong_state", f"a campaign that is {self.status} cannot be {what}")
