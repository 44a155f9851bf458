"""FollowFlow: carry out the flow's steps: say, ask, route, notify supervisors."""

from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.conversation import Conversation, FlowState
from whatsapp_hub.domain.conversations.flow import Route, Script, Step
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.menu.phrases import phrases_of, waiting_text


class FollowFlow:
    """Run the menu bot inside one transaction. The tenant's script is loaded once, when first needed."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._route = RouteConversation(changes)
        self._script: Script | None = None

    async def customer_wrote(
        self, conversation: Conversation, text: str, provider: str, at: datetime, *, has_file: bool
    ) -> None:
        """Answer a customer's message. `at` is the provider's time, so that a burst stays one burst however late and in
        however many batches it arrives."""
        if flow.menu_may_answer(conversation) and (script := await self.script()).departments:
            is_more = conversation.dialogue.heard.goes_on(at, has_file=has_file)
            step = flow.customer_wrote(conversation, text, script, self._changes.now, is_more=is_more)
            heard = conversation.dialogue.heard.and_(at, has_file=has_file)
            conversation.dialogue = conversation.dialogue.took(heard)
            self._changes.conversation(conversation)
            await self._carry_out(conversation, step, provider)

    async def queue_silently(self, conversation: Conversation, provider: str) -> None:
        """Queue without any bot message: the customer wrote long ago."""
        if flow.menu_may_answer(conversation):
            step = flow.queue_silently(conversation, await self.script())
            await self._carry_out(conversation, step, provider, silently=True)

    async def straight(self, conversation: Conversation, route: Route, provider: str, *, silently: bool) -> None:
        """Route as a rule says, without the menu; `silently`: without any bot message."""
        if flow.menu_may_answer(conversation):
            await self._carry_out(conversation, Step(FlowState.GREETING, route=route), provider, silently=silently)

    async def timed_out(self, conversation: Conversation, provider: str) -> None:
        """Carry out the step that follows an unanswered question or menu."""
        step = flow.timed_out(conversation, await self.script(), self._changes.now)
        if step is None:  # no question is open any more: it is people who are late
            why = because(RoutingCode.NOBODY_ASKED, "nobody is asked any more")
            conversation.set_wait(self._changes.now, self._changes.now, why)
            self._changes.conversation(conversation)
        await self._carry_out(conversation, step, provider)

    def rated(self, conversation: Conversation, value: int, provider: str) -> None:
        """Store the customer's rating of a closed round, which stays closed."""
        conversation.rate(value, self._changes.now)
        self._changes.say(conversation, phrases_of(self._changes.uow.tenant).rated, provider)
        self._changes.conversation(conversation)

    async def script(self) -> Script:
        """Return the tenant's script, loaded on first use."""
        if self._script is None:
            tenant = self._changes.uow.tenant
            departments = await self._changes.uow.departments.all()
            self._script = script_of(tenant, departments)
        return self._script

    async def _carry_out(
        self, conversation: Conversation, step: Step | None, provider: str, *, silently: bool = False
    ) -> None:
        if step is None:
            return
        now = self._changes.now
        conversation.follow(step.state, step.timeout_at, step.menu_tries, step.confirm_tries, now)
        if step.say and self._changes.say(conversation, step.say, provider) and step.greets:
            conversation.greeting_sent_at = conversation.greeting_sent_at or now
        if step.route:
            department = step.route.department
            deadline = answer_deadline(now, conversation, department)
            got = await self._route(conversation, step.route, deadline)
            if not got and not silently:
                self._changes.say(conversation, waiting_text(self._changes.uow.tenant, department, now), provider)
        if step.notify_supervisors:
            self._changes.notify(conversation, NotificationKind.UNROUTED)
        self._changes.conversation(conversation)


def script_of(tenant: Tenant, departments: list[Department]) -> Script:
    """Build the bot's script in the tenant's language, with the tenant's own greeting if it has one."""
    phrases = phrases_of(tenant)
    return Script(departments, phrases, tenant.greeting or phrases.greeting)
