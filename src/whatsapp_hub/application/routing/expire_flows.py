"""ExpireFlows: questions and menus that nobody answered in time (contract E.1 and E.2)."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.clock import Clock, NewId
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.application.routing.follow_flow import FollowFlow
from whatsapp_hub.domain.ids import TenantId

TRANSACTIONS = 100
"""In one go; other tenants wait meanwhile."""


@dataclass(frozen=True, slots=True)
class ExpireFlows:
    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """How many conversations were past their time, `limit` a transaction. Safe to run in many processes at
        once."""
        expired = 0
        for _ in range(TRANSACTIONS):
            some = await self._some(tenant_id, limit)
            expired += some
            if some < limit:
                break
        return expired

    async def _some(self, tenant_id: TenantId, limit: int) -> int:
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            late = await uow.conversations.flows_timed_out(changes.now, limit)
            sessions = await uow.sessions.peek({conversation.session_id for conversation in late})
            bot = FollowFlow(changes)
            for conversation in late:
                if session := sessions.get(conversation.session_id):
                    await bot.timed_out(conversation, session.provider)
                else:  # deleted: nobody can be told, and others' time must not wait behind this one's
                    conversation.silence()
                    changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        return len(late)
