"""Which conversations a list shows, in which order; the views of the inbox as filters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from whatsapp_hub.domain.conversations.conversation import LIVE, ConversationStatus, Priority
from whatsapp_hub.domain.ids import DepartmentId, SessionId, UserId


class Order(StrEnum):
    """Order of a list. All but NEWEST are of live conversations only."""

    NEWEST = "newest"
    """The most recently changed first."""
    WAITING = "waiting"
    """Whose customer waits longest first: for an answer, or for somebody to take it; then those that wait for
    nothing."""
    DUE = "due"
    """Whose next target is due first; then those without one."""
    PRIORITY = "priority"
    """The most urgent first, of these the most recently changed."""


class Window(StrEnum):
    """State of WhatsApp's window for free text: `closed` is over, `closing` will be within two hours, `open` is
    neither, or there is none."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class InboxView(StrEnum):
    """A view of the inbox, for one reader."""

    MINE = "mine"
    WAITING = "waiting"
    UNASSIGNED = "unassigned"
    DEPARTMENT = "department"
    BOT = "bot"
    ALL = "all"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Filter of conversations; None, or no status: any. `search` matches the customer's name or digits, case and
    accents ignored; `breached`: those that missed a deadline; `waiting`: those whose customer waits for an answer;
    `bot`: whether the session's bot answers; `snoozed`: whether they are out of sight now."""

    statuses: frozenset[ConversationStatus] = field(default_factory=frozenset)
    department_id: DepartmentId | None = None
    assigned_user_id: UserId | None = None
    session_id: SessionId | None = None
    search: str | None = None
    breached: bool = False
    unassigned: bool = False
    unread: bool = False
    waiting: bool = False
    label: str | None = None
    priority: Priority | None = None
    bot: bool | None = None
    snoozed: bool | None = None
    window: Window | None = None
    order: Order = Order.NEWEST


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the inbox; an API key is no user."""

    user_id: UserId | None
    department_id: DepartmentId | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conversations each live view has; `is_complete` false: there are more than were counted."""

    views: Mapping[InboxView, int]
    is_complete: bool


COUNTED: tuple[InboxView, ...] = tuple(view for view in InboxView if view is not InboxView.RESOLVED)
"""Live ones: of the others there may be millions."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is in a view: of these statuses, the reader's own, the reader's department's, and what else is asked."""

    statuses: frozenset[ConversationStatus] = LIVE
    own: bool = False
    department: bool = False
    more: Mapping[str, bool] = field(default_factory=dict)


_RULES: Mapping[InboxView, _Rule] = {
    InboxView.MINE: _Rule(own=True, more={"snoozed": False}),
    InboxView.WAITING: _Rule(own=True, more={"snoozed": False, "unread": True}),
    InboxView.UNASSIGNED: _Rule(frozenset({ConversationStatus.OPEN}), more={"bot": False}),
    InboxView.DEPARTMENT: _Rule(department=True),
    InboxView.BOT: _Rule(more={"bot": True}),
    InboxView.ALL: _Rule(),
    InboxView.SNOOZED: _Rule(more={"snoozed": True}),
    InboxView.RESOLVED: _Rule(frozenset(ConversationStatus) - LIVE),
}
_UNSET = ConversationFilter()


def viewed(view: InboxView, reader: Reader, wanted: ConversationFilter) -> ConversationFilter | None:
    """Narrow a filter to a view; None: the view has nothing for this reader, or nothing that passes the filter."""
    rule = _RULES[view]
    asked: dict[str, object] = dict(rule.more)
    asked |= {"assigned_user_id": reader.user_id} if rule.own else {}
    asked |= {"department_id": reader.department_id} if rule.department else {}
    both = rule.statuses & wanted.statuses if wanted.statuses else rule.statuses
    if not both or None in asked.values():
        return None
    if any(getattr(wanted, name) not in (getattr(_UNSET, name), value) for name, value in asked.items()):
        return None
    return replace(wanted, statuses=both, **asked)  # type: ignore[arg-type] # the fields' own types
