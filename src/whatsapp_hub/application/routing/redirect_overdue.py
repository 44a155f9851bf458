"""RedirectOverdue: assign a customer who has waited too long to any free agent (contract E.4)."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.routing.route_conversation import RouteConversation
from whatsapp_hub.application.routing.serve_queue import ServeAllQueues
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RedirectOverdue:
    """Assign overdue conversations to any free user of any department, the longest waiting first.

    Each department serves its own queue before. Where no one is free, supervisors are notified, once a time-out. Safe
    to run in many processes at once: each skips the rows that another has locked."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_all: ServeAllQueues

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many conversations were taken over, each once at most: its deadline restarts."""
        taken = 0
        while some := await self._once(tenant_id):  # an agent who lost one may have room for another
            taken += some
        return taken

    async def _once(self, tenant_id: TenantId) -> int:
        await self.serve_all(tenant_id)
        taken = await self._pass(tenant_id, notified=True)
        while True:
            some, seen = await self._some(tenant_id, notified=False)
            taken += some
            if seen < AT_ONCE:
                return taken

    async def _pass(self, tenant_id: TenantId, *, notified: bool) -> int:
        """Redirect as long as someone is free."""
        taken = 0
        while True:
            some, seen = await self._some(tenant_id, notified=notified)
            taken += some
            if not some or seen < AT_ONCE:
                return taken

    async def _some(self, tenant_id: TenantId, *, notified: bool) -> tuple[int, int]:
        """Return how many were taken over, and how many were examined."""
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            overdue = await uow.conversations.overdue(changes.now, AT_ONCE, notified=notified)
            if not overdue:
                return 0, 0
            route = RouteConversation(changes)
            departments = {d.id: d for d in await uow.departments.all()}
            taken = 0
            for conversation in overdue:
                if await route.to_any_department(conversation, departments):
                    taken += 1
                elif conversation.has_unreported_timeout:
                    conversation.told_timeout = conversation.timeout_at
                    changes.notify(conversation, NotificationKind.TIMED_OUT)
                    changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        return taken, len(overdue)
