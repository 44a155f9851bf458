"""CheckDeadlines: who is about to miss a target is warned, and what was missed is told and kept."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId

TRANSACTIONS = 100
"""In one go; other tenants wait meanwhile."""


@dataclass(frozen=True, slots=True)
class CheckDeadlines:
    """Each once, to whoever has the conversation and to supervisors. Safe to run in many processes at once: what one
    has in hand the others skip."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """How many conversations had something to tell, `limit` a transaction."""
        told = 0
        for _ in range(TRANSACTIONS):
            some = await self._some(tenant_id, limit)
            told += some
            if some < limit:
                break
        return told

    async def _some(self, tenant_id: TenantId, limit: int) -> int:
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            due = await uow.conversations.with_target_to_tell(changes.now, limit)
            for conversation in due:
                conversation.look_at_targets(changes.now)
                changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        return len(due)
