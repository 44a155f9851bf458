"""The menu bot's decisions: pure functions of the conversation, the customer's text and the clock.

    GREETING ──first message, known customer──► AWAITING_ROUTING_CONFIRMATION
       │  ▲                                        │ SIM            │ NÃO, twice unclear, time-out
       │  └────────── menu ◄───────────────────────┼────────────────┘
       │ number, name, third miss, time-out        ▼
       └───────────────────────────────────► a department (assigned or queued)

Contract: E.1 and E.2. Nothing here does I/O; `Step` describes what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.rating import rating_in
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.ids import DepartmentId, UserId
from whatsapp_hub.domain.menu.answers import agreement_in, choice_in
from whatsapp_hub.domain.menu.phrases import Phrases, fill_in, menu

CUSTOMERS_CHOICE = because(RoutingCode.CUSTOMERS_CHOICE, "the customer's choice")
LAST_DEPARTMENT = because(RoutingCode.LAST_DEPARTMENT, "the customer's last department")
CONFIRMATION_TIMEOUT = timedelta(minutes=2)
MENU_TIMEOUT_WITHOUT_ROOT = timedelta(minutes=5)
MENU_MISSES = 3
CONFIRM_MISSES = 2


@dataclass(frozen=True, slots=True)
class Script:
    """What the bot may offer: the tenant's departments in the menu's order, texts and greeting."""

    departments: Sequence[Department]
    phrases: Phrases
    greeting: str

    @property
    def root(self) -> Department | None:
        """The department that takes what no answer placed; None where no department is marked as root."""
        return next((d for d in self.departments if d.is_root), None)

    def find(self, department_id: DepartmentId | None) -> Department | None:
        """Return the department, or None where the company has it no longer."""
        return next((d for d in self.departments if d.id == department_id), None)

    def chosen(self, text: str) -> Department | None:
        """Return the department that the answer clearly means."""
        place = choice_in(text, [d.name for d in self.departments], self.phrases.words)
        return None if place is None else self.departments[place]


@dataclass(frozen=True, slots=True)
class Route:
    """A department to route to. `prefer` is assigned first if free, `avoid` never. `is_asked`: `prefer` was asked for,
    and is not merely the last agent."""

    department: Department
    reason: str
    prefer: UserId | None = None
    avoid: UserId | None = None
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What the flow decided: a text to send, a department to route to, or supervisors to notify.

    `state` and `timeout_at` are the conversation's next ones, unless a route replaces them.
    """

    state: FlowState
    timeout_at: datetime | None = None
    say: str | None = None
    route: Route | None = None
    menu_tries: int = 0
    confirm_tries: int = 0
    greets: bool = False
    notify_supervisors: str | None = None


def menu_may_answer(conversation: Conversation) -> bool:
    """Check that the menu bot may answer: it is unassigned and not queued, no one silenced the bot, and no program of
    the tenant's answers in its place."""
    in_hand = conversation.flow_state in (FlowState.GREETING, FlowState.AWAITING_ROUTING_CONFIRMATION)
    is_free = conversation.bot_part is BotPart.NONE and not conversation.dialogue.silenced
    return in_hand and conversation.status is ConversationStatus.OPEN and is_free


def customer_wrote(
    conversation: Conversation, text: str, script: Script, now: datetime, *, is_more: bool = False
) -> Step | None:
    """Decide how to answer the customer's text; None where the bot may not answer, or has nothing to add. `is_more`: it
    belongs to a burst that was answered already, so that only a clear answer counts."""
    if not menu_may_answer(conversation) or not script.departments:
        return None
    if conversation.flow_state is FlowState.AWAITING_ROUTING_CONFIRMATION:
        return _confirmed(conversation, text, script, now, is_more=is_more)
    if _is_new(conversation):
        return _open(conversation, script, now)
    return _choose(conversation, text, script, now, is_more=is_more)


def rating_given(conversation: Conversation, text: str, at: datetime) -> int | None:
    """Return the rating of a closed round, if the customer was asked for one and this text gives it."""
    return rating_in(text) if conversation.awaits_rating(at) else None


def queue_silently(conversation: Conversation, script: Script) -> Step | None:
    """Queue the conversation without a bot text: its customer wrote long ago. None: no department takes it."""
    waits = menu_may_answer(conversation) and conversation.flow_state is FlowState.GREETING
    if not waits or script.root is None:
        return None
    return Step(
        FlowState.GREETING, route=Route(script.root, _at_root(because(RoutingCode.OLD_MESSAGE, "an old message")))
    )


def timed_out(conversation: Conversation, script: Script, now: datetime) -> Step | None:
    """Decide what to do once `timeout_at` of a question or of the menu has passed; None if it is neither."""
    if not menu_may_answer(conversation) or conversation.timeout_at is None or conversation.timeout_at > now:
        return None
    if conversation.flow_state is FlowState.AWAITING_ROUTING_CONFIRMATION and script.departments:
        return _show_menu(script, script.greeting, now)
    return _to_root(script, because(RoutingCode.NO_CHOICE_IN_TIME, "no choice in time"))


def _is_new(conversation: Conversation) -> bool:
    """Whether nothing was asked yet. A question that the bot was not allowed to send counts as asked: its time runs."""
    return (
        conversation.greeting_sent_at is None
        and not conversation.dialogue.asks
        and not conversation.dialogue.menu_tries
    )


def _open(conversation: Conversation, script: Script, now: datetime) -> Step:
    known = script.find(conversation.last_department_id)
    if known is None:
        return _show_menu(script, script.greeting, now)
    return Step(
        FlowState.AWAITING_ROUTING_CONFIRMATION,
        now + CONFIRMATION_TIMEOUT,
        fill_in(script.phrases.confirm, known.name),
        greets=True,
    )


def _confirmed(conversation: Conversation, text: str, script: Script, now: datetime, *, is_more: bool) -> Step | None:
    known = script.find(conversation.last_department_id)
    agrees = agreement_in(text, known.name, script.phrases.words) if known else False
    if known is None or agrees is False:
        return _show_menu(script, script.greeting, now)
    if agrees:
        route = Route(known, LAST_DEPARTMENT, conversation.last_attendant_id)
        return Step(FlowState.GREETING, route=route)
    if is_more:
        return None
    tries = conversation.dialogue.confirm_tries + 1
    if tries >= CONFIRM_MISSES:
        return _show_menu(script, script.greeting, now)
    question = fill_in(script.phrases.confirm, known.name)
    return Step(
        FlowState.AWAITING_ROUTING_CONFIRMATION,
        now + CONFIRMATION_TIMEOUT,
        f"{script.phrases.confirm_hint}\n{question}",
        confirm_tries=tries,
    )


def _choose(conversation: Conversation, text: str, script: Script, now: datetime, *, is_more: bool) -> Step | None:
    if department := script.chosen(text):
        return Step(FlowState.GREETING, route=Route(department, CUSTOMERS_CHOICE))
    tries = conversation.dialogue.menu_tries + 1
    if is_more or tries > MENU_MISSES:
        return None
    if tries == MENU_MISSES:
        return _to_root(script, because(RoutingCode.NO_CHOICE, f"no choice after {tries} answers", answers=tries))
    step = _show_menu(script, script.phrases.hint, now, tries)
    timeout_at = conversation.timeout_at if conversation.dialogue.asks else step.timeout_at
    return Step(step.state, timeout_at, step.say, menu_tries=tries, greets=True)


def _show_menu(script: Script, opening: str, now: datetime, tries: int = 0) -> Step:
    timeout = script.root.response_timeout if script.root else MENU_TIMEOUT_WITHOUT_ROOT
    text = menu(script.phrases, opening, [d.name for d in script.departments])
    return Step(FlowState.GREETING, now + timeout, text, menu_tries=tries, greets=True)


def _at_root(why: Reason) -> Reason:
    return because(RoutingCode.ROOT_DEPARTMENT, "root department").then(why, ": ")


def _to_root(script: Script, why: Reason) -> Step:
    if script.root is None:
        return Step(FlowState.GREETING, notify_supervisors=why, menu_tries=MENU_MISSES)
    return Step(FlowState.GREETING, route=Route(script.root, _at_root(why)))
