"""`/api/messages`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.messages import MessageView, RawMessageView
from whatsapp_hub.adapters.http.api.conversations.contents import GivenContent, content_of
from whatsapp_hub.adapters.http.api.conversations.conversations import IdempotencyKey
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.server.forms import read_form
from whatsapp_hub.application.media.read_file import PIECE_BYTES
from whatsapp_hub.application.media.send_media import SendMedia, Upload
from whatsapp_hub.application.reading.queries import MessageSearch, Queries
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.application.sending.schedule_message import ScheduleMessage
from whatsapp_hub.application.sending.send_again import SendAgain
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, MessageId
from whatsapp_hub.domain.messaging.content import Text, stored_media

TAGS = ["messages"]
MAX_UPLOAD_BYTES = 101 * 1024 * 1024


class SendBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`reply_to` is the provider's id (`whatsappMessageId`) of the message that is answered; `send_at`: not before."""

    conversation_id: UUID
    content: str
    reply_to: str | None = None
    send_at: datetime | None = None


@dataclass
class MediaForm:
    """The form's fields, under the names that they have in the form."""

    conversationId: UUID  # noqa: N815 (the form's name)
    file: UploadFile
    caption: str | None = None
    replyTo: str | None = None  # noqa: N815 (as above)
    voice: bool = False
    sendAt: datetime | None = None  # noqa: N815 (as above)


class ContentBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`reply_to` is the provider's id (`whatsappMessageId`) of the message that is answered; `send_at`: not before."""

    conversation_id: UUID
    content: GivenContent
    reply_to: str | None = None
    send_at: datetime | None = None


@post("/messages", status_code=202, tags=TAGS)
async def send_content(
    caller: Asking,
    data: JSONBody[ContentBody],
    send_message: FromDishka[SendMessage],
    schedule_message: FromDishka[ScheduleMessage],
    queries: FromDishka[Queries],
    key: IdempotencyKey = None,
) -> MessageView:
    """Send any kind of content in a conversation: text, a file by id or URL, a place, cards, buttons, a list, a poll, a
    template, a reaction, an edit, or a deletion. 422: the session's provider cannot send it. With `sendAt` it waits, as
    `GET /api/messages/scheduled` shows; what may be sent (the 24-hour window, the session) is judged at that time."""
    content, changes = content_of(data.content)
    if file := stored_media(content):  # who may not see it could else send it to where they may
        await queries.media(caller.tenant_id, await sight_for(caller, queries), file)
    conversation_id = ConversationId(data.conversation_id)
    if (later := utc("send_at", data.send_at)) is None:
        return MessageView.of(await send_message(caller, conversation_id, content, key, data.reply_to, changes=changes))
    if changes:
        raise Invalid.field("send_at", "cannot be given: a change of a message is sent at once")
    return MessageView.of(await schedule_message(caller, conversation_id, content, later, key, data.reply_to))


@post("/messages/send", status_code=202, tags=TAGS)
async def send_message(
    caller: Asking,
    data: JSONBody[SendBody],
    send_message: FromDishka[SendMessage],
    schedule_message: FromDishka[ScheduleMessage],
    key: IdempotencyKey = None,
) -> MessageView:
    """Send a text in a conversation. It is stored when this returns, and sent in its turn; with `sendAt` at that
    time."""
    content, conversation_id = Text.plain(data.content), ConversationId(data.conversation_id)
    if later := utc("send_at", data.send_at):
        return MessageView.of(await schedule_message(caller, conversation_id, content, later, key, data.reply_to))
    return MessageView.of(await send_message(caller, conversation_id, content, key, data.reply_to))


@post(
    "/messages/send-media",
    status_code=202,
    tags=TAGS,
    request_max_body_size=MAX_UPLOAD_BYTES,
    before_request=read_form,
)
async def send_file(
    caller: Asking,
    data: Annotated[MediaForm, Body(media_type=RequestEncodingType.MULTI_PART)],
    send_media: FromDishka[SendMedia],
    key: IdempotencyKey = None,
) -> MessageView:
    """Send a picture, audio, video or document (`multipart/form-data`: conversationId, file, caption?, replyTo?,
    voice?, sendAt?). What its bytes show counts, not what its type says; `voice` makes a sound a voice note."""
    file = data.file
    conversation_id = ConversationId(data.conversationId)
    said = (file.content_type or "", file.filename or "", data.caption or "")
    upload = Upload(_pieces(file), *said, data.replyTo or None, data.voice, utc("send_at", data.sendAt))
    return MessageView.of(await send_media(caller, conversation_id, upload, key))


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


@get("/messages/search", guards=[allows(Action.READ_CONVERSATIONS)], tags=TAGS)
async def search_messages(
    caller: Asking,
    queries: FromDishka[Queries],
    search: FromDishka[MessageSearch],
    words: Annotated[str, QueryParameter(name="query", min_length=1, max_length=200)],
    conversation_id: Annotated[UUID | None, QueryParameter(name="conversationId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[MessageView]]:
    """Search messages by words, the newest first; accents, case and endings are ignored."""
    within = ConversationId(conversation_id) if conversation_id else None
    sight = await sight_for(caller, queries)
    found = await search.messages(caller.tenant_id, sight, words, within, limit, cursor)
    return page([MessageView.of(m) for m in found.items], found.next_cursor)


@get("/messages/{id:uuid}/raw", guards=[allows(Action.READ_ALL_CONVERSATIONS)], tags=TAGS)
async def get_raw_message(caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries]) -> RawMessageView:
    """Show what the provider delivered as a message of a kind that the hub does not know, or as a notice of WhatsApp's
    (ADMIN). `raw` is null for the kinds that the hub reads: it keeps no second copy of those."""
    return RawMessageView.of(await queries.message(caller.tenant_id, MessageId(id)))


@post("/messages/{id:uuid}/retry", status_code=200, tags=TAGS)
async def retry_message(caller: Asking, id: FromPath[UUID], retry_message: FromDishka[RetryMessage]) -> MessageView:
    """Send a message of unknown outcome again; the customer may see it twice (ADMIN)."""
    return MessageView.of(await retry_message(caller, MessageId(id)))


@post("/messages/{id:uuid}/fail", status_code=200, tags=TAGS)
async def fail_message(caller: Asking, id: FromPath[UUID], fail_message: FromDishka[FailMessage]) -> MessageView:
    """Declare a message of unknown outcome failed (ADMIN)."""
    return MessageView.of(await fail_message(caller, MessageId(id)))


@post("/messages/{id:uuid}/send-again", status_code=202, tags=TAGS)
async def send_again(
    caller: Asking, id: FromPath[UUID], send_again: FromDishka[SendAgain], key: IdempotencyKey = None
) -> MessageView:
    """Send what a failed message said once more, as a new message, which is the answer. The failed one stays."""
    return MessageView.of(await send_again(caller, MessageId(id), key))


HANDLERS = [
    send_content,
    send_message,
    send_file,
    search_messages,
    get_raw_message,
    retry_message,
    fail_message,
    send_again,
]
