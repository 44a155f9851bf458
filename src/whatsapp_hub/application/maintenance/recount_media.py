"""RecountMedia: recount the bytes of a company's stored files."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class RecountMedia:
    """Recount. Sends add to the count, and deletions of files leave it to this job."""

    storage: Storage

    async def __call__(self, tenant_id: TenantId) -> None:
        """Recount for one tenant. Raises NotFound, Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            await uow.quotas.recount_media()
            await uow.commit()
