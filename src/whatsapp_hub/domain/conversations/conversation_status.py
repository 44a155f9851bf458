"""States and priorities of a conversation."""

from enum import IntEnum, StrEnum


class ConversationStatus(StrEnum):
    """Who acts next: the queue or the bot (OPEN), one agent (ASSIGNED), nobody (RESOLVED, ARCHIVED)."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    RESOLVED = "RESOLVED"
    ARCHIVED = "ARCHIVED"


class Priority(IntEnum):
    """Higher ones leave the queue first."""

    LOW = -1
    NORMAL = 0
    HIGH = 1
    URGENT = 2


class FlowState(StrEnum):
    """Where a conversation stands in the menu bot's flow."""

    GREETING = "GREETING"
    DEPARTMENT_SELECTED = "DEPARTMENT_SELECTED"
    ASSIGNED = "ASSIGNED"
    AWAITING_ROUTING_CONFIRMATION = "AWAITING_ROUTING_CONFIRMATION"
    TIMEOUT_REDIRECT = "TIMEOUT_REDIRECT"
    RESOLVED = "RESOLVED"


LIVE = frozenset({ConversationStatus.OPEN, ConversationStatus.ASSIGNED})
