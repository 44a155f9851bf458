"""`/api/messages`."""

from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts import entities
from whatsapp_hub.adapters.http.api.conversations import IdempotencyKey
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.domain.ids import ConversationId, MessageId
from whatsapp_hub.domain.message import Content

TAGS = ["messages"]


class SendBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`reply_to` is the provider's id (`whatsappMessageId`) of the message that is answered."""

    conversation_id: UUID
    content: str
    reply_to: str | None = None


@post("/messages/send", status_code=202, tags=TAGS)
async def send_message(
    caller: Asking,
    data: JSONBody[SendBody],
    use: FromDishka[SendMessage],
    key: IdempotencyKey = None,
) -> dict[str, object]:
    """An answer in a conversation. It is stored when this returns, and sent in its turn."""
    content = Content.plain(data.content)
    return entities.message(await use(caller, ConversationId(data.conversation_id), content, key, data.reply_to))


@post("/messages/{id:uuid}/retry", status_code=200, tags=TAGS)
async def retry_message(caller: Asking, id: FromPath[UUID], use: FromDishka[RetryMessage]) -> dict[str, object]:
    """Send a message of unknown outcome again; the customer may see it twice (ADMIN)."""
    return entities.message(await use(caller, MessageId(id)))


@post("/messages/{id:uuid}/fail", status_code=200, tags=TAGS)
async def fail_message(caller: Asking, id: FromPath[UUID], use: FromDishka[FailMessage]) -> dict[str, object]:
    """Declare a message of unknown outcome failed (ADMIN)."""
    return entities.message(await use(caller, MessageId(id)))


HANDLERS = [send_message, retry_message, fail_message]
