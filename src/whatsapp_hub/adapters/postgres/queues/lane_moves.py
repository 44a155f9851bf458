"""Move a contact's messages to another lane when the customer has a new address; what a move of the session to another
provider touches."""

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.adapters.postgres.repositories.messages import COLUMNS, message_of, within_a_page
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.sessions.moving import Affected, Waiting

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
_DUE = """
    SELECT count(*) FROM (
      SELECT FROM hub.lanes WHERE session_id = $1 AND queued > 0 AND attempt_message IS NULL
        AND next_at <= (SELECT now FROM hub.time) + interval '5 seconds' LIMIT $2) AS due"""

_FIRST = within_a_page(
    "SELECT * FROM messages WHERE session_id = $1 AND queue_seq IS NOT NULL ORDER BY queue_seq LIMIT $2", "queue_seq"
)
_QUEUE = f"""
    SELECT {", ".join(f"m.{name}" for name in COLUMNS.split(", "))}, c.window_closes_at AS shuts_at, i.*
    FROM ({_FIRST}) AS m
    LEFT JOIN conversations c ON c.id = m.conversation_id
    CROSS JOIN LATERAL (
      SELECT array_agg(kind ORDER BY added_at, kind, value) AS kinds,
        array_agg(value ORDER BY added_at, kind, value) AS names,
        array_agg(address ORDER BY added_at, kind, value) AS addresses
      FROM contact_identities WHERE contact_id = m.contact_id) AS i"""
_TOUCHED = """
    SELECT (SELECT coalesce(sum(queued), 0) FROM hub.lanes WHERE session_id = $1) AS queued,
      count(*) FILTER (WHERE x.is_group) AS groups,
      count(*) FILTER (WHERE NOT x.is_group AND coalesce(c.window_closes_at <= (SELECT now FROM hub.time), true))
        AS shut,
      (SELECT count(*) FROM hub.fetches WHERE session_id = $1 AND tenant_id = hub.tenant()) AS files
    FROM conversations c JOIN contacts x ON x.id = c.contact_id
    WHERE c.session_id = $1 AND c.status IN ('OPEN', 'ASSIGNED')"""


async def affected(connection: Statements, session_id: SessionId, limit: int) -> Affected:
    """Read what a move of the session touches, without locks; of very long waiting messages fewer than `limit`."""
    waiting = []
    for row in await connection.fetch(_QUEUE, session_id, limit):
        message = message_of(row)
        seen = zip(row["kinds"] or (), row["names"] or (), row["addresses"] or (), strict=True)
        recipient = tuple(Identity(IdentityKind(kind), value, address) for kind, value, address in seen)
        waiting.append(Waiting(message.content, recipient, message.reply_to, row["shuts_at"]))
    [touched] = await connection.fetch(_TOUCHED, session_id)
    return Affected(tuple(waiting), touched["queued"], touched["groups"], touched["shut"], touched["files"])


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


async def waiting(connection: Statements, session_id: SessionId, limit: int) -> int:
    """Count the lanes of a session in which a message waits for its turn."""
    found: int = await connection.fetchval(_DUE, session_id, limit)
    return found
