"""`/api/contacts`: everyone who wrote to the company, or was written to."""

from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.views.contacts import ContactDetail, ContactView, ProviderBlockView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView
from whatsapp_hub.adapters.contracts.views.view import View, extended
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import given
from whatsapp_hub.application.campaigns.opt_out import OptContactOut
from whatsapp_hub.application.contacts.edit_contact import BlockContact, ContactChanges, EditContact
from whatsapp_hub.application.contacts.exchange_contacts import ExportContacts, ImportContacts
from whatsapp_hub.application.contacts.join_contacts import MergeContacts, SplitContact
from whatsapp_hub.application.contacts.tell_blocks import ListProviderBlocks
from whatsapp_hub.application.reading.contacts import ContactBook, ContactFilter
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind

TAGS = ["contacts"]
READ = [allows(Action.READ_ALL_CONVERSATIONS)]
MANAGE = [allows(Action.MANAGE_CONTACTS)]
EXPORT = [allows(Action.EXPORT_CONTACTS)]
CSV = "text/csv"
Search = Annotated[str | None, QueryParameter(max_length=200, description="part of a name, of a number or of a label")]
Label = Annotated[str | None, QueryParameter(max_length=40, description="one label, whole")]


class ImportView(View):
    """How many contacts are new, how many differ now, and how many were so before."""

    created: int
    updated: int
    unchanged: int


class ContactPatch(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Changes of a contact. `name` null: the person's own name again. `labels` replaces all of them. `fields`: a value
    null removes the field, others stay."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    labels: list[str] | None = None
    add_labels: list[str] = msgspec.field(default_factory=list)
    remove_labels: list[str] = msgspec.field(default_factory=list)
    fields: dict[str, str | None] = msgspec.field(default_factory=dict)


class MergeBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The contact that goes into the other one."""

    contact_id: UUID


class IdentityBody(msgspec.Struct, forbid_unknown_fields=True):
    """An identity as the contact shows it."""

    kind: IdentityKind
    value: str


class SplitBody(msgspec.Struct, forbid_unknown_fields=True):
    """The identities that are another person's."""

    identities: Annotated[list[IdentityBody], msgspec.Meta(min_length=1, max_length=50)]


@get("/contacts", guards=READ, tags=TAGS)
async def list_contacts(
    caller: Asking,
    book: FromDishka[ContactBook],
    search: Search = None,
    label: Label = None,
    blocked: FromQuery[bool | None] = None,
    is_group: Annotated[bool | None, QueryParameter(name="isGroup")] = None,
    opted_out: Annotated[bool | None, QueryParameter(name="optedOut")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[ContactView]]:
    """List the company's contacts with their identities, the newest first (ADMIN)."""
    wanted = ContactFilter(search or "", label, blocked, is_group, opted_out)
    found = await book.page(caller.tenant_id, wanted, limit, cursor)
    return page([ContactView.of(contact) for contact in found.items], found.next_cursor)


@get("/contacts/{id:uuid}", guards=READ, tags=TAGS)
async def get_contact(
    caller: Asking, id: FromPath[UUID], book: FromDishka[ContactBook], blocks: FromDishka[ListProviderBlocks]
) -> ContactDetail:
    """Show a contact with its identities (ADMIN), and what WhatsApp is still to do about its block."""
    contact = await book.one(caller.tenant_id, ContactId(id))
    shown = [ProviderBlockView.of(block) for block in await blocks(caller, contact.id)]
    return extended(ContactDetail, ContactView.of(contact), provider_blocks=shown)


@get("/contacts/{id:uuid}/conversations", guards=[allows(Action.READ_CONVERSATIONS)], tags=TAGS)
async def list_rounds(
    caller: Asking,
    id: FromPath[UUID],
    book: FromDishka[ContactBook],
    queries: FromDishka[Queries],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[ConversationView]]:
    """List the conversations with a contact that the caller may see, on every number: the newest first."""
    sight = await sight_for(caller, queries)
    contact = await book.one(caller.tenant_id, ContactId(id))
    found = await book.rounds(caller.tenant_id, sight, contact.id, limit, cursor)
    beside = await queries.glances(caller.tenant_id, [c.id for c in found.items])
    return page([ConversationView.of(c, beside[c.id]) for c in found.items], found.next_cursor)


@patch("/contacts/{id:uuid}", guards=MANAGE, tags=TAGS)
async def edit_contact(
    caller: Asking, id: FromPath[UUID], data: JSONBody[ContactPatch], edit_contact: FromDishka[EditContact]
) -> ContactView:
    """Name a contact, change its labels and fields (ADMIN). `addLabels`, `removeLabels` and single `fields` leave what
    somebody else changed meanwhile. The name is shown in its live conversations and in later ones."""
    labels = data.labels, data.add_labels, data.remove_labels
    changes = ContactChanges(given(data.name), *labels, data.fields)
    return ContactView.of(await edit_contact(caller, ContactId(id), changes))


@post("/contacts/{id:uuid}/block", status_code=200, guards=MANAGE, tags=TAGS)
async def block_contact(caller: Asking, id: FromPath[UUID], block_contact: FromDishka[BlockContact]) -> ContactView:
    """Block a contact (ADMIN): the hub declines what it writes from now on, on every number of the company. Nothing of
    it is stored, answered or notified. WhatsApp is asked to block it too, on the numbers that spoke with it
    (`providerBlocks` of `GET /api/contacts/{id}` says where it did not yet)."""
    return ContactView.of(await block_contact(caller, ContactId(id), blocked=True))


@post("/contacts/{id:uuid}/unblock", status_code=200, guards=MANAGE, tags=TAGS)
async def unblock_contact(caller: Asking, id: FromPath[UUID], block_contact: FromDishka[BlockContact]) -> ContactView:
    """Receive again what a contact writes (ADMIN). What it wrote meanwhile does not come back."""
    return ContactView.of(await block_contact(caller, ContactId(id), blocked=False))


@post("/contacts/{id:uuid}/opt-out", status_code=200, guards=MANAGE, tags=TAGS)
async def opt_contact_out(caller: Asking, id: FromPath[UUID], opt_out: FromDishka[OptContactOut]) -> ContactView:
    """Record that a contact wants no campaigns (ADMIN). It can still be written to, and answered."""
    return ContactView.of(await opt_out(caller, ContactId(id), out=True))


@post("/contacts/{id:uuid}/opt-in", status_code=200, guards=MANAGE, tags=TAGS)
async def opt_contact_in(caller: Asking, id: FromPath[UUID], opt_out: FromDishka[OptContactOut]) -> ContactView:
    """Record that a contact wants campaigns again (ADMIN). Where WhatsApp itself was told to stop them, it goes on
    refusing them."""
    return ContactView.of(await opt_out(caller, ContactId(id), out=False))


@post("/contacts/{id:uuid}/merge", status_code=200, guards=MANAGE, tags=TAGS)
async def merge_contacts(
    caller: Asking, id: FromPath[UUID], data: JSONBody[MergeBody], merge_contacts: FromDishka[MergeContacts]
) -> ContactView:
    """Merge another contact into this one (ADMIN): it brings its identities, conversations, labels and fields, and is
    no more. Of two live conversations on one number the one nearer to a person goes on, with the messages of both."""
    return ContactView.of(await merge_contacts(caller, ContactId(id), ContactId(data.contact_id)))


@post("/contacts/{id:uuid}/split", guards=MANAGE, tags=TAGS)
async def split_contact(
    caller: Asking, id: FromPath[UUID], data: JSONBody[SplitBody], split_contact: FromDishka[SplitContact]
) -> ContactView:
    """Make a new contact of some of a contact's identities (ADMIN), with the conversations held in their chats; answers
    the new one. A message that shows both as one person merges them again."""
    identities = [Identity(one.kind, one.value) for one in data.identities]
    return ContactView.of(await split_contact(caller, ContactId(id), identities))


@get("/contacts/csv", guards=EXPORT, tags=TAGS, media_type=CSV)
async def export_table(
    caller: Asking,
    export_contacts: FromDishka[ExportContacts],
    search: Search = None,
    label: Label = None,
    blocked: FromQuery[bool | None] = None,
) -> Stream:
    """Download the contacts as a table (CSV, ADMIN): `phone`, `name`, `labels`, `blocked`, and a column for each field.
    No cell is a formula to a spreadsheet: one that begins like one has a `'` in front. Groups are left out."""
    wanted = ContactFilter(search or "", label, blocked, is_group=False)
    headers = {"Content-Disposition": 'attachment; filename="contacts.csv"', "Cache-Control": "no-store"}
    return Stream(await export_contacts(caller, wanted), headers=headers, media_type=CSV)


@post("/contacts/csv", status_code=200, guards=MANAGE, tags=TAGS)
async def import_table(caller: Asking, body: RawBody, import_contacts: FromDishka[ImportContacts]) -> ImportView:
    """Create or change up to 2,000 contacts by a table (ADMIN): the body is CSV in UTF-8, at most 1 MB, as `GET
    /api/contacts/csv` gives it. An empty cell changes nothing, labels are added, other columns are fields. Wrong lines
    are named (`/3/phone`: line 3, column phone), and then nothing is stored."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(Flaw("", f"must be UTF-8 (byte {error.start} is not)")) from None
    done = await import_contacts(caller, text)
    return ImportView(done.created, done.updated, done.unchanged)


HANDLERS = [
    *(list_contacts, get_contact, list_rounds, edit_contact, block_contact, unblock_contact),
    *(opt_contact_out, opt_contact_in),
    *(merge_contacts, split_contact, export_table, import_table),
]
