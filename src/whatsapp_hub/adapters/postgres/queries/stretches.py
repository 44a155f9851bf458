"""Messages from the middle of a conversation: around one of them, and onwards from there. Along
messages_of_conversation."""

from collections.abc import Sequence
from typing import Any

from whatsapp_hub.adapters.postgres.engine.pages import is_cut
from whatsapp_hub.adapters.postgres.queries import glances
from whatsapp_hub.adapters.postgres.queries.cursors import Older, encode_cursor
from whatsapp_hub.adapters.postgres.repositories import messages
from whatsapp_hub.application.reading.queries import Stretch
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, MessageId

_PLACE = "SELECT seq FROM messages WHERE id = $1 AND conversation_id = $2 AND target IS NULL"
_UPTO = messages.within_a_page(
    f"{messages.SELECT} WHERE conversation_id = $1 AND seq <= $2 AND target IS NULL ORDER BY seq DESC LIMIT $3",
    "seq DESC",
)
_AFTER = messages.within_a_page(
    f"{messages.SELECT} WHERE conversation_id = $1 AND seq > $2 AND target IS NULL ORDER BY seq LIMIT $3", "seq"
)
_HAS_OLDER = "SELECT EXISTS (SELECT FROM messages WHERE conversation_id = $1 AND seq < $2 AND target IS NULL)"


async def around(connection: Any, conversation_id: ConversationId, message_id: MessageId, limit: int) -> Stretch:
    """Read the messages around one, of which it is one. Raises NotFound."""
    seq = await connection.fetchval(_PLACE, message_id, conversation_id)
    if seq is None:
        raise NotFound("message", message_id)
    half = (limit + 1) // 2
    before = await connection.fetch(_UPTO, conversation_id, seq, half + 1)
    shown = list(reversed(before[:half]))
    following = await connection.fetch(_AFTER, conversation_id, seq, limit - len(shown) + 1)
    rows = shown + following[: limit - len(shown)]
    return await _stretch(connection, rows, is_cut(before, half), is_cut(following, limit - len(shown)))


async def after(connection: Any, conversation_id: ConversationId, seq: int, limit: int) -> Stretch:
    """Read the messages that follow a place."""
    rows = await connection.fetch(_AFTER, conversation_id, seq, limit + 1)
    first = rows[0]["seq"] if rows else seq + 1
    has_older = await connection.fetchval(_HAS_OLDER, conversation_id, first)
    return await _stretch(connection, rows[:limit], has_older, is_cut(rows, limit))


async def _stretch(connection: Any, rows: Sequence[Any], has_older: bool, has_newer: bool) -> Stretch:
    page = [messages.message_of(row) for row in rows]
    await glances.quote(connection, page)
    older = encode_cursor(Older(rows[0]["seq"])) if rows and has_older else None
    return Stretch(page, older, has_newer)
