"""RedirectOverdue: whoever has waited too long gets anybody who is free (contract E.4)."""

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
    """Each department serves its own queue first. What then is past its time goes to any free user of any department,
    the longest waiting first; where nobody is free, supervisors are told, once a time-out. Safe to run in many
    processes at once: what one has in hand the others skip."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_all: ServeAllQueues

    async def __call__(self, tenant_id: TenantId) -> int:
        """How many conversations somebody took over. Each is taken over once at most: its time begins anew."""
        taken = 0
        while some := await self._once(tenant_id):  # whoever lost one to somebody else may have room for another
            taken += some
        return taken

    async def _once(self, tenant_id: TenantId) -> int:
        await self.serve_all(tenant_id)
        taken = await self._pass(tenant_id, told=True)
        while True:
            some, seen = await self._some(tenant_id, told=False)
            taken += some
            if seen < AT_ONCE:
                return taken

    async def _pass(self, tenant_id: TenantId, *, told: bool) -> int:
        """As long as somebody is free."""
        taken = 0
        while True:
            some, seen = await self._some(tenant_id, told=told)
            taken += some
            if not some or seen < AT_ONCE:
                return taken

    async def _some(self, tenant_id: TenantId, *, told: bool) -> tuple[int, int]:
        """How many were taken over, and how many were looked at."""
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            overdue = await uow.conversations.overdue(changes.now, AT_ONCE, told=told)
            if not overdue:
                return 0, 0
            route = RouteConversation(changes)
            departments = {d.id: d for d in await uow.departments.all()}
            taken = 0
            for conversation in overdue:
                if await route.to_anybody(conversation, departments):
                    taken += 1
                elif conversation.needs_telling:
                    conversation.told_timeout = conversation.timeout_at
                    changes.notify(conversation, NotificationKind.TIMED_OUT)
                    changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        return taken, len(overdue)
