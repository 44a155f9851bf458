"""Personal data of one customer: export and erasure."""

from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.views.personal_data import ErasureView, ExportView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Limit, page
from whatsapp_hub.adapters.http.streams.zipped import zipped
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.privacy.erase_contact import EraseContact, ShowErasures
from whatsapp_hub.application.privacy.export_contact import ExportContact, OpenExport
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import ContactId, ErasureId, ExportId

TAGS = ["personal data"]
EXPORT, ERASE = [allows(Action.EXPORT_CONTACTS)], [allows(Action.ERASE_CONTACTS)]


class ConfirmBody(msgspec.Struct, forbid_unknown_fields=True):
    """A confirmation, typed to prevent erasure by mistake."""

    confirm: str


@post("/contacts/{id:uuid}/export", guards=EXPORT, tags=TAGS)
async def export_contact(caller: Asking, id: FromPath[UUID], export: FromDishka[ExportContact]) -> ExportView:
    """Request a copy of all data kept of a contact (ADMIN): `file` can be downloaded for an hour."""
    return ExportView.of(await export(caller, ContactId(id)))


@get("/exports/{id:uuid}/file", guards=EXPORT, tags=TAGS, media_type="application/zip")
async def download_export(
    caller: Asking, id: FromPath[UUID], download: FromDishka[OpenExport], clock: FromDishka[Clock]
) -> Stream:
    """Download the copy (ADMIN): a ZIP of what is kept at this moment, contact, conversations, messages, files, notes,
    events, changes, raw updates and waiting deliveries. An incomplete file cannot be opened: download it again."""
    parts = await download(caller, ExportId(id))
    disposition = f'attachment; filename="contact-{id}.zip"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Stream(zipped(parts, clock()), headers=headers, media_type="application/zip")


@post("/contacts/{id:uuid}/erase", status_code=202, guards=ERASE, tags=TAGS)
async def erase_contact(
    caller: Asking, id: FromPath[UUID], data: JSONBody[ConfirmBody], erase: FromDishka[EraseContact]
) -> ErasureView:
    """Erase all data of a contact, for good (ADMIN); `confirm` is the contact's id. It is hidden from all users at
    once; `GET /api/erasures/{id}` shows the progress, and in the end what was erased. A repeated request returns the
    same erasure. A later message from that number makes a new contact."""
    return ErasureView.of(await erase(caller, ContactId(id), data.confirm))


@get("/erasures", guards=ERASE, tags=TAGS)
async def list_erasures(
    caller: Asking,
    show: FromDishka[ShowErasures],
    limit: Limit = 50,
    cursor: Annotated[UUID | None, QueryParameter(description="the id of the last one seen")] = None,
) -> Response[list[ErasureView]]:
    """List the company's erasures, the newest first (ADMIN)."""
    found = await show.newest(caller, limit, ErasureId(cursor) if cursor else None)
    more = str(found[-1].id) if len(found) == limit else None
    return page([ErasureView.of(one) for one in found], more)


@get("/erasures/{id:uuid}", guards=ERASE, tags=TAGS)
async def get_erasure(caller: Asking, id: FromPath[UUID], show: FromDishka[ShowErasures]) -> ErasureView:
    """Show what was erased: by table, how many rows were deleted or blanked (ADMIN)."""
    return ErasureView.of(await show.one(caller, ErasureId(id)))


HANDLERS = [export_contact, download_export, erase_contact, list_erasures, get_erasure]
