"""HandOn and RedistributeConversations: a conversation leaves its person for another one, or for a queue."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.clock import Clock, NewId
from whatsapp_hub.application.ports.storage import Storage, UnitOfWork
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.department import Department
from whatsapp_hub.domain.flow import Route
from whatsapp_hub.domain.ids import TenantId, UserId
from whatsapp_hub.domain.notification import NotificationKind
from whatsapp_hub.domain.texts import waiting_text

AT_ONCE = 200


class HandOn:
    """Works inside one transaction, on conversations that nobody has any more."""

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
        """Route it in its department, or in the root one; True if somebody got it. A customer who waits for an answer
        is told of the queue."""
        changes = self._changes
        department = await self._department(conversation)
        if department is None:
            conversation.displace()
            conversation.aim(changes.uow.tenant.terms, changes.now)
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


@dataclass(frozen=True, slots=True)
class RedistributeConversations:
    """Whoever went OFFLINE hands over what they hold (contract E.5). The mark on the user outlives a crash, and the
    sweep makes up for what was not done. Conversations of sessions without routing stay: nobody else is asked."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, user_id: UserId) -> int:
        """How many conversations left this user. Raises Unavailable, NotFound."""
        handed_over = 0
        while (some := await self._some(tenant_id, user_id)) is not None:
            handed_over += some
        return handed_over

    async def _some(self, tenant_id: TenantId, user_id: UserId) -> int | None:
        """None: it is done, or not needed any more because the user came back."""
        async with self.storage.tenant(tenant_id) as uow:
            held = await uow.conversations.routed_to(user_id, AT_ONCE)
            changes = Changes(uow, self.new_id, self.clock())
            hand_on = HandOn(changes)
            await hand_on.route.lock()
            user = await uow.users.get(user_id)
            if not user.hands_over:
                return None
            providers = await providers_of(uow, held)
            for conversation in held:
                conversation.unassign(changes.now, f"{user.name} went offline")
                provider = providers.get(conversation.id)
                await hand_on(conversation, f"{user.name} went offline", provider, avoid=user_id)
            if len(held) < AT_ONCE:
                user.hands_over = False
                changes.user(user)
            await changes.write()
            await uow.commit()
        return len(held) if user.hands_over else None


@dataclass(frozen=True, slots=True)
class RedistributeAll:
    """The sweep: whoever left and was not yet relieved."""

    storage: Storage
    redistribute: RedistributeConversations

    async def __call__(self, tenant_id: TenantId) -> int:
        async with self.storage.tenant(tenant_id) as uow:
            leaving = await uow.users.leaving()
        return sum([await self.redistribute(tenant_id, user_id) for user_id in leaving])


async def providers_of(uow: UnitOfWork, conversations: list[Conversation]) -> dict[object, str]:
    """By conversation, the provider that the hub speaks through to its customer; none where it answers nobody."""
    sessions = await uow.sessions.peek({c.session_id for c in conversations})
    found = ((c, sessions.get(c.session_id)) for c in conversations)
    return {c.id: session.provider for c, session in found if session and session.routes(c.bot_part)}
