"""HandOffToPeople: end the bot's turn and route the conversation to people (contract E)."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.bot import destination
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.menu.phrases import waiting_text
from whatsapp_hub.domain.sessions.session import Session


class HandOffToPeople:
    """Hand off, inside one transaction, a round that the bot has or that is unassigned."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._route = RouteConversation(changes)
        self._departments: list[Department] | None = None

    async def __call__(
        self,
        conversation: Conversation,
        session: Session,
        why: str,
        to: Department | None = None,
        note: str | None = None,
    ) -> None:
        """Hand off to `to`, else the bot's department, else the root one; without any the round stays OPEN and
        supervisors are notified. A customer who has to wait gets the queue's text. `note` goes with the event."""
        department = to or await self._usual(session)
        self._leave(conversation, why, department, note)
        if department is None:
            self._changes.notify(conversation, NotificationKind.UNROUTED)
        elif not await self._place(conversation, department):
            changes = self._changes
            changes.say(conversation, waiting_text(changes.uow.tenant, department, changes.now), session.provider)

    async def silently(self, conversation: Conversation, session: Session, *, is_history: bool) -> None:
        """Queue an old message, which no bot answers, without any bot message (contract E.0). Imported history notifies
        no one where there is no queue."""
        department = await self._usual(session)
        if department is None and is_history:
            return
        self._leave(conversation, because(RoutingCode.OLD_MESSAGE, "an old message"), department, None)
        if department is None:
            self._changes.notify(conversation, NotificationKind.UNROUTED)
        else:
            await self._place(conversation, department)

    def _leave(self, conversation: Conversation, why: str, department: Department | None, note: str | None) -> None:
        where = because(RoutingCode.NO_ROOT_DEPARTMENT, "there is no root department")
        if department:
            where = because(RoutingCode.TO_DEPARTMENT, f"to {department.name}", department=department.name)
        reason = Reason.of(why).then(where, ": ")
        conversation.hand_over(self._changes.now, reason, **({"note": note} if note else {}))
        self._changes.conversation(conversation)

    async def _place(self, conversation: Conversation, department: Department) -> bool:
        """Route it, the customer's last attendant of that department first; True if it was assigned."""
        is_back = conversation.last_department_id == department.id
        prefer = conversation.last_attendant_id if is_back else None
        route = Route(department, conversation.routing_reason or "", prefer)
        return await self._route(conversation, route, answer_deadline(self._changes.now, conversation, department))

    async def _usual(self, session: Session) -> Department | None:
        if self._departments is None:
            self._departments = await self._changes.uow.departments.all()
        return destination(session.bot, self._departments)
