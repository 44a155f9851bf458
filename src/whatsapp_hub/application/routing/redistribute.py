"""RedistributeConversations: reassign the conversations of an agent who went offline."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.routing.reassign import AT_ONCE, Reassign, providers_of
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.ids import TenantId, UserId


@dataclass(frozen=True, slots=True)
class RedistributeConversations:
    """Reassign the conversations of a user who went OFFLINE (contract E.5). The mark on the user outlives a crash, and
    the sweep finishes the rest. Conversations of sessions without routing stay with the user."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, user_id: UserId) -> int:
        """Return how many conversations left this user. Raises Unavailable, NotFound."""
        handed_over, is_done = 0, False
        while not is_done:
            some, is_done = await self._some(tenant_id, user_id)
            handed_over += some
        return handed_over

    async def _some(self, tenant_id: TenantId, user_id: UserId) -> tuple[int, bool]:
        """Reassign some; return how many, and whether all are done or the user is back."""
        async with self.storage.tenant(tenant_id) as uow:
            held = await uow.conversations.routed_to(user_id, AT_ONCE)
            changes = Changes(uow, self.new_id, self.clock())
            reassign = Reassign(changes)
            await reassign.route.lock()
            user = await uow.users.get(user_id)
            if not user.hands_over:
                return 0, True
            providers = await providers_of(uow, held)
            for conversation in held:
                why = because(RoutingCode.AGENT_LEFT, f"{user.name} went offline", user=user.name)
                conversation.unassign(changes.now, why)
                provider = providers.get(conversation.id)
                await reassign(conversation, why, provider, avoid=user_id)
            if len(held) < AT_ONCE:
                user.hands_over = False
                changes.user(user)
            await changes.write()
            await uow.commit()
        return len(held), not user.hands_over


@dataclass(frozen=True, slots=True)
class RedistributeAll:
    """Sweep: reassign for every user who left and still has conversations."""

    storage: Storage
    redistribute: RedistributeConversations

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many conversations left their users. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            leaving = await uow.users.leaving()
        return sum([await self.redistribute(tenant_id, user_id) for user_id in leaving])
