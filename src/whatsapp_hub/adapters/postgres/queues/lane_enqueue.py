"""Append messages to their lanes.

A lane's row is locked before its messages are numbered: numbers rise in the order of commits. They are drawn once all
these lanes are locked, so that they are in the order of their transactions.
"""

from collections.abc import Mapping, Sequence

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.repositories.messages import ALL, rows_of, written
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.message import Message

# Of messages `m`, those that have a provider.
_LANE = """
    INSERT INTO hub.lanes AS l (session_id, chat, tenant_id, provider, queued, next_at)
    SELECT session_id, chat, hub.tenant(), min(provider), count(*), (SELECT now FROM hub.time)
    FROM m WHERE provider IS NOT NULL GROUP BY session_id, chat ORDER BY session_id, chat
    ON CONFLICT (session_id, chat) DO UPDATE SET
      queued = l.queued + excluded.queued, provider = excluded.provider,
      next_at = CASE WHEN l.queued = 0 THEN greatest(l.next_at, (SELECT now FROM hub.time)) ELSE l.next_at END
    RETURNING session_id, chat"""
_ENQUEUE = f"""
    WITH m AS (
      SELECT *, $4::text AS provider
      FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS m(session_id, chat, id, n)),
    lane AS ({_LANE})
    UPDATE messages SET queue_seq = x.seq
    FROM (SELECT id, nextval('queue_seq') AS seq FROM m JOIN lane USING (session_id, chat) ORDER BY n) AS x
    WHERE messages.id = x.id"""
_NAMES = ", ".join(ALL.names)
_ADD = Write(
    "messages",
    f"""INSERT INTO messages ({_NAMES}, queue_seq)
        SELECT {ALL.values}, CASE WHEN x.provider IS NOT NULL AND locked.lanes > 0 THEN nextval('queue_seq') END
        FROM m AS x, (SELECT count(*) AS lanes FROM lane) AS locked ORDER BY x.n""",
    (
        (
            "m",
            f"""SELECT * FROM unnest({ALL.parameters}, ${len(ALL.names) + 1}::text[]) WITH ORDINALITY
                  AS m({_NAMES}, provider, n)""",
        ),
        ("lane", _LANE),
    ),
)


async def enqueue(connection: Statements, messages: Sequence[Message], provider: str) -> None:
    """Append stored messages, in this order."""
    keys = [m.session_id for m in messages], [m.chat for m in messages], [m.id for m in messages]
    await connection.execute(_ENQUEUE, *keys, provider)


async def add(connection: Statements, messages: Sequence[Message], providers: Mapping[MessageId, str]) -> None:
    """Store new messages, in this order, and append those that have a provider to their lanes."""
    providers_of = [providers.get(m.id) for m in messages]
    await connection.defer(_ADD, *rows_of(messages), providers_of, rows=written(messages))
