"""A conversation: one round between a contact and a session, from the first message to its resolution."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation_status import LIVE as LIVE
from whatsapp_hub.domain.conversations.conversation_status import ConversationStatus as ConversationStatus
from whatsapp_hub.domain.conversations.conversation_status import FlowState as FlowState
from whatsapp_hub.domain.conversations.conversation_status import Priority as Priority
from whatsapp_hub.domain.conversations.conversation_status import WaitState
from whatsapp_hub.domain.conversations.dialogue import DIALOGUE, Dialogue
from whatsapp_hub.domain.conversations.labels import added, checked
from whatsapp_hub.domain.conversations.rating import NOT_RATED, Rating
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.conversations.service_clock import SERVICE_CLOCK, ServiceClock
from whatsapp_hub.domain.conversations.visible import Visible, changed, visible
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType, Records
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.messaging.contact import NAME_LENGTH
from whatsapp_hub.domain.service.deadlines import Deadlines, ServiceTerms
from whatsapp_hub.domain.text import is_storable

LONGEST_SNOOZE = timedelta(days=365)


@dataclass(slots=True)
class Conversation(Records, WaitState):
    """`chat` is its address at the provider; `customer_name` is the name here, `profile_name` that on WhatsApp;
    `timeout_at` is when a wait times out (question, menu, queue, unanswered message), `told_timeout` the one of which
    supervisors were notified, `told_at` when they last were; `waiting_since` is the first unanswered message;
    `snoozed_until` is when it comes back into its agent's sight, unless the customer writes before; `bot_part` is that
    of the session's bot, a program of the tenant's (elsewhere `bot` is the hub's menu)."""

    id: ConversationId
    tenant_id: TenantId
    session_id: SessionId
    contact_id: ContactId
    chat: str
    created_at: datetime
    updated_at: datetime
    customer_phone: str | None = None
    customer_name: str | None = None
    profile_name: str | None = None
    status: ConversationStatus = ConversationStatus.OPEN
    flow_state: FlowState = FlowState.GREETING
    department_id: DepartmentId | None = None
    assigned_user_id: UserId | None = None
    timeout_at: datetime | None = None
    told_timeout: datetime | None = None
    told_at: datetime | None = None
    routed_at: datetime | None = None
    assigned_at: datetime | None = None
    greeting_sent_at: datetime | None = None
    resolved_at: datetime | None = None
    resolve_reason: str | None = None
    snoozed_until: datetime | None = None
    last_message_at: datetime | None = None
    last_department_id: DepartmentId | None = None
    last_attendant_id: UserId | None = None
    routing_reason: str | None = None
    waiting_since: datetime | None = None
    unread_count: int = 0
    window_closes_at: datetime | None = None
    thread_holder: str | None = None
    dialogue: Dialogue = DIALOGUE
    bot_part: BotPart = BotPart.NONE
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    clock: ServiceClock = SERVICE_CLOCK
    rating: Rating = NOT_RATED
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def event(self, type: EventType, at: datetime, **detail: DetailValue) -> Event:
        """Make an event about this conversation as it is now."""
        copy = replace(self, _events=[])
        return Event(type, self.tenant_id, at, self.session_id, self.id, {"conversation": copy}, detail)

    @property
    def targets(self) -> Deadlines:
        return self.clock.targets

    def opened(self, at: datetime) -> None:
        self.record(self.event(EventType.CONVERSATION_OPENED, at))

    @property
    def shown(self) -> Visible:
        """What people see now, to be compared by `updated`."""
        return visible(self)

    def updated(self, before: Visible, at: datetime) -> None:
        """Record that it looks different from `before`."""
        if names := changed(before, self.shown):
            self.record(self.event(EventType.CONVERSATION_UPDATED, at, changed=names))

    def scheduled(self, at: datetime) -> None:
        """Record that other messages wait to be sent in it than before."""
        self.record(self.event(EventType.CONVERSATION_UPDATED, at, changed=["scheduled"]))

    def read(self, at: datetime, user_id: UserId | None) -> bool:
        """Mark all as read, by a user or (None) a program; return whether anything was unread."""
        if not self.unread_count:
            return False
        self.unread_count = 0
        self.record(self.event(EventType.CONVERSATION_READ, at, user_id=user_id))
        return True

    def unread(self, at: datetime) -> None:
        """Mark it unread: somebody wants to come back to it."""
        self._require_live("marked unread")
        before = self.shown
        self.unread_count = self.unread_count or 1
        self.updated(before, at)

    def snooze(self, until: datetime | None, at: datetime) -> None:
        """Put it out of sight until then, or (None) back into sight. Raises Invalid, Conflict."""
        self._require_live("snoozed")
        if until is not None and not at < until <= at + LONGEST_SNOOZE:
            raise Invalid.field("until", f"must be within the next {LONGEST_SNOOZE.days} days")
        before = self.shown
        self.snoozed_until, self.updated_at = until, at
        self.updated(before, at)

    def wake(self, at: datetime) -> None:
        """Bring it back into sight: its snooze is over."""
        before = self.shown
        self.snoozed_until, self.updated_at = None, at
        self.updated(before, at)

    def continues(self, earlier: "Conversation") -> None:
        """Copy what is remembered from the contact's last round."""
        self.last_department_id = earlier.department_id or earlier.last_department_id
        self.last_attendant_id = earlier.assigned_user_id or earlier.last_attendant_id
        self.customer_name = earlier.customer_name or self.customer_name
        self.dialogue = replace(self.dialogue, texts=earlier.dialogue.texts)
        self.window_closes_at = self.window_closes_at or earlier.window_closes_at
        self.thread_holder = earlier.thread_holder

    def customer_wrote(self, at: datetime, response_timeout: timedelta | None) -> None:
        """Record a customer's message; the first unanswered one starts the assigned agent's, or the bot's, time."""
        if self.snoozed_until:
            self.wake(at)
        self.unread_count += 1
        self.waiting_since = self.waiting_since or at
        self.clock = self.clock.customer_wrote(at)
        self.last_message_at = self.updated_at = at
        if self.starts_waiting and response_timeout:
            self.timeout_at = at + response_timeout

    def person_wrote(self, at: datetime) -> None:
        """Record a person's answer, from the hub or the phone itself: it marks the customer's messages read."""
        self._breach(at)
        self.last_message_at = self.updated_at = at
        self.unread_count, self.waiting_since = 0, None
        self.clock = self.clock.person_wrote(at)
        self._leave_bot(at, because(RoutingCode.PERSON_ANSWERED, "a person answered"))
        if not self.is_queued and not self.dialogue.asks:
            self.timeout_at = None

    def set_wait(self, timeout_at: datetime, at: datetime, reason: str) -> None:
        """Set a time-out for people: its customer waits, though neither a person nor a queue has it."""
        before = self.shown
        self.timeout_at, self.dialogue, self.routing_reason = timeout_at, self.dialogue.closed(), reason
        self.updated(before, at)

    def clear_wait(self) -> None:
        """Clear the wait: what its customer wrote is history, and no queue takes it."""
        self.waiting_since = None

    def notified_supervisors(self, at: datetime) -> None:
        self.told_at = at

    def program_wrote(self, at: datetime) -> None:
        """Record an answer by an API key's program: no person has read the customer's messages."""
        self.last_message_at = self.updated_at = at
        if self.bot_part is BotPart.TALKING:
            self.timeout_at = None

    def start_bot(self) -> None:
        """Start the bot's turn in a bot's session, unless people have the round already."""
        if self.bot_part is BotPart.NONE:
            is_taken, self.dialogue = self.is_with_people or self.dialogue.silenced, self.dialogue.closed()
            self.bot_part = BotPart.HANDED_OVER if is_taken else BotPart.TALKING

    def hand_over(self, at: datetime, reason: str, **detail: DetailValue) -> None:
        """End the bot's turn. The caller must route the conversation to people."""
        self._require_live("handed over")
        self._leave_bot(at, reason, **detail)
        dialogue = self.dialogue.closed()
        self.timeout_at, self.dialogue, self.routing_reason, self.updated_at = None, dialogue, reason, at

    def _leave_bot(self, at: datetime, reason: str, **detail: DetailValue) -> None:
        """End the bot's turn in this round, if it has it."""
        if self.bot_part is BotPart.TALKING:
            self.bot_part, self.routing_reason = BotPart.HANDED_OVER, reason
            self.clock = self.clock.resumed(self.created_at, at, is_live=self.is_live)
            self.record(self.event(EventType.CONVERSATION_HANDED_OVER, at, reason=reason, **detail))

    def silence(self) -> None:
        """Suppress bot texts in this round: a person took over on the phone."""
        self.dialogue = self.dialogue.ended()
        if self.flow_state in (FlowState.GREETING, FlowState.AWAITING_ROUTING_CONFIRMATION):
            self.timeout_at, self.dialogue = None, self.dialogue.closed()

    def follow(
        self, state: FlowState, timeout_at: datetime | None, menu_tries: int, confirm_tries: int, at: datetime
    ) -> None:
        """Move to the flow's next state; a time-out belongs to the question that it asks."""
        before, is_other = self.shown, state is not self.flow_state
        self.dialogue = self.dialogue.asked(menu_tries, confirm_tries, awaits=timeout_at is not None)
        self.flow_state, self.timeout_at = state, timeout_at
        if is_other:
            self.updated(before, at)

    def may_say(self, now: datetime) -> bool:
        return self.thread_holder is None and self.dialogue.may_say(now)

    def bot_said(self, at: datetime) -> None:
        self.dialogue = self.dialogue.said(at)
        self.last_message_at = self.updated_at = at

    def queue(self, department_id: DepartmentId, at: datetime, timeout: timedelta, reason: str) -> None:
        """Put it into the department's queue until an agent is free."""
        self._require_live("queued")
        self._leave_bot(at, reason)
        self.status, self.flow_state = ConversationStatus.OPEN, FlowState.DEPARTMENT_SELECTED
        self.department_id, self.assigned_user_id, self.assigned_at = department_id, None, None
        self.routed_at = self.updated_at = at
        self.timeout_at, self.dialogue, self.routing_reason = at + timeout, self.dialogue.closed(), reason
        self.record(self.event(EventType.CONVERSATION_QUEUED, at, reason=reason))

    def assign(
        self,
        user_id: UserId,
        department_id: DepartmentId | None,
        at: datetime,
        reason: str,
        answer_by: datetime | None = None,
        state: FlowState = FlowState.ASSIGNED,
    ) -> None:
        """Assign it to exactly one person. `answer_by`: when the customer's unanswered message times out; `state` is
        TIMEOUT_REDIRECT where the former agent did not answer in time."""
        self._require_live("assigned")
        self._leave_bot(at, reason)
        former = {"from_user_id": self.assigned_user_id} if self.assigned_user_id else {}
        self.status, self.flow_state = ConversationStatus.ASSIGNED, state
        self.assigned_user_id, self.department_id = user_id, department_id or self.department_id
        self.assigned_at = self.routed_at = self.updated_at = at
        self.timeout_at, self.dialogue, self.routing_reason = answer_by, self.dialogue.closed(), reason
        self.record(self.event(EventType.CONVERSATION_ASSIGNED, at, reason=reason, **former))

    def unassign(self, at: datetime, reason: str) -> None:
        """Take it from its agent. The caller must find the next one, or a queue."""
        self._require_live("unassigned")
        if self.status is not ConversationStatus.ASSIGNED:
            raise Conflict("not_assigned", "nobody has this conversation")
        former = self._leave(at, reason)
        self.record(self.event(EventType.CONVERSATION_UNASSIGNED, at, reason=reason, from_user_id=former))

    def transfer(self, department_id: DepartmentId, at: datetime, reason: str) -> None:
        """Move it to another department (or agent of the same). The caller must find the agent, or a queue."""
        self._require_live("transferred")
        self._leave_bot(at, reason)
        detail = {"from_department_id": self.department_id, "to_department_id": department_id}
        former = self._leave(at, reason)
        self.department_id, self.flow_state = department_id, FlowState.DEPARTMENT_SELECTED
        self.record(self.event(EventType.CONVERSATION_TRANSFERRED, at, reason=reason, from_user_id=former, **detail))

    def _leave(self, at: datetime, reason: str) -> UserId | None:
        """Clear the assignment; return the former agent."""
        former, self.assigned_user_id, self.assigned_at = self.assigned_user_id, None, None
        self.status, self.timeout_at, self.dialogue = ConversationStatus.OPEN, None, self.dialogue.closed()
        self.flow_state = FlowState.DEPARTMENT_SELECTED if self.department_id else FlowState.GREETING
        self.routing_reason, self.updated_at = reason, at
        return former

    def displace(self, at: datetime) -> None:
        """Clear its deleted department, where no other takes it: every agent sees it, no queue has it."""
        before = self.shown
        self.department_id, self.flow_state = None, FlowState.GREETING
        self.updated(before, at)

    def resolve(self, at: datetime, reason: str | None = None, why: str | None = None) -> None:
        """Close the round, remembering its agent and department for the next one. `reason`: one of the company's;
        `why`: what resolved it, where that was no person."""
        self._require_live("resolved")
        self._close(ConversationStatus.RESOLVED, at)
        self.resolved_at, self.resolve_reason = at, reason
        self.routing_reason = why or self.routing_reason
        said = reason or why
        self.record(self.event(EventType.CONVERSATION_RESOLVED, at, **({"reason": said} if said else {})))

    def archive(self, at: datetime, reason: str) -> None:
        """Archive a round that was merged into another, or that a person put away."""
        if self.status is ConversationStatus.ARCHIVED:
            raise Conflict("archived", "the conversation is archived already")
        self._close(ConversationStatus.ARCHIVED, at)
        self.routing_reason = reason
        self.record(self.event(EventType.CONVERSATION_ARCHIVED, at, reason=reason))

    def _close(self, status: ConversationStatus, at: datetime) -> None:
        self._breach(at)
        self.last_department_id = self.department_id or self.last_department_id
        self.last_attendant_id = self.assigned_user_id or self.last_attendant_id
        self.status, self.flow_state, self.updated_at = status, FlowState.RESOLVED, at
        self.timeout_at, self.waiting_since, self.unread_count = None, None, 0
        self.dialogue, self.snoozed_until = self.dialogue.closed(), None

    def reopen(self, at: datetime, reason: str) -> None:
        """Reopen a closed round, without a bot. The caller must find its agent."""
        if self.is_live:
            raise Conflict("open", f"the conversation is {self.status} already")
        closed_at = self.resolved_at or self.updated_at
        self.rating, self.resolved_at, self.dialogue = self.rating.withdrawn(), None, self.dialogue.ended()
        self.resolve_reason = None
        self.bot_part = BotPart.NONE if self.bot_part is BotPart.NONE else BotPart.HANDED_OVER
        self._leave(at, reason)
        self.clock = self.clock.resumed(closed_at, at, is_live=True)
        self.record(self.event(EventType.CONVERSATION_REOPENED, at, reason=reason))

    def set_deadlines(self, terms: ServiceTerms, at: datetime) -> None:
        """Set the deadlines of its running clocks by these terms, from when they started: when one starts, and whenever
        it comes to a department. A missed deadline stays missed."""
        self._breach(at)
        if self.is_live:
            self.clock = self.clock.set(terms, self.created_at, at)

    def check_targets(self, at: datetime) -> None:
        """Record breached targets, and warnings of those due soon: each once."""
        self._breach(at)
        for target, due in self.clock.to_warn_of(at) if self.is_live else ():
            self.clock = self.clock.warned(target)
            self.record(self.event(EventType.CONVERSATION_TARGET_WARNED, at, target=target.value, due_at=due))

    @property
    def target_look_at(self) -> datetime | None:
        """When one of its targets is due for a warning or a breach next."""
        return self.clock.next_due if self.is_live else None

    def _breach(self, at: datetime) -> None:
        """Record as breached what was due before, even if the sweep has not run yet."""
        for target, due in self.clock.missed(at) if self.is_live else ():
            self.clock, self.updated_at = self.clock.breached(target), at
            self.record(self.event(EventType.CONVERSATION_TARGET_BREACHED, at, target=target.value, due_at=due))

    def may_be_rated(self, at: datetime) -> bool:
        """Whether the customer may be asked to rate this round."""
        return self.clock.first_customer_at is not None and self.rating.value is None and self.may_say(at)

    def asked_for_rating(self, at: datetime) -> None:
        self.rating = self.rating.asked(at)

    def awaits_rating(self, at: datetime) -> bool:
        """Whether what the customer wrote at that time may be a rating of this round."""
        return not self.is_live and self.rating.is_awaited(at)

    def rate(self, value: int, at: datetime) -> None:
        self.rating = self.rating.answered(value, at, self.assigned_user_id)
        self.last_message_at = self.updated_at = at
        self.record(self.event(EventType.CONVERSATION_RATED, at, rating=value))

    def classify(self, priority: Priority | None, labels: Iterable[str] | None, at: datetime) -> None:
        """Set priority and labels (None: unchanged). Raises Invalid."""
        before = self.shown
        self.labels = self.labels if labels is None else checked(labels, "labels")
        self.priority = self.priority if priority is None else priority
        self.updated_at = at
        self.updated(before, at)

    def ruled(self, labels: Iterable[str], priority: Priority | None, reason: str, at: datetime) -> None:
        """Apply the result of routing rules; a priority other than NORMAL stays."""
        before = self.shown
        self.labels = added(self.labels, labels)
        if priority is not None and self.priority is Priority.NORMAL:
            self.priority = priority
        self.routing_reason, self.updated_at = reason, at
        self.updated(before, at)

    def rename_customer(self, name: str, at: datetime) -> None:
        """Set the customer's name for this round and later ones. Raises Invalid."""
        if not 1 <= len(name.strip()) <= NAME_LENGTH or not is_storable(name):
            raise Invalid.field("name", f"must have 1 to {NAME_LENGTH} characters, without NUL")
        before = self.shown
        self.customer_name, self.updated_at = name.strip(), at
        self.updated(before, at)

    def move_to(self, contact_id: ContactId, chat: str, phone: str | None, at: datetime) -> None:
        """Follow its customer to another number, chat or (merged) contact."""
        before = self.shown
        self.contact_id, self.customer_phone, self.chat = contact_id, phone, chat
        self.updated(before, at)

    def _require_live(self, what: str) -> None:
        if not self.is_live:
            raise Conflict("not_open", f"a {self.status} conversation cannot be {what}")
