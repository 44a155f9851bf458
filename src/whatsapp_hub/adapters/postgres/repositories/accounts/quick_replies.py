"""Quick replies of a tenant."""

from typing import Any

import asyncpg

from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import QuickReplyId

COLUMNS = "id, tenant_id, shortcut, content, created_at, updated_at"
_ONE = f"SELECT {COLUMNS} FROM quick_replies WHERE id = $1 FOR NO KEY UPDATE"
_ADD = f"INSERT INTO quick_replies ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"
_SAVE = "UPDATE quick_replies SET shortcut = $2, content = $3, updated_at = $4 WHERE id = $1"
_REMOVE = "DELETE FROM quick_replies WHERE id = $1"


def quick_reply_of(row: Any) -> QuickReply:
    """Build a quick reply from its row."""
    return QuickReply(**dict(row))


class PostgresQuickReplies:
    """Quick replies of the transaction's tenant."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def get(self, reply_id: QuickReplyId) -> QuickReply:
        """Read and lock one. Raises NotFound."""
        row = await self._connection.fetchrow(_ONE, reply_id)
        if row is None:
            raise NotFound("quick reply", reply_id)
        return quick_reply_of(row)

    async def add(self, reply: QuickReply) -> None:
        """Insert it. Raises Conflict: the shortcut is taken."""
        r = reply
        await self._write(reply, _ADD, r.id, r.tenant_id, r.shortcut, r.content, r.created_at, r.updated_at)

    async def save(self, reply: QuickReply) -> None:
        """Update it. Raises Conflict: the shortcut is taken."""
        await self._write(reply, _SAVE, reply.id, reply.shortcut, reply.content, reply.updated_at)

    async def _write(self, reply: QuickReply, statement: str, *values: object) -> None:
        try:
            await self._connection.execute(statement, *values)
        except asyncpg.UniqueViolationError as error:
            taken = f"another quick reply has the shortcut {reply.shortcut!r}"
            raise Conflict("shortcut_taken", taken) from error

    async def remove(self, reply_id: QuickReplyId) -> None:
        """Delete it."""
        await self._connection.execute(_REMOVE, reply_id)
