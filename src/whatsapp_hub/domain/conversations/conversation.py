"""A conversation: one round between a contact and a session, from the first message to its resolution."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation_status import LIVE as LIVE
from whatsapp_hub.domain.conversations.conversation_status import ConversationStatus as ConversationStatus
from whatsapp_hub.domain.conversations.conversation_status import FlowState as FlowState
from whatsapp_hub.domain.conversations.conversation_status import Priority as Priority
from whatsapp_hub.domain.conversations.labels import added, checked
from whatsapp_hub.domain.conversations.rating import NOT_RATED, Rating
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import Event, EventType, Records
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.menu.burst import NOTHING_HEARD, BurstEntry
from whatsapp_hub.domain.messaging.contact import NAME_LENGTH
from whatsapp_hub.domain.service.deadlines import NO_TARGETS, Deadlines, ServiceTerms, Target
from whatsapp_hub.domain.text import is_storable

BOT_TEXTS_AN_HOUR = 10


@dataclass(slots=True)
class Conversation(Records):
    """`chat` is the provider's address of the chat; `customer_name` is what the customer is called here, `profile_name`
    how they call themselves on WhatsApp; `timeout_at` is when somebody has waited too long
    (a question, the menu, the queue or an unanswered message), `told_timeout` the time-out that supervisors were
    told of, `told_at` when they were last told that it waits; `asks`: a question or the menu waits for an answer, and
    `timeout_at` is its; `heard` is what of the customer the menu has taken note of; `waiting_since` is the customer's
    first message that no person answered, `first_customer_at` and `first_response_at` the round's first message and
    the first answer by a person; `silenced` keeps the bot out of this round; `bot_part` is that of the session's bot,
    which is a program of the tenant's (`bot` elsewhere here is the hub's own menu); `bot_texts` are the times of the
    last hour's bot texts in this chat; `targets` are by when people should answer and resolve it."""

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
    last_message_at: datetime | None = None
    last_department_id: DepartmentId | None = None
    last_attendant_id: UserId | None = None
    routing_reason: str | None = None
    waiting_since: datetime | None = None
    first_customer_at: datetime | None = None
    first_response_at: datetime | None = None
    unread_count: int = 0
    menu_tries: int = 0
    confirm_tries: int = 0
    asks: bool = False
    heard: BurstEntry = NOTHING_HEARD
    silenced: bool = False
    bot_part: BotPart = BotPart.NONE
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    bot_texts: tuple[datetime, ...] = ()
    targets: Deadlines = NO_TARGETS
    rating: Rating = NOT_RATED
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
    def needs_telling(self) -> bool:
        """Whether supervisors do not know yet of the time-out that has passed."""
        return self.told_timeout != self.timeout_at

    @property
    def starts_waiting(self) -> bool:
        """The next thing the customer writes starts the time in which its agent, or its session's bot, should
        answer."""
        return self.timeout_at is None and (self.status is ConversationStatus.ASSIGNED or self.is_unplaced)

    @property
    def waits_unseen(self) -> bool:
        """Its customer waits, no time runs, and supervisors were not told of that wait."""
        if not self.is_live or self.waiting_since is None or self.timeout_at is not None:
            return False
        return self.told_at is None or self.told_at < self.waiting_since

    @property
    def is_unplaced(self) -> bool:
        """Of a bot's session, and in no department's hands: the bot has it, or nobody."""
        is_bots = self.bot_part is not BotPart.NONE
        return is_bots and self.status is ConversationStatus.OPEN and self.department_id is None

    @property
    def is_nobodys(self) -> bool:
        """The menu or a bot has it, at most: no person and no queue."""
        return self.status is ConversationStatus.OPEN and not self.silenced and not self.is_peoples

    @property
    def is_peoples(self) -> bool:
        """A person has it, a department's queue does, or the bot gave the word away."""
        has_left = self.bot_part is BotPart.HANDED_OVER
        return has_left or self.is_queued or self.status is ConversationStatus.ASSIGNED

    def opened(self, at: datetime) -> None:
        self.record(self.event(EventType.CONVERSATION_OPENED, at))

    def continues(self, earlier: "Conversation") -> None:
        """Take over what the contact's last round is remembered for."""
        self.last_department_id = earlier.department_id or earlier.last_department_id
        self.last_attendant_id = earlier.assigned_user_id or earlier.last_attendant_id
        self.customer_name = earlier.customer_name or self.customer_name
        self.bot_texts = earlier.bot_texts

    def customer_wrote(self, at: datetime, response_timeout: timedelta | None) -> None:
        """The other side wrote; from the first unanswered message on, an assigned agent's time runs, or a bot's."""
        self.unread_count += 1
        self.waiting_since = self.waiting_since or at
        self.first_customer_at = self.first_customer_at or at
        self.last_message_at = self.updated_at = at
        if self.starts_waiting and response_timeout:
            self.timeout_at = at + response_timeout

    def person_wrote(self, at: datetime) -> None:
        """A person answered, in the hub or on the phone itself: what the customer wrote has been read."""
        self._breach(at)
        self.last_message_at = self.updated_at = at
        self.unread_count, self.waiting_since = 0, None
        if self.first_customer_at:
            self.first_response_at = self.first_response_at or at
        self._leave_bot(at, "a person answered")
        if not self.is_queued and not self.asks:
            self.timeout_at = None

    def waits_until(self, at: datetime, reason: str) -> None:
        """Give people until then: its customer waits, though nobody and no queue has it."""
        self.timeout_at, self.asks, self.routing_reason = at, False, reason

    def does_not_wait(self) -> None:
        """Let nobody wait: what its customer wrote is history, and no queue takes it."""
        self.waiting_since = None

    def told(self, at: datetime) -> None:
        """Note that supervisors know that it waits."""
        self.told_at = at

    def program_wrote(self, at: datetime) -> None:
        """A program of the tenant's (an API key) answered: nobody of ours has read what the customer wrote."""
        self.last_message_at = self.updated_at = at
        if self.bot_part is BotPart.TALKING:
            self.timeout_at = None

    def meet_bot(self) -> None:
        """It is one of a bot's session: the bot has the word, unless people have it already."""
        if self.bot_part is BotPart.NONE:
            is_taken, self.asks = self.is_peoples or self.silenced, False
            self.bot_part = BotPart.HANDED_OVER if is_taken else BotPart.TALKING

    def hand_over(self, at: datetime, reason: str, **detail: object) -> None:
        """The bot has the word no more; whoever calls this finds people for the customer."""
        self._require_live("handed over")
        self._leave_bot(at, reason, **detail)
        self.timeout_at, self.asks, self.routing_reason, self.updated_at = None, False, reason, at

    def _leave_bot(self, at: datetime, reason: str, **detail: object) -> None:
        """For this round, whoever takes the word from it."""
        if self.bot_part is BotPart.TALKING:
            self.bot_part, self.routing_reason = BotPart.HANDED_OVER, reason
            self.targets = self.targets.resumed(self._running, self.created_at, at)
            self.record(self.event(EventType.CONVERSATION_HANDED_OVER, at, reason=reason, **detail))

    def silence(self) -> None:
        """A person took over on the phone: no bot text in this round."""
        self.silenced = True
        if self.flow_state in (FlowState.GREETING, FlowState.AWAITING_ROUTING_CONFIRMATION):
            self.timeout_at, self.asks = None, False

    def follow(self, state: FlowState, timeout_at: datetime | None, menu_tries: int, confirm_tries: int) -> None:
        """Take the flow's next state; a time-out is that of a question."""
        self.asks = timeout_at is not None
        self.flow_state, self.timeout_at = state, timeout_at
        self.menu_tries, self.confirm_tries = menu_tries, confirm_tries

    def may_say(self, now: datetime) -> bool:
        return not self.silenced and self.has_bot_texts_left(now)

    def has_bot_texts_left(self, now: datetime) -> bool:
        return sum(now - at < timedelta(hours=1) for at in self.bot_texts) < BOT_TEXTS_AN_HOUR

    def bot_said(self, at: datetime) -> None:
        self.bot_texts = (*(t for t in self.bot_texts if at - t < timedelta(hours=1)), at)
        self.last_message_at = self.updated_at = at

    def queue(self, department_id: DepartmentId, at: datetime, timeout: timedelta, reason: str) -> None:
        """Wait in the department's queue for somebody free."""
        self._require_live("queued")
        self._leave_bot(at, reason)
        self.status, self.flow_state = ConversationStatus.OPEN, FlowState.DEPARTMENT_SELECTED
        self.department_id, self.assigned_user_id, self.assigned_at = department_id, None, None
        self.routed_at = self.updated_at = at
        self.timeout_at, self.asks, self.routing_reason = at + timeout, False, reason
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
        """Give it to exactly one person. `answer_by`: when the customer's unanswered message times out; `state` is
        TIMEOUT_REDIRECT for whoever takes it over because nobody else answered in time."""
        self._require_live("assigned")
        self._leave_bot(at, reason)
        former = {"fromUserId": self.assigned_user_id} if self.assigned_user_id else {}
        self.status, self.flow_state = ConversationStatus.ASSIGNED, state
        self.assigned_user_id, self.department_id = user_id, department_id or self.department_id
        self.assigned_at = self.routed_at = self.updated_at = at
        self.timeout_at, self.asks, self.routing_reason = answer_by, False, reason
        self.record(self.event(EventType.CONVERSATION_ASSIGNED, at, reason=reason, **former))

    def unassign(self, at: datetime, reason: str) -> None:
        """Take it from its person; whoever calls this finds the next one, or a queue."""
        self._require_live("unassigned")
        if self.status is not ConversationStatus.ASSIGNED:
            raise Conflict("not_assigned", "nobody has this conversation")
        former = self._leave(at, reason)
        self.record(self.event(EventType.CONVERSATION_UNASSIGNED, at, reason=reason, fromUserId=former))

    def transfer(self, department_id: DepartmentId, at: datetime, reason: str) -> None:
        """To another department (or person of the same); whoever calls this finds the person, or a queue."""
        self._require_live("transferred")
        self._leave_bot(at, reason)
        detail = {"fromDepartmentId": self.department_id, "toDepartmentId": department_id}
        former = self._leave(at, reason)
        self.department_id, self.flow_state = department_id, FlowState.DEPARTMENT_SELECTED
        self.record(self.event(EventType.CONVERSATION_TRANSFERRED, at, reason=reason, fromUserId=former, **detail))

    def _leave(self, at: datetime, reason: str) -> UserId | None:
        """Nobody has it from now on; who had it."""
        former, self.assigned_user_id, self.assigned_at = self.assigned_user_id, None, None
        self.status, self.timeout_at, self.asks = ConversationStatus.OPEN, None, False
        self.flow_state = FlowState.DEPARTMENT_SELECTED if self.department_id else FlowState.GREETING
        self.routing_reason, self.updated_at = reason, at
        return former

    def displace(self) -> None:
        """Its department is gone, and there is no other for it: everybody sees it, nobody's queue has it."""
        self.department_id, self.flow_state = None, FlowState.GREETING

    def resolve(self, at: datetime) -> None:
        """Close the round, remembering who and what it was."""
        self._require_live("resolved")
        self._close(ConversationStatus.RESOLVED, at)
        self.resolved_at = at
        self.record(self.event(EventType.CONVERSATION_RESOLVED, at))

    def archive(self, at: datetime, reason: str) -> None:
        """Put a round away, whether it gives way to another or a person has done with it."""
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
        self.timeout_at, self.asks, self.waiting_since, self.unread_count = None, False, None, 0

    def reopen(self, at: datetime, reason: str) -> None:
        """Take a closed round up again; whoever calls this finds its person. No bot has a part in it."""
        if self.is_live:
            raise Conflict("open", f"the conversation is {self.status} already")
        closed_at = self.resolved_at or self.updated_at
        self.rating, self.resolved_at, self.silenced = self.rating.withdrawn(), None, True
        self.bot_part = BotPart.NONE if self.bot_part is BotPart.NONE else BotPart.HANDED_OVER
        self._leave(at, reason)
        self.targets = self.targets.resumed(self._running, closed_at, at)
        self.record(self.event(EventType.CONVERSATION_REOPENED, at, reason=reason))

    def aim(self, terms: ServiceTerms, at: datetime) -> None:
        """Its clocks count by these terms, from when they started: when one starts, and whenever it comes to a
        department. What is missed already stays so."""
        self._breach(at)
        for target in self._running:
            since = self.created_at if target is Target.RESOLUTION else self.first_customer_at or at
            self.targets = self.targets.aimed(target, terms, since)

    def look_at_targets(self, at: datetime) -> None:
        """Tell what is missed, and what soon will be: each once."""
        self._breach(at)
        for target in self._running:
            aim = self.targets.of(target)
            if aim.warn_at and aim.warn_at < at:
                self.targets = self.targets.warned(target)
                self.record(self.event(EventType.CONVERSATION_TARGET_WARNED, at, target=target.value, dueAt=aim.due_at))

    @property
    def target_look_at(self) -> datetime | None:
        """When one of its targets has something to tell next."""
        return self.targets.next_look(self._running)

    @property
    def _running(self) -> tuple[Target, ...]:
        """Targets that are neither met nor missed; none in a round that is over."""
        waits = self.first_customer_at is not None and self.first_response_at is None
        targets = (Target.FIRST_RESPONSE, Target.RESOLUTION) if waits else (Target.RESOLUTION,)
        return tuple(t for t in targets if self.is_live and t not in self.targets.breaches)

    def _breach(self, at: datetime) -> None:
        """Whatever was due before is missed, though the sweep may not have come by yet."""
        for target in self._running:
            due = self.targets.of(target).due_at
            if due and due < at:
                self.targets, self.updated_at = self.targets.breached(target), at
                self.record(self.event(EventType.CONVERSATION_TARGET_BREACHED, at, target=target.value, dueAt=due))

    def may_be_rated(self, at: datetime) -> bool:
        """Whether the customer may be asked how this round was."""
        return self.first_customer_at is not None and self.rating.value is None and self.may_say(at)

    def asked_for_rating(self, at: datetime) -> None:
        self.rating = self.rating.asked(at)

    def awaits_rating(self, at: datetime) -> bool:
        """Whether what the customer wrote at that time may be a rating of this round."""
        return not self.is_live and self.rating.is_awaited(at)

    def rate(self, value: int, at: datetime) -> None:
        self.rating = self.rating.given(value, at, self.assigned_user_id)
        self.last_message_at = self.updated_at = at
        self.record(self.event(EventType.CONVERSATION_RATED, at, rating=value))

    def classify(self, priority: Priority | None, labels: Iterable[str] | None, at: datetime) -> None:
        """None: leave it as it is. Raises Invalid."""
        self.labels = self.labels if labels is None else checked(labels, "labels")
        self.priority = self.priority if priority is None else priority
        self.updated_at = at

    def ruled(self, labels: Iterable[str], priority: Priority | None, reason: str, at: datetime) -> None:
        """What automatic rules say about it; a priority that it has been given stays."""
        self.labels = added(self.labels, labels)
        if priority is not None and self.priority is Priority.NORMAL:
            self.priority = priority
        self.routing_reason, self.updated_at = reason, at

    def rename_customer(self, name: str, at: datetime) -> None:
        """What the customer is called here, in this round and those after it. Raises Invalid."""
        if not 1 <= len(name.strip()) <= NAME_LENGTH or not is_storable(name):
            raise Invalid.field("name", f"must have 1 to {NAME_LENGTH} characters, without NUL")
        self.customer_name, self.updated_at = name.strip(), at

    def outranks(self, other: "Conversation") -> bool:
        """Which of two live rounds of one person goes on: somebody's, then one in a queue, then one that waits for a
        bot's answer, then a menu."""
        return self._rank > other._rank

    @property
    def _rank(self) -> int:
        if self.is_unplaced:
            return int(self.timeout_at is not None)
        return 3 if self.status is ConversationStatus.ASSIGNED else 2 * int(self.is_queued)

    def _require_live(self, what: str) -> None:
        if not self.is_live:
            raise Conflict("not_open", f"a {self.status} conversation cannot be {what}")
