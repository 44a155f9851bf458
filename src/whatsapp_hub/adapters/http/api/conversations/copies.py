"""`/api/conversations/{id}/copy`: one conversation to print or to keep."""

from collections.abc import AsyncIterator
from enum import StrEnum
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView, NoteView
from whatsapp_hub.adapters.contracts.views.messages import MessageView
from whatsapp_hub.adapters.http.api.conversations.conversations import READ, TAGS
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.pages.conversation_page import POLICY, ConversationPage
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.reading.copy_conversation import ConversationCopy, CopyConversation
from whatsapp_hub.domain.ids import ConversationId


class CopyFormat(StrEnum):
    """Form of a copy: a page to print, or a JSON object {conversation, contact, notes, messages}."""

    HTML = "html"
    JSON = "json"


@get("/conversations/{id:uuid}/copy", guards=READ, tags=TAGS, media_type="text/html")
async def copy_conversation(
    caller: Asking,
    id: FromPath[UUID],
    copy_conversation: FromDishka[CopyConversation],
    clock: FromDishka[Clock],
    format: FromQuery[CopyFormat] = CopyFormat.HTML,
    notes: FromQuery[bool] = False,
) -> Stream:
    """Take a copy of a conversation, whole, with colleagues' `notes` if wanted: a page to print, or JSON to keep.
    Files are named, not contained. The record of changes (`/api/audit`, entity `conversation_copy`) says who took
    it."""
    copy = await copy_conversation(caller, ConversationId(id), format.value, with_notes=notes)
    is_page = format is CopyFormat.HTML
    shown = "inline" if is_page else "attachment"
    headers = {
        "Content-Disposition": f'{shown}; filename="conversation-{id}.{format.value}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **({"Content-Security-Policy": POLICY} if is_page else {}),
    }
    media_type = "text/html; charset=utf-8" if is_page else "application/json"
    parts = _page(ConversationPage(copy, clock())) if is_page else _json(copy)
    return Stream(parts, headers=headers, media_type=media_type)


async def _page(page: ConversationPage) -> AsyncIterator[str]:
    yield page.head()
    async for lines in page.lines():
        yield lines
    yield page.foot()


async def _json(copy: ConversationCopy) -> AsyncIterator[bytes]:
    encode = msgspec.json.encode
    head = {
        "conversation": ConversationView.of(copy.conversation),
        "contact": ContactView.of(copy.contact),
    }
    yield encode(head)[:-1] + b',"notes":['
    separator = b""
    async for notes in copy.notes:
        for note in notes:
            yield separator + encode(NoteView.of(note))
            separator = b","
    yield b'],"messages":['
    separator = b""
    async for messages in copy.messages:
        for message in messages:
            yield separator + encode(MessageView.of(message))
            separator = b","
    yield b"]}"


HANDLERS = [copy_conversation]
