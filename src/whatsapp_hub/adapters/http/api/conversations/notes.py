"""`/api/conversations/{id}/notes`: what colleagues note of a conversation."""

from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.conversations import NoteView
from whatsapp_hub.adapters.http.api.conversations.conversations import READ, TAGS
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.handling.notes import AddNote, ChangeNote, DeleteNote
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.ids import ConversationId, NoteId, UserId


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """The text of a note, and the ids of the colleagues whom it mentions."""

    content: str
    mentions: list[UUID] = []


class NotePatch(msgspec.Struct, forbid_unknown_fields=True):
    """Another text, or other mentions, which replace all of them."""

    content: str | None = None
    mentions: list[UUID] | None = None


@get("/conversations/{id:uuid}/notes", guards=READ, tags=TAGS)
async def list_notes(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[NoteView]]:
    """List colleagues' notes on it, the older first."""
    conversation = await queries.conversation(caller.tenant_id, await sight_for(caller, queries), ConversationId(id))
    found = await queries.notes(caller.tenant_id, conversation.id, limit, cursor)
    return page([NoteView.of(note) for note in found.items], found.next_cursor)


@post("/conversations/{id:uuid}/notes", tags=TAGS)
async def add_note(
    caller: Asking, id: FromPath[UUID], data: JSONBody[NoteBody], add_note: FromDishka[AddNote]
) -> NoteView:
    """Add a note for colleagues; the customer never sees it. Who is mentioned gets the notification `note.mentioned`,
    and must see the conversation."""
    return NoteView.of(await add_note(caller, ConversationId(id), data.content, _users(data.mentions)))


@patch("/conversations/{id:uuid}/notes/{note_id:uuid}", tags=TAGS)
async def change_note(
    caller: Asking,
    id: FromPath[UUID],
    note_id: FromPath[UUID],
    data: JSONBody[NotePatch],
    change_note: FromDishka[ChangeNote],
) -> NoteView:
    """Change one's own note. Who is mentioned only now is notified. 409 `not_author`: somebody else wrote it."""
    mentions = None if data.mentions is None else _users(data.mentions)
    changed = await change_note(caller, ConversationId(id), NoteId(note_id), data.content, mentions)
    return NoteView.of(changed)


@delete("/conversations/{id:uuid}/notes/{note_id:uuid}", tags=TAGS)
async def delete_note(
    caller: Asking, id: FromPath[UUID], note_id: FromPath[UUID], delete_note: FromDishka[DeleteNote]
) -> None:
    """Delete one's own note. 409 `not_author`: somebody else wrote it."""
    await delete_note(caller, ConversationId(id), NoteId(note_id))


def _users(ids: list[UUID]) -> list[UserId]:
    return [UserId(id) for id in ids]


HANDLERS = [list_notes, add_note, change_note, delete_note]
