"""CheckDeadlines: warn before a service deadline, and record and publish each one missed."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId

TRANSACTIONS = 100
"""Most in one run, since other tenants wait meanwhile."""


@dataclass(frozen=True, slots=True)
class CheckDeadlines:
    """Notify the assigned agent and the supervisors, once per deadline. Safe to run in many processes at once: each
    skips the rows that another has locked."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """Return how many conversations were notified about, `limit` a transaction."""
        notified = 0
        for _ in range(TRANSACTIONS):
            some = await self._some(tenant_id, limit)
            notified += some
            if some < limit:
                break
        return notified

    async def _some(self, tenant_id: TenantId, limit: int) -> int:
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            due = await uow.conversations.with_target_due(changes.now, limit)
            for conversation in due:
                conversation.check_targets(changes.now)
                changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        return len(due)
