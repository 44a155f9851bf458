"""Move a contact's messages to another lane when the customer has a new address."""

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.domain.ids import ContactId, SessionId

# Messages before lanes, as everywhere.
_WAITING = """
    SELECT id FROM messages WHERE session_id = $1 AND chat = $2 AND contact_id = $3 AND queue_seq IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE"""
_MAKE = """
    INSERT INTO hub.lanes (session_id, chat, tenant_id, provider, queued, next_at)
    SELECT session_id, $3, tenant_id, provider, 0, (SELECT now FROM hub.time)
    FROM hub.lanes WHERE session_id = $1 AND chat = $2
    ON CONFLICT DO NOTHING"""
_LOCK = """
    SELECT chat, attempt_message FROM hub.lanes WHERE session_id = $1 AND chat = ANY($2::text[])
    ORDER BY session_id, chat FOR NO KEY UPDATE"""
_MOVE = "UPDATE messages SET chat = $2 WHERE id = ANY($1::uuid[])"
# A head that was tried before keeps its tries; a provider call under way, or one whose receipt is awaited, ends before
# the new lane begins.
_COUNT = """
    WITH old AS (
      UPDATE hub.lanes SET queued = greatest(queued - $4, 0), slot_at = NULL, typing_for = NULL,
        tries = CASE WHEN attempt_message IS NULL THEN 0 ELSE tries END
      WHERE session_id = $1 AND chat = $2
      RETURNING next_at, paced_until)
    UPDATE hub.lanes l SET queued = l.queued + $4, tries = CASE WHEN l.queued = 0 THEN $5 ELSE l.tries END,
      next_at = greatest(l.next_at, old.next_at), paced_until = greatest(l.paced_until, old.paced_until)
    FROM old WHERE l.session_id = $1 AND l.chat = $3"""
_TRIES = """
    SELECT CASE WHEN attempt_message IS NULL THEN tries ELSE 0 END FROM hub.lanes
    WHERE session_id = $1 AND chat = $2"""


async def move(connection: Statements, session_id: SessionId, chat: str, to: str, contact_id: ContactId) -> int:
    """Move waiting messages; return how many."""
    waiting = [row["id"] for row in await connection.fetch(_WAITING, session_id, chat, contact_id)]
    if not waiting or chat == to:
        return 0
    await connection.execute(_MAKE, session_id, chat, to)
    lanes = await connection.fetch(_LOCK, session_id, [chat, to])
    under_way = {row["attempt_message"] for row in lanes}
    moved = [id for id in waiting if id not in under_way]
    if moved:
        tries = await connection.fetchval(_TRIES, session_id, chat)
        await connection.execute(_MOVE, moved, to)
        await connection.execute(_COUNT, session_id, chat, to, len(moved), tries)
    return len(moved)
