"""`/api/contacts`: everyone who wrote to the company, or was written to."""

from typing import Annotated
from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.reading.contacts import ContactBook
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import ContactId

TAGS = ["contacts"]
READ = [allows(Action.READ_ALL_CONVERSATIONS)]


@get("/contacts", guards=READ, tags=TAGS)
async def list_contacts(
    caller: Asking,
    book: FromDishka[ContactBook],
    search: Annotated[str | None, QueryParameter(max_length=200, description="part of a name or of a number")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[ContactView]]:
    """List the company's contacts with their identities, the newest first (ADMIN)."""
    found = await book.page(caller.tenant_id, search or "", limit, cursor)
    return page([ContactView.of(contact) for contact in found.items], found.next_cursor)


@get("/contacts/{id:uuid}", guards=READ, tags=TAGS)
async def get_contact(caller: Asking, id: FromPath[UUID], book: FromDishka[ContactBook]) -> ContactView:
    """Show a contact with its identities (ADMIN)."""
    return ContactView.of(await book.one(caller.tenant_id, ContactId(id)))


HANDLERS = [list_contacts, get_contact]
