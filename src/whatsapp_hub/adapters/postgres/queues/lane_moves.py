"""Move a contact's messages to another lane when the customer has a new address; what a move of the session to another
provider touches.

A call under way stays in the lane that it began in. The new lane waits for it (`awaits`), however many messages there
are, and goes on with its end; if it has to be repeated it is the new lane's first message.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.repositories.messages import COLUMNS, message_of, within_a_page
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.sessions.moving import Affected, Waiting

# Messages before lanes, as everywhere.
_WAITING = """
    SELECT id FROM messages WHERE session_id = $1 AND chat = $2 AND contact_id = $3 AND queue_seq IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE"""
_AWAITS = """
    SELECT m.id FROM hub.lanes l JOIN messages m ON m.id = l.awaits AND m.contact_id = $3
    WHERE l.session_id = $1 AND l.chat = $2"""
_MAKE = """
    INSERT INTO hub.lanes (session_id, chat, tenant_id, provider, queued, next_at)
    SELECT session_id, $3, tenant_id, provider, 0, (SELECT now FROM hub.time)
    FROM hub.lanes WHERE session_id = $1 AND chat = $2
    ON CONFLICT DO NOTHING"""
_LOCK = """
    SELECT chat, attempt_message, awaits, tries FROM hub.lanes WHERE session_id = $1 AND chat = ANY($2::text[])
    ORDER BY session_id, chat FOR NO KEY UPDATE"""
_MOVE = "UPDATE messages SET chat = $2 WHERE id = ANY($1::uuid[])"
# A head that was tried before keeps its tries. Who ends the awaited call ($6) says when the new lane goes on; $7
# seconds after the lease it does so by itself.
_COUNT = """
    WITH old AS (
      UPDATE hub.lanes SET queued = greatest(queued - $4, 0), slot_at = NULL, typing_for = NULL,
        tries = CASE WHEN attempt_message IS NULL THEN 0 ELSE tries END
      WHERE session_id = $1 AND chat = $2
      RETURNING next_at, paced_until)
    UPDATE hub.lanes l SET queued = l.queued + $4, tries = CASE WHEN l.queued = 0 THEN $5 ELSE l.tries END,
      awaits = coalesce($6::uuid, l.awaits),
      next_at = greatest(l.next_at, old.next_at + $7::float8 * interval '1 second'),
      paced_until = greatest(l.paced_until, old.paced_until)
    FROM old WHERE l.session_id = $1 AND l.chat = $3"""
_IS_QUEUED = "SELECT queue_seq IS NOT NULL FROM messages WHERE id = $1 AND contact_id = $2"
_AWAIT_NO_MORE = """
    UPDATE hub.lanes SET awaits = NULL, next_at = coalesce(lease_until, (SELECT now FROM hub.time))
    WHERE session_id = $1 AND chat = $2"""
LATE_S = 60.0
"""A lane that waits for a call of another one goes on so long after its lease, if nothing ended the call."""

# Named like the part of lane_enqueue.py that writes lanes: the two are never parts of one statement.
_GO_ON = Write(
    "lanes",
    """UPDATE hub.lanes l SET awaits = CASE WHEN lane.stays THEN l.awaits END,
         next_at = greatest(l.lease_until, (SELECT now FROM hub.time) + lane.again_in_s * interval '1 second')
       FROM lane WHERE l.session_id = lane.session_id AND l.chat = lane.chat""",
    (
        (
            "lane",
            """SELECT l.session_id, l.chat, ended.again_in_s, ended.stays
               FROM unnest($1::uuid[], $2::float8[], $3::bool[]) AS ended(id, again_in_s, stays)
               JOIN hub.lanes l ON l.awaits = ended.id
               ORDER BY l.session_id, l.chat FOR NO KEY UPDATE OF l""",
        ),
    ),
)
_FOLLOWING = """
    SELECT session_id, chat, awaits FROM hub.lanes WHERE awaits = ANY($1::uuid[])
    ORDER BY session_id, chat FOR NO KEY UPDATE"""
_BRING = """
    WITH old AS (SELECT next_at, tries FROM hub.lanes WHERE session_id = $1 AND chat = $2),
    without AS (
      UPDATE hub.lanes SET queued = greatest(queued - 1, 0), tries = 0, next_at = (SELECT now FROM hub.time)
      WHERE session_id = $1 AND chat = $2),
    head AS (UPDATE messages SET chat = $3 WHERE id = $4)
    UPDATE hub.lanes l SET queued = l.queued + 1, awaits = NULL,
      tries = CASE WHEN l.attempt_message IS NULL THEN old.tries ELSE l.tries END,
      next_at = coalesce(l.lease_until, old.next_at)
    FROM old WHERE l.session_id = $1 AND l.chat = $3"""
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
    """Move waiting messages; return how many. What is under way, or its receipt awaited, ends before the new lane
    begins, also where nothing waits yet."""
    if chat == to:
        return 0
    waiting = [row["id"] for row in await connection.fetch(_WAITING, session_id, chat, contact_id)]
    if not waiting and not await connection.fetchval(_AWAITS, session_id, chat, contact_id):
        return 0
    await connection.execute(_MAKE, session_id, chat, to)
    lanes = {row["chat"]: row for row in await connection.fetch(_LOCK, session_id, [chat, to])}
    if (old := lanes.get(chat)) is None:
        return 0
    under_way = {row["attempt_message"] for row in lanes.values()}
    moved = [id for id in waiting if id not in under_way]
    ahead, late_s, is_taken = await _ahead(connection, old, waiting, contact_id)
    if moved:
        await connection.execute(_MOVE, moved, to)
    if moved or ahead:
        tries = old["tries"] if moved and old["attempt_message"] is None else 0
        await connection.execute(_COUNT, session_id, chat, to, len(moved), tries, ahead, late_s)
    if is_taken:
        await connection.execute(_AWAIT_NO_MORE, session_id, chat)
    return len(moved)


async def _ahead(
    connection: Statements, old: Any, waiting: Collection[UUID], contact_id: ContactId
) -> tuple[UUID | None, float, bool]:
    """Return the contact's message that ends before the new lane begins, how much later than the old lane is due, and
    whether it is the new lane alone that waits: a call of a third lane is followed by one lane."""
    if old["attempt_message"] in waiting:
        return old["attempt_message"], LATE_S, False
    is_queued = await connection.fetchval(_IS_QUEUED, old["awaits"], contact_id) if old["awaits"] else None
    return (None, 0.0, False) if is_queued is None else (old["awaits"], 0.0, is_queued)


async def go_on(connection: Statements, ended: Sequence[tuple[UUID, float, bool]]) -> None:
    """Let the lanes go on that wait for these messages: in so many seconds, by which some may still wait for a
    receipt."""
    if ended:
        await connection.defer(_GO_ON, *map(list, zip(*ended, strict=True)), rows=[id for id, *_ in ended])


async def bring_along(connection: Statements, retried: Sequence[tuple[SessionId, str, UUID]]) -> None:
    """Move messages that are to be sent again, each the head of its lane, to the lane that waits for them. Call with
    their own lanes locked."""
    rows = await connection.fetch(_FOLLOWING, [id for *_, id in retried]) if retried else ()
    lanes = {row["awaits"]: row["chat"] for row in rows}
    for session_id, chat, id in retried:
        if (to := lanes.get(id)) not in (None, chat):
            await connection.execute(_BRING, session_id, chat, to, id)


async def waiting(connection: Statements, session_id: SessionId, limit: int) -> int:
    """Count the lanes of a session in which a message waits for its turn."""
    found: int = await connection.fetchval(_DUE, session_id, limit)
    return found
