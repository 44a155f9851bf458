"""HandOver: a round goes from its session's bot to people, who have it from then on by contract E."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.bot import destination
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.menu.phrases import waiting_text
from whatsapp_hub.domain.sessions.session import Session


class HandOffToPeople:
    """Works inside one transaction, on rounds that the bot has, or nobody."""

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
        """`to` None: the bot's department, else the root one; without any it stays OPEN and supervisors are told. A
        customer who has to wait is told of the queue. `note` goes with the event."""
        department = to or await self._usual(session)
        self._leave(conversation, why, department, note)
        if department is None:
            self._changes.notify(conversation, NotificationKind.UNROUTED)
        elif not await self._place(conversation, department):
            changes = self._changes
            changes.say(conversation, waiting_text(changes.uow.tenant, department, changes.now), session.provider)

    async def silently(self, conversation: Conversation, session: Session, *, is_history: bool) -> None:
        """What was written long ago is nothing for a bot: it enters the queue without a word (contract E.0). What a
        phone's history brings disturbs nobody where there is no queue."""
        department = await self._usual(session)
        if department is None and is_history:
            return
        self._leave(conversation, "an old message", department, None)
        if department is None:
            self._changes.notify(conversation, NotificationKind.UNROUTED)
        else:
            await self._place(conversation, department)

    def _leave(self, conversation: Conversation, why: str, department: Department | None, note: str | None) -> None:
        reason = f"{why}: to {department.name}" if department else f"{why}: there is no root department"
        conversation.hand_over(self._changes.now, reason, **({"note": note} if note else {}))
        self._changes.conversation(conversation)

    async def _place(self, conversation: Conversation, department: Department) -> bool:
        """True if somebody got it; the customer's last attendant in that department goes first."""
        is_back = conversation.last_department_id == department.id
        prefer = conversation.last_attendant_id if is_back else None
        route = Route(department, conversation.routing_reason or "", prefer)
        return await self._route(conversation, route, answer_deadline(self._changes.now, conversation, department))

    async def _usual(self, session: Session) -> Department | None:
        if self._departments is None:
            self._departments = await self._changes.uow.departments.all()
        return destination(session.bot, self._departments)
