"""Messages to be sent later, in `hub.scheduled`. A row is deleted in the transaction that stores its message."""

from typing import Any

from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.adapters.postgres.repositories import stored_content
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.ids import ConversationId, MessageId, UserId
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus

_COLUMNS = """id, tenant_id, session_id, conversation_id, contact_id, chat, sender_id, is_bot, reply_to, created_at,
    send_at, type, content, media_url, media_id, data"""
_ADD = f"""
    INSERT INTO hub.scheduled ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::text::json)"""
_SELECT = f"SELECT {_COLUMNS} FROM hub.scheduled WHERE tenant_id = hub.tenant()"
_PAGE = ending_early(
    f"""
    {_SELECT} AND ($1::timestamptz IS NULL OR (send_at, id) > ($1, $2::uuid))
      AND ($3::uuid IS NULL OR conversation_id = $3) AND ($4::uuid IS NULL OR sender_id = $4)
      AND ($5 OR EXISTS (
        SELECT FROM conversations c WHERE c.id = scheduled.conversation_id AND (
          c.assigned_user_id = $6 OR c.department_id = $7
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL)))
    ORDER BY send_at, id LIMIT $8""",
    "send_at, id",
)
_DUE = """
    SELECT send_at, id FROM hub.scheduled WHERE tenant_id = hub.tenant() AND send_at <= (SELECT now FROM hub.time)
      AND ($1::timestamptz IS NULL OR (send_at, id) > ($1, $2::uuid))
    ORDER BY send_at, id LIMIT $3"""
_TAKE = f"""
    DELETE FROM hub.scheduled WHERE id IN (
      SELECT id FROM hub.scheduled WHERE id = $1 AND send_at <= (SELECT now FROM hub.time) FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}"""
_CANCEL = "DELETE FROM hub.scheduled WHERE id = $1 RETURNING true"


class PostgresScheduled:
    """Implements `Scheduled`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, message: Message) -> None:
        """Insert it."""
        m = message
        owner = (m.id, m.tenant_id, m.session_id, m.conversation_id, m.contact_id, m.chat, m.sender_id, m.is_bot)
        said = (m.reply_to, m.created_at, m.send_at, *stored_content.encode(m.content))
        await self._connection.execute(_ADD, *owner, *said)

    async def find(self, message_id: MessageId) -> Message | None:
        """Read one."""
        row = await self._connection.fetchrow(f"{_SELECT} AND id = $1", message_id)
        return _message(row) if row else None

    async def page(
        self,
        limit: int,
        after: Place | None,
        conversation_id: ConversationId | None,
        sender_id: UserId | None,
        sight: Sight,
    ) -> Part[Message]:
        """Read along the index on (tenant, send_at, id). What is in sight is `visibility.is_in`."""
        of, seen = (conversation_id, sender_id), (sight.everything, sight.user_id, sight.department_id)
        rows = await self._connection.fetch(_PAGE, *(after or (None, None)), *of, *seen, limit + 1)
        shown, goes_on = cut(rows, limit)
        return Part(map(_message, shown), goes_on=goes_on)

    async def due(self, limit: int, after: Place | None = None) -> list[Place]:
        """Read which are due."""
        rows = await self._connection.fetch(_DUE, *(after or (None, None)), limit)
        return [Place(row["send_at"], MessageId(row["id"])) for row in rows]

    async def take(self, message_id: MessageId) -> Message | None:
        """Delete a due one, unless another transaction has it."""
        row = await self._connection.fetchrow(_TAKE, message_id)
        return _message(row) if row else None

    async def cancel(self, message_id: MessageId) -> bool:
        """Delete one; waits for a transaction that is sending it."""
        return bool(await self._connection.fetchval(_CANCEL, message_id))


def _message(row: Any) -> Message:
    stored = (row[name] for name in ("type", "content", "media_url", "media_id", "data"))
    return Message(
        **{name: row[name] for name in ("id", "tenant_id", "session_id", "conversation_id", "contact_id", "chat")},
        **{name: row[name] for name in ("sender_id", "is_bot", "reply_to", "created_at", "send_at")},
        direction=Direction.OUTBOUND,
        content=stored_content.decode(*stored),
        timestamp=row["created_at"],
        status=MessageStatus.PENDING,
    )
