"""ServeQueue: give a free agent the next conversation of the department's queue, the longest waiting first.

A transaction of its own, after the one that freed an agent: it locks the department before anything else,
so it never waits for a conversation while others wait for the department. Where a crash prevents it, the next
sweep does it.
"""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import DepartmentId, TenantId, UserId

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ServeQueue:
    """Assign the department's waiting conversations while somebody is free."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, department_id: DepartmentId) -> int:
        """Return how many conversations were assigned. Raises NotFound, Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            await uow.departments.lock([department_id])
            department = await uow.departments.get(department_id)
            changes = Changes(uow, self.new_id, self.clock())
            assigned = await self._serve(changes, department)
            await changes.write()
            await uow.commit()
        return assigned

    async def _serve(self, changes: Changes, department: Department) -> int:
        route = RouteConversation(changes, only=department.id)
        assigned = 0
        for conversation in await changes.uow.conversations.queued(department.id, AT_ONCE):
            deadline = answer_deadline(changes.now, conversation, department)
            if not await route.to_free_agent(conversation, department, deadline):
                break
            assigned += 1
        return assigned


@dataclass(frozen=True, slots=True)
class ServeFreed:
    """Offer the next conversation of the queue to a user who has one less."""

    storage: Storage
    serve: ServeQueue

    async def __call__(self, tenant_id: TenantId, user_id: UserId | None) -> None:
        """Serve the queue of the user's department; nothing for None or a deleted user."""
        if user_id is None:
            return
        try:
            async with self.storage.tenant(tenant_id) as uow:
                department_id = (await uow.users.peek(user_id)).department_id
            if department_id:
                await self.serve(tenant_id, department_id)
        except NotFound:
            return


@dataclass(frozen=True, slots=True)
class ServeAllQueues:
    """Sweep: serve every department of a tenant."""

    storage: Storage
    serve: ServeQueue

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many conversations were assigned. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            departments = await uow.departments.all()
        return sum([await self.serve(tenant_id, department.id) for department in departments])
