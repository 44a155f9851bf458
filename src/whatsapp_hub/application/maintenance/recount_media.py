"""RecountMedia: what a company's files take, as they are now."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class RecountMedia:
    """Sends add to the count; whatever deletes files need not know of it."""

    storage: Storage

    async def __call__(self, tenant_id: TenantId) -> None:
        """Raises NotFound, Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            await uow.quotas.recount_media()
            await uow.commit()
