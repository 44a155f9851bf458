"""CollectFiles: delete stored files that nothing names any more."""

import time
from dataclasses import dataclass

from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 200
TURN_S = 30.0
"""One company's share of a run; the next run goes on."""


@dataclass(frozen=True, slots=True)
class CollectFiles:
    """Delete what was stored and never named (a crash, a refused message), and what retention and erasure have left."""

    storage: Storage
    files: FileStore

    async def __call__(self, tenant_id: TenantId) -> None:
        """Collect for one tenant. Raises Unavailable."""
        until = time.monotonic() + TURN_S
        while time.monotonic() < until:
            async with self.storage.tenant(tenant_id) as uow:
                unnamed = await uow.files.take_unnamed(AT_ONCE)
                await uow.commit()
            if not unnamed:
                return
            await self.files.delete(tenant_id, unnamed)
            async with self.storage.tenant(tenant_id) as uow:
                await uow.files.forget(unnamed)
                await uow.commit()
