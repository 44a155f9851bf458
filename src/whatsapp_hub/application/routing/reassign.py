"""Reassign: move an unassigned conversation to another agent or into a queue."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.ids import UserId
from whatsapp_hub.domain.menu.phrases import waiting_text

AT_ONCE = 200


class Reassign:
    """Reassign, inside one transaction, conversations that have just lost their agent."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.route = RouteConversation(changes)

    async def __call__(
        self,
        conversation: Conversation,
        reason: str,
        provider: str | None,
        prefer: UserId | None = None,
        avoid: UserId | None = None,
    ) -> bool:
        """Route it in its department, or in the root one; True if it was assigned. A customer who waits for an answer
        gets the queue's text."""
        changes = self._changes
        department = await self._department(conversation)
        if department is None:
            conversation.displace(changes.now)
            conversation.set_deadlines(changes.uow.tenant.terms, changes.now)
            changes.conversation(conversation)
            changes.notify(conversation, NotificationKind.UNROUTED)
            return False
        deadline = answer_deadline(changes.now, conversation, department)
        got = await self.route(conversation, Route(department, reason, prefer, avoid, is_asked=True), deadline)
        if not got and provider and conversation.waiting_since:
            changes.say(conversation, waiting_text(changes.uow.tenant, department, changes.now), provider)
        return got

    async def _department(self, conversation: Conversation) -> Department | None:
        departments = await self._changes.uow.departments.all()
        own = next((d for d in departments if d.id == conversation.department_id), None)
        return own or next((d for d in departments if d.is_root), None)


async def providers_of(uow: UnitOfWork, conversations: list[Conversation]) -> dict[object, str]:
    """Return, by conversation, the provider through which the hub answers; none where the hub does not answer."""
    sessions = await uow.sessions.peek({c.session_id for c in conversations})
    found = ((c, sessions.get(c.session_id)) for c in conversations)
    return {c.id: session.provider for c, session in found if session and session.routes(c.bot_part)}
