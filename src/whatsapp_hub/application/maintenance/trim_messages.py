"""TrimMessages: delete a gateway's old messages (contract C, MESSAGES_RETENTION_DAYS)."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import RetentionClock
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class TrimMessages:
    """Delete one tenant's old messages in sessions with routing none. Waiting messages and conversations stay.
    `keep` None: nothing is ever deleted."""

    storage: Storage
    long_past: RetentionClock
    keep: timedelta | None

    async def __call__(self, tenant_id: TenantId) -> None:
        """Delete in small transactions. Raises Unavailable."""
        if self.keep is None:
            return
        before = self.long_past() - self.keep
        gone = AT_ONCE
        while gone == AT_ONCE:
            async with self.storage.tenant(tenant_id) as uow:
                gone = await uow.messages.forget(before, AT_ONCE)
                await uow.commit()
