"""ExportContact and OpenExport: prepare and download all stored data of a customer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.operations.privacy import Export, Part, PersonalData
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import ContactId, ExportId

LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ExportContact:
    """Prepare an export. No copy is made: the download reads what is stored at that moment."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, contact_id: ContactId) -> Export:
        """Create the export, which expires after `LASTS`. Raises NotFound."""
        caller.require(Action.EXPORT_CONTACTS)
        now = self.clock()
        export_id = ExportId(self.new_id())
        export = Export(export_id, caller.tenant_id, contact_id, caller.key, now, now + LASTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.exports.add(export)
            await uow.commit()
        return export


@dataclass(frozen=True, slots=True)
class OpenExport:
    """Stream the files of an export that was prepared."""

    storage: Storage
    data: PersonalData
    clock: Clock

    async def __call__(self, caller: Caller, export_id: ExportId) -> AsyncIterator[Part]:
        """Return the parts to download. Raises NotFound: there is none, it expired, or the contact was erased."""
        caller.require(Action.EXPORT_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            export = await uow.exports.get(export_id, self.clock())
            await uow.exports.taken(export, self.clock())
            await uow.commit()
        return self.data.of(export.tenant_id, export.contact_id)
