"""KeepFile: store a file's bytes so that a row may name them."""

import asyncio
from dataclasses import dataclass

from whatsapp_hub.application.ports.storage.files import FileStore, Incoming
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId

AGAIN_S = 0.5
TRIES = 20


@dataclass(frozen=True, slots=True)
class KeepFile:
    """First the record, then the bytes; the caller then stores the row that names them."""

    storage: Storage
    files: FileStore

    async def __call__(self, tenant_id: TenantId, incoming: Incoming) -> None:
        """Store the file; the same one again does no harm. Raises NotFound (the tenant), Unavailable."""
        for _ in range(TRIES):
            async with self.storage.tenant(tenant_id) as uow:
                is_free = await uow.files.announce(incoming.digest)
                await uow.commit()
            if is_free:
                await self.files.keep(tenant_id, incoming)
                return
            await asyncio.sleep(AGAIN_S)
        raise Unavailable("the same file is being deleted; try again")
