"""States and priorities of a conversation."""

from datetime import datetime
from enum import IntEnum, StrEnum

from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.ids import DepartmentId


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


class WaitState:
    """The part of a conversation that says whether a person, a queue, the menu or a bot has it, and whether its
    customer waits."""

    __slots__ = ()

    status: ConversationStatus
    department_id: DepartmentId | None
    timeout_at: datetime | None
    told_timeout: datetime | None
    told_at: datetime | None
    waiting_since: datetime | None
    snoozed_until: datetime | None
    last_message_at: datetime | None
    updated_at: datetime
    dialogue: Dialogue
    bot_part: BotPart

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_queued(self) -> bool:
        """Whether it waits in a department's queue for a free agent."""
        return self.status is ConversationStatus.OPEN and self.department_id is not None

    @property
    def has_unreported_timeout(self) -> bool:
        """Whether supervisors were not yet notified of the time-out that has passed."""
        return self.told_timeout != self.timeout_at

    @property
    def starts_waiting(self) -> bool:
        """Whether the customer's next message starts the time in which its agent, or its session's bot, should
        answer."""
        return self.timeout_at is None and (self.status is ConversationStatus.ASSIGNED or self.is_unplaced)

    @property
    def waits_unseen(self) -> bool:
        """Whether its customer waits without a time-out, and supervisors were not notified of that wait."""
        if not self.is_live or self.waiting_since is None or self.timeout_at is not None:
            return False
        return self.told_at is None or self.told_at < self.waiting_since

    @property
    def is_unplaced(self) -> bool:
        """Whether it is of a bot's session and in no department: the bot has it, or it is unassigned."""
        is_bots = self.bot_part is not BotPart.NONE
        return is_bots and self.status is ConversationStatus.OPEN and self.department_id is None

    @property
    def is_unrouted(self) -> bool:
        """Whether neither a person nor a queue has it: at most the menu or a bot."""
        return self.status is ConversationStatus.OPEN and not self.dialogue.silenced and not self.is_with_people

    @property
    def is_with_people(self) -> bool:
        """Whether a person or a department's queue has it, or the bot handed it over."""
        has_left = self.bot_part is BotPart.HANDED_OVER
        return has_left or self.is_queued or self.status is ConversationStatus.ASSIGNED

    def is_quiet(self, since: datetime) -> bool:
        """Whether nothing was said or changed since then, the company had the last word, and it is not snoozed."""
        if not self.is_live or self.waiting_since or self.snoozed_until or self.last_message_at is None:
            return False
        return self.last_message_at <= since and self.updated_at <= since
