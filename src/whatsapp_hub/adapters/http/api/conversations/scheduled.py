"""`/api/messages/scheduled`: what waits to be sent later."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get
from litestar.params import FromPath, QueryParameter

from whatsapp_hub.adapters.contracts.views.messages import MessageView
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.sending.schedule_message import CancelScheduled, ListScheduled
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, MessageId
from whatsapp_hub.domain.messaging.message import Message

TAGS = ["messages"]


@get("/messages/scheduled", tags=TAGS)
async def list_scheduled(
    caller: Asking,
    list_scheduled: FromDishka[ListScheduled],
    conversation_id: Annotated[UUID | None, QueryParameter(name="conversationId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[MessageView]]:
    """List the messages that wait for their `sendAt`, the next first: of a conversation, or of all that the caller sees
    (AGENT: their own)."""
    within = ConversationId(conversation_id) if conversation_id else None
    found = await list_scheduled(caller, within, limit, _place(cursor) if cursor else None)
    return page([MessageView.of(message) for message in found], _cursor(found[-1]) if found.goes_on else None)


@delete("/messages/scheduled/{id:uuid}", tags=TAGS)
async def cancel_scheduled(caller: Asking, id: FromPath[UUID], cancel_scheduled: FromDishka[CancelScheduled]) -> None:
    """Cancel a message that waits for its `sendAt`. 404: it is sent already, or was cancelled."""
    await cancel_scheduled(caller, MessageId(id))


def _cursor(message: Message) -> str:
    at = message.send_at or message.created_at
    return f"{at.astimezone(UTC).isoformat()}_{message.id}"


def _place(cursor: str) -> Place:
    at, _, id = cursor.partition("_")
    try:
        return Place(datetime.fromisoformat(at).astimezone(UTC), MessageId(UUID(id)))
    except (ValueError, OverflowError):
        raise Invalid.field("cursor", "is not a cursor of this list") from None


HANDLERS = [list_scheduled, cancel_scheduled]
