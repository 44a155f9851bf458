"""A conversation: one round between a contact and a session, from the first message to its resolution."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.events import Event, EventType, Records
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    DepartmentId,
    SessionId,
    TenantId,
    UserId,
)

BOT_TEXTS_AN_HOUR = 10


class ConversationStatus(StrEnum):
    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    RESOLVED = "RESOLVED"
    ARCHIVED = "ARCHIVED"


class FlowState(StrEnum):
    GREETING = "GREETING"
    DEPARTMENT_SELECTED = "DEPARTMENT_SELECTED"
    ASSIGNED = "ASSIGNED"
    AWAITING_ROUTING_CONFIRMATION = "AWAITING_ROUTING_CONFIRMATION"
    TIMEOUT_REDIRECT = "TIMEOUT_REDIRECT"
    RESOLVED = "RESOLVED"


LIVE = frozenset({ConversationStatus.OPEN, ConversationStatus.ASSIGNED})


@dataclass(slots=True)
class Conversation(Records):
    """`chat` is the provider's address of the chat; `timeout_at` is when somebody has waited too long
    (a question, the menu, the queue or an unanswered message); `silenced` keeps the bot out of this round;
    `bot_texts` are the times of the last hour's bot texts in this chat."""

    id: ConversationId
    tenant_id: TenantId
    session_id: SessionId
    contact_id: ContactId
    chat: str
    created_at: datetime
    updated_at: datetime
    customer_phone: str | None = None
    customer_name: str | None = None
    status: ConversationStatus = ConversationStatus.OPEN
    flow_state: FlowState = FlowState.GREETING
    department_id: DepartmentId | None = None
    assigned_user_id: UserId | None = None
    timeout_at: datetime | None = None
    routed_at: datetime | None = None
    assigned_at: datetime | None = None
    greeting_sent_at: datetime | None = None
    resolved_at: datetime | None = None
    last_message_at: datetime | None = None
    last_department_id: DepartmentId | None = None
    last_attendant_id: UserId | None = None
    routing_reason: str | None = None
    unread_count: int = 0
    menu_tries: int = 0
    confirm_tries: int = 0
    silenced: bool = False
    bot_texts: tuple[datetime, ...] = ()
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def event(self, type: EventType, at: datetime, **detail: object) -> Event:
        """An event about this conversation as it is now."""
        copy = replace(self, _events=[])
        return Event(type, self.tenant_id, at, self.session_id, self.id, {"conversation": copy}, detail)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_queued(self) -> bool:
        """A department waits to have somebody free for it."""
        return self.status is ConversationStatus.OPEN and self.department_id is not None

    @property
    def starts_waiting(self) -> bool:
        """The next thing the customer writes starts the time in which its agent should answer."""
        return self.status is ConversationStatus.ASSIGNED and self.timeout_at is None

    def opened(self, at: datetime) -> None:
        self.record(self.event(EventType.CONVERSATION_OPENED, at))

    def continues(self, earlier: "Conversation") -> None:
        """Take over what the contact's last round is remembered for."""
        self.last_department_id = earlier.department_id or earlier.last_department_id
        self.last_attendant_id = earlier.assigned_user_id or earlier.last_attendant_id
        self.customer_name = earlier.customer_name or self.customer_name
        self.bot_texts = earlier.bot_texts

    def customer_wrote(self, at: datetime, response_timeout: timedelta | None) -> None:
        """The other side wrote; from the first unanswered message on, an assigned agent's time runs."""
        self.unread_count += 1
        self.last_message_at = self.updated_at = at
        if self.starts_waiting and response_timeout:
            self.timeout_at = at + response_timeout

    def person_wrote(self, at: datetime) -> None:
        """A person answered, in the hub or on the phone itself: what the customer wrote has been read."""
        self.last_message_at = self.updated_at = at
        self.unread_count = 0
        if self.status is ConversationStatus.ASSIGNED:
            self.timeout_at = None

    def program_wrote(self, at: datetime) -> None:
        """A program of the tenant's (an API key) answered: nobody of ours has read what the customer wrote."""
        self.last_message_at = self.updated_at = at

    def silence(self) -> None:
        """A person took over on the phone: no bot text in this round."""
        self.silenced = True
        if self.flow_state in (FlowState.GREETING, FlowState.AWAITING_ROUTING_CONFIRMATION):
            self.timeout_at = None

    def follow(self, state: FlowState, timeout_at: datetime | None, menu_tries: int, confirm_tries: int) -> None:
        """Take the flow's next state."""
        self.flow_state, self.timeout_at = state, timeout_at
        self.menu_tries, self.confirm_tries = menu_tries, confirm_tries

    def may_say(self, now: datetime) -> bool:
        recent = [at for at in self.bot_texts if now - at < timedelta(hours=1)]
        return not self.silenced and len(recent) < BOT_TEXTS_AN_HOUR

    def bot_said(self, at: datetime) -> None:
        self.bot_texts = (*(t for t in self.bot_texts if at - t < timedelta(hours=1)), at)
        self.last_message_at = self.updated_at = at

    def queue(self, department_id: DepartmentId, at: datetime, timeout: timedelta, reason: str) -> None:
        """Wait in the department's queue for somebody free."""
        self._require_live("queued")
        self.status, self.flow_state = ConversationStatus.OPEN, FlowState.DEPARTMENT_SELECTED
        self.department_id, self.assigned_user_id, self.assigned_at = department_id, None, None
        self.routed_at = self.updated_at = at
        self.timeout_at, self.routing_reason = at + timeout, reason
        self.record(self.event(EventType.CONVERSATION_QUEUED, at, reason=reason))

    def assign(
        self,
        user_id: UserId,
        department_id: DepartmentId | None,
        at: datetime,
        reason: str,
        answer_by: datetime | None = None,
    ) -> None:
        """Give it to exactly one person. `answer_by`: when the customer's unanswered message times out."""
        self._require_live("assigned")
        self.status, self.flow_state = ConversationStatus.ASSIGNED, FlowState.ASSIGNED
        self.assigned_user_id, self.department_id = user_id, department_id or self.department_id
        self.assigned_at = self.routed_at = self.updated_at = at
        self.timeout_at, self.routing_reason = answer_by, reason
        self.record(self.event(EventType.CONVERSATION_ASSIGNED, at, reason=reason))

    def resolve(self, at: datetime) -> None:
        """Close the round, remembering who and what it was."""
        self._require_live("resolved")
        self.last_department_id = self.department_id or self.last_department_id
        self.last_attendant_id = self.assigned_user_id or self.last_attendant_id
        self.status, self.flow_state = ConversationStatus.RESOLVED, FlowState.RESOLVED
        self.timeout_at, self.unread_count = None, 0
        self.resolved_at = self.updated_at = at
        self.record(self.event(EventType.CONVERSATION_RESOLVED, at))

    def archive(self, at: datetime, reason: str) -> None:
        """Close a round that gives way to another."""
        self._require_live("archived")
        self.status, self.flow_state = ConversationStatus.ARCHIVED, FlowState.RESOLVED
        self.timeout_at, self.routing_reason, self.updated_at = None, reason, at
        self.record(self.event(EventType.CONVERSATION_ARCHIVED, at, reason=reason))

    def outranks(self, other: "Conversation") -> bool:
        """Which of two live rounds of one person goes on: somebody's, then one in a queue, then a menu."""
        return self._rank > other._rank

    @property
    def _rank(self) -> int:
        return 2 if self.status is ConversationStatus.ASSIGNED else int(self.is_queued)

    def _require_live(self, what: str) -> None:
        if not self.is_live:
            raise Conflict("not_open", f"a {self.status} conversation cannot be {what}")
