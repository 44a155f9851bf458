"""Erase a customer, table by table: see `ErasureSweep`.

A statement erases some rows and counts them in the proof, in one transaction. Rows that belong to the contact are
erased as hub_app, under row-level security; logs are scanned as hub_system, along an index by company.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.media.files import FREED, SIZE
from whatsapp_hub.adapters.postgres.privacy.begin import erasure_of
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.operations.privacy import Erasure
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import ErasureId

ERASED = EventType.EVENT_ERASED.value

_TAKE = """
    UPDATE hub.contact_erasures SET taken_until = (SELECT now FROM hub.time) + make_interval(secs => $1)
    WHERE id = (
      SELECT id FROM hub.contact_erasures
      WHERE finished_at IS NULL AND taken_until <= (SELECT now FROM hub.time) AND id <> ALL ($2::uuid[])
      ORDER BY begun_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, tenant_id, contact_id, caller, user_id, begun_at, finished_at, counts"""
_GIVE_BACK = "UPDATE hub.contact_erasures SET taken_until = '-infinity' WHERE id = $1"
_ROUNDS = "((SELECT conversations FROM e)::uuid[])"
_NAMES = "((SELECT names FROM e)::text[])"
_COUNT = """
    WITH e AS MATERIALIZED (SELECT * FROM hub.contact_erasures WHERE id = $1),
    {work},
    n AS (SELECT count(*) AS n FROM gone)
    UPDATE hub.contact_erasures c
    SET counts = hub.counted(c.counts, '{key}', n.n)
    FROM n WHERE c.id = $1 AND n.n > 0 RETURNING n.n"""


@dataclass(frozen=True, slots=True)
class Place:
    """A table's rows about one contact. `erase` deletes or blanks up to $2 of them, `RETURNING 1`."""

    table: str
    way: str
    erase: str

    @property
    def statement(self) -> str:
        """SQL that erases a batch here and counts it."""
        return _COUNT.format(work=f"gone AS ({self.erase})", key=f"{self.table} {self.way}")


def _deleted(table: str, which: str, id: str = "ctid") -> Place:
    rows = f"SELECT {id} FROM {table} t WHERE {which} LIMIT $2"
    return Place(table, "deleted", f"DELETE FROM {table} WHERE {id} = ANY (ARRAY({rows})) RETURNING 1")


_OF_ROUND = f"conversation_id = ANY {_ROUNDS}"
PLACES = (
    _deleted("notes", _OF_ROUND),
    _deleted("notifications", _OF_ROUND),
    _deleted("assignments", _OF_ROUND),
    _deleted(
        "hub.early_receipts",
        f"""t.tenant_id = hub.tenant() AND (EXISTS (
          SELECT FROM messages m WHERE m.session_id = t.session_id AND m.whatsapp_message_id = t.provider_message_id
            AND m.conversation_id = ANY {_ROUNDS})
          OR kept_at <= (SELECT begun_at FROM e) AND EXISTS (
            SELECT FROM unnest {_NAMES} AS n WHERE length(n) > 6 AND position(n IN t.provider_message_id) > 0))""",
    ),
    _deleted(
        "hub.idempotency_keys",
        f"""t.tenant_id = hub.tenant() AND EXISTS (
          SELECT FROM messages m WHERE m.id = t.message_id AND m.conversation_id = ANY {_ROUNDS})""",
    ),
    _deleted(
        "hub.sandbox_screens",
        f"t.tenant_id = hub.tenant() AND phone = ANY {_NAMES} AND at <= (SELECT begun_at FROM e)",
    ),
    _deleted(
        "hub.commands",
        f"""t.tenant_id = hub.tenant() AND asked_at <= (SELECT begun_at FROM e) AND EXISTS (
          SELECT FROM unnest {_NAMES} AS n WHERE length(n) > 6 AND position(n IN t.argument) > 0)""",
    ),
    _deleted(
        "early_changes",
        f"EXISTS (SELECT FROM messages m WHERE m.id = t.message_id AND m.conversation_id = ANY {_ROUNDS})",
    ),
    _deleted("messages", _OF_ROUND, "id"),
    _deleted(
        "hub.lanes",
        """t.tenant_id = hub.tenant() AND queued = 0 AND attempt_message IS NULL AND (session_id, chat) IN (
          SELECT * FROM unnest((SELECT chat_sessions FROM e), (SELECT chats FROM e)))
          AND NOT EXISTS (SELECT FROM conversations c WHERE c.session_id = t.session_id AND c.chat = t.chat)""",
    ),
    _deleted("hub.provider_blocks", "t.tenant_id = hub.tenant() AND contact_id = (SELECT contact_id FROM e)"),
    _deleted("conversations", "contact_id = (SELECT contact_id FROM e)", "id"),
    _deleted("contacts", "id = (SELECT contact_id FROM e)", "id"),
    Place(
        "hub.outbox",
        "blanked",
        f"""UPDATE hub.outbox SET type = '{ERASED}', conversation_id = NULL, body = '{{}}' WHERE id = ANY (ARRAY(
            SELECT id FROM hub.outbox WHERE tenant_id = hub.tenant() AND {_OF_ROUND} LIMIT $2)) RETURNING 1""",
    ),
)
# Messages that the person wrote in groups stay, blank and without an author.
_IN_GROUPS = f"""
    WITH e AS MATERIALIZED (SELECT * FROM hub.contact_erasures WHERE id = $1)
    UPDATE messages SET content = '', data = NULL, media_url = NULL, media_id = NULL, author = NULL,
      author_name = NULL, author_phone = NULL, annotations = NULL, reply_to = NULL, whatsapp_message_id = NULL
    WHERE id = ANY (ARRAY(
      SELECT m.id FROM contacts k JOIN conversations c ON c.contact_id = k.id
        JOIN messages m ON m.conversation_id = c.id
      WHERE k.is_group AND k.tenant_id = hub.tenant() AND m.created_at <= (SELECT begun_at FROM e)
        AND regexp_replace(m.author, '^[+]|[:@].*$', '', 'g') = ANY {_NAMES} LIMIT $2))
    RETURNING id"""
# What they did to others' messages in groups: their reactions and votes go, a deletion stays without its author.
_IS_THEIRS = f"coalesce(regexp_replace({{}}, '^[+]|[:@].*$', '', 'g') = ANY {_NAMES}, false)"
_THEIR_MARK = _IS_THEIRS.format("one #>> '{by,identity}'")
_THEIR_REVOKE = _IS_THEIRS.format("a #>> '{revoked,by,identity}'")
_MARKS = f"""
    WITH e AS MATERIALIZED (SELECT * FROM hub.contact_erasures WHERE id = $1),
    changed AS MATERIALIZED (
      SELECT t.id, t.annotations::jsonb AS a
      FROM contacts k JOIN conversations c ON c.contact_id = k.id
        JOIN messages m ON m.conversation_id = c.id AND m.target IS NOT NULL
        JOIN messages t ON t.session_id = m.session_id AND t.whatsapp_message_id = m.target
      WHERE k.is_group AND k.tenant_id = hub.tenant() AND m.created_at <= (SELECT begun_at FROM e)
        AND regexp_replace(m.author, '^[+]|[:@].*$', '', 'g') = ANY {_NAMES}
        AND EXISTS (SELECT FROM (SELECT t.annotations::jsonb AS a) AS since WHERE {_THEIR_REVOKE} OR EXISTS (
          SELECT FROM jsonb_array_elements(a -> 'marks') AS one WHERE {_THEIR_MARK})) LIMIT $2)
    UPDATE messages SET annotations = (
        jsonb_set(a, '{{marks}}', coalesce((
          SELECT jsonb_agg(one) FROM jsonb_array_elements(a -> 'marks') AS one WHERE NOT {_THEIR_MARK}), '[]'))
        || CASE WHEN {_THEIR_REVOKE} THEN jsonb_build_object('revoked',
             jsonb_set(a -> 'revoked', '{{by}}', '{{"identity": ""}}')) ELSE '{{}}' END)::json
    FROM changed WHERE messages.id = changed.id RETURNING messages.id"""
_NOTE_GROUPS = """
    UPDATE hub.contact_erasures SET group_messages = group_messages || $2::uuid[],
      counts = hub.counted(counts, 'messages blanked', cardinality($2::uuid[]))
    WHERE id = $1"""
_UNSHARED = f"""NOT EXISTS (
        SELECT FROM messages o WHERE o.media_id = {{0}} AND o.conversation_id <> ALL {_ROUNDS})
      AND NOT EXISTS (
        SELECT FROM hub.scheduled s WHERE s.media_id = {{0}} AND s.contact_id <> (SELECT contact_id FROM e))"""
# Files are locked first, so that the deletion sees a message stored with one of them meanwhile.
_FILES = f"""
    WITH e AS MATERIALIZED (SELECT * FROM hub.contact_erasures WHERE id = $1)
    SELECT f.id FROM media f WHERE f.id IN (
      SELECT m.media_id FROM messages m
      WHERE m.{_OF_ROUND} AND m.media_id IS NOT NULL AND {_UNSHARED.format("m.media_id")})
    ORDER BY f.id LIMIT $2 FOR UPDATE"""
_FREE = f"""
    DELETE FROM media WHERE id = ANY ($2::uuid[]) AND {_UNSHARED.format("media.id")}
    RETURNING sha256, thumbnail, {SIZE} AS size"""
_FILES_FREED = _COUNT.format(work=f"gone AS ({_FREE}), {FREED}", key="media deleted")

_IN_EVENT = """EXISTS (
            SELECT FROM regexp_matches(
              convert_from(b.body, 'UTF8'), '"(?:message|change)":{"id":"([0-9a-f-]{36})"', 'g') AS m
            WHERE m[1]::uuid = ANY (e.group_messages))
          OR EXISTS (
            SELECT FROM unnest(e.names) AS n
            WHERE position(convert_to('"identity":"' || n || '@', 'UTF8') IN b.body) > 0)"""
# The position stays, blank; its pending deliveries are deleted.
_EVENTS = f"""
    WITH e AS MATERIALIZED (
      SELECT *, convert_to('"contactId":"' || contact_id || '"', 'UTF8') AS theirs
      FROM hub.contact_erasures WHERE id = $1),
    batch AS MATERIALIZED (
      SELECT v.* FROM e CROSS JOIN LATERAL (
        SELECT position, type, conversation_id, occurred_at, body FROM hub.events
        WHERE tenant_id = e.tenant_id AND position > e.events_upto ORDER BY position LIMIT $2) AS v),
    hit AS MATERIALIZED (
      SELECT b.position FROM batch b, e WHERE b.type NOT IN ('{ERASED}', 'contact.erased') AND (
        b.conversation_id = ANY (e.conversations) OR position(e.theirs IN b.body) > 0
        OR b.conversation_id IS NULL AND b.occurred_at <= e.begun_at AND (
          position(convert_to(e.contact_id::text, 'UTF8') IN b.body) > 0
          OR EXISTS (
            SELECT FROM unnest(e.names) AS n WHERE position(convert_to('"' || n || '"', 'UTF8') IN b.body) > 0))
        OR cardinality(e.group_messages) > 0 AND b.type LIKE 'message.%'
          AND ({_IN_EVENT}))),
    gone AS (
      UPDATE hub.events v SET type = '{ERASED}', conversation_id = NULL, body = '{{}}'
      FROM hit WHERE v.position = hit.position RETURNING 1),
    unsent AS (
      DELETE FROM hub.webhook_deliveries d USING e, hub.webhooks w, hit
      WHERE w.tenant_id = e.tenant_id AND d.webhook_id = w.id AND d.position = hit.position RETURNING 1)
    UPDATE hub.contact_erasures c SET
      events_upto = coalesce((SELECT max(position) FROM batch), c.events_upto),
      counts = hub.counted(hub.counted(c.counts, 'hub.events blanked', (SELECT count(*) FROM gone)),
        'hub.webhook_deliveries deleted', (SELECT count(*) FROM unsent))
    WHERE c.id = $1 RETURNING (SELECT count(*) FROM batch)"""
_AUDIT = """
    WITH e AS MATERIALIZED (
      SELECT *, conversations::text[] || contact_id::text AS theirs FROM hub.contact_erasures WHERE id = $1),
    batch AS MATERIALIZED (
      SELECT v.* FROM e CROSS JOIN LATERAL (
        SELECT id, entity, entity_id, before, after FROM hub.audit
        WHERE tenant_id = e.tenant_id AND id > e.audit_upto ORDER BY id LIMIT $2) AS v),
    gone AS (
      UPDATE hub.audit a SET before = hub.impersonal(a.before), after = hub.impersonal(a.after)
      FROM batch b, e WHERE a.id = b.id AND b.entity NOT IN ('contact_erasure', 'contact_export')
        AND (b.entity_id = ANY (e.theirs) OR b.before ->> 'conversation_id' = ANY (e.theirs)
          OR b.after ->> 'conversation_id' = ANY (e.theirs)) RETURNING 1)
    UPDATE hub.contact_erasures c SET
      audit_upto = coalesce((SELECT max(id) FROM batch), c.audit_upto),
      counts = hub.counted(c.counts, 'hub.audit blanked', (SELECT count(*) FROM gone))
    WHERE c.id = $1 RETURNING (SELECT count(*) FROM batch)"""

_SOURCES = """
    SELECT e.inbox_source AS at, array_agg(DISTINCT s.id::text ORDER BY s.id::text) AS sources
    FROM hub.contact_erasures e, LATERAL (
      SELECT id FROM hub.sessions WHERE tenant_id = e.tenant_id UNION SELECT unnest(e.chat_sessions)) AS s (id)
    WHERE e.id = $1 GROUP BY e.inbox_source"""
# In the person's chats every update goes; elsewhere (groups) processed ones that name the person.
_INBOX = """
    WITH e AS MATERIALIZED (SELECT * FROM hub.contact_erasures WHERE id = $1),
    batch AS MATERIALIZED (
      SELECT v.* FROM e CROSS JOIN LATERAL (
        SELECT id, session_id, dedupe_key, chat, state, received_at, body FROM hub.inbox
        WHERE source = $3 AND dedupe_key > CASE WHEN e.inbox_source = $3 THEN e.inbox_key ELSE '' END
        ORDER BY dedupe_key LIMIT $2) AS v),
    hit AS MATERIALIZED (
      SELECT b.id FROM batch b, e WHERE b.received_at <= e.begun_at AND (
        (b.session_id, b.chat) IN (SELECT * FROM unnest(e.chat_sessions, e.chats))
        OR EXISTS (
          SELECT FROM unnest(e.names, e.untils) AS n (name, until)
          WHERE (n.until IS NULL OR b.received_at <= n.until) AND (
            regexp_replace(b.chat, '^[+]|[:@].*$', '', 'g') = n.name
            OR b.state = 'done' AND length(n.name) > 6 AND position(convert_to(n.name, 'UTF8') IN b.body) > 0)))),
    gone AS (DELETE FROM hub.inbox i USING hit WHERE i.id = hit.id RETURNING i.source, i.dedupe_key),
    kept AS (
      INSERT INTO hub.erased_updates (source, digest, tenant_id)
      SELECT gone.source, sha256(convert_to(gone.dedupe_key, 'UTF8')), e.tenant_id FROM gone, e ON CONFLICT DO NOTHING)
    UPDATE hub.contact_erasures c SET
      inbox_source = $3, inbox_key = coalesce(
        (SELECT max(dedupe_key) FROM batch), CASE WHEN c.inbox_source = $3 THEN c.inbox_key ELSE '' END),
      counts = hub.counted(c.counts, 'hub.inbox deleted', (SELECT count(*) FROM gone))
    WHERE c.id = $1 RETURNING (SELECT count(*) FROM batch)"""
_FORGET_IN_STORE = """
    WITH gone AS MATERIALIZED (
      SELECT hub.forget_in_store(tenant_id, names) AS n FROM hub.contact_erasures WHERE id = $1)
    UPDATE hub.contact_erasures c
    SET counts = hub.counted(c.counts, 'whatsmeow deleted', gone.n)
    FROM gone WHERE c.id = $1 AND gone.n > 0"""
_FINISH = """
    UPDATE hub.contact_erasures SET finished_at = (SELECT now FROM hub.time), names = '{}', untils = '{}',
      chat_sessions = '{}', chats = '{}', conversations = '{}', group_messages = '{}', inbox_source = '', inbox_key = ''
    WHERE id = $1 AND finished_at IS NULL AND NOT EXISTS (
      SELECT FROM hub.placement_moves m WHERE m.tenant_id = contact_erasures.tenant_id)
    RETURNING true"""


class PostgresErasureSweep:
    """Implements `ErasureSweep`."""

    def __init__(self, database: Database, storage: PostgresStorage) -> None:
        self._database = database
        self._storage = storage

    async def take(self, lease_s: float, but: Collection[ErasureId]) -> Erasure | None:
        """Lease an erasure that is due, skipping those in `but` and those that another worker has."""
        row: Any = await self._database.system(lambda c: c.fetchrow(_TAKE, lease_s, list(but)))
        return erasure_of(row) if row else None

    async def leave(self, erasure: Erasure) -> None:
        """End the lease, so that any worker may go on."""
        await self._database.system(lambda c: c.execute(_GIVE_BACK, erasure.id))

    async def rows(self, erasure: Erasure, limit: int) -> int:
        """Erase up to `limit` rows, referencing tables before those that they refer to."""
        for step in (self._files, self._in_groups):
            if erased := await step(erasure, limit):
                return erased
        total = 0
        for place in PLACES:
            async with self._storage.connection(erasure.tenant_id) as connection:
                erased = await connection.fetchval(place.statement, erasure.id, limit) or 0
            total += erased
            if erased >= limit:
                break
        return total

    async def _files(self, erasure: Erasure, limit: int) -> int:
        """Delete the contact's files, but not those that others' messages carry too."""
        async with self._storage.connection(erasure.tenant_id) as connection:
            found = [row["id"] for row in await connection.fetch(_FILES, erasure.id, limit)]
            freed = await connection.fetchval(_FILES_FREED, erasure.id, found) if found else 0
        return freed or 0

    async def _in_groups(self, erasure: Erasure, limit: int) -> int:
        """Take what they did from others' messages in groups, then blank their own."""
        async with self._storage.connection(erasure.tenant_id) as connection:
            if marked := await connection.fetch(_MARKS, erasure.id, limit):
                return len(marked)
            found = [row["id"] for row in await connection.fetch(_IN_GROUPS, erasure.id, limit)]
            if found:
                await connection.execute(_NOTE_GROUPS, erasure.id, found)
        return len(found)

    async def log(self, erasure: Erasure, limit: int) -> bool:
        """Blank events, audit rows and inbox updates of the customer; return whether there may be more."""
        for statement in (_EVENTS, _AUDIT):
            if await self._seen(statement, erasure.id, limit):
                return True
        return await self._inbox(erasure, limit)

    async def _inbox(self, erasure: Erasure, limit: int) -> bool:
        row: Any = await self._database.system(lambda c: c.fetchrow(_SOURCES, erasure.id))
        for source in row["sources"] if row else ():
            if source >= row["at"] and await self._seen(_INBOX, erasure.id, limit, source):
                return True
        return False

    async def _seen(self, statement: str, *arguments: object) -> int:
        """Run a batch; return how many rows it examined."""
        seen: int | None = await self._database.system(lambda c: c.fetchval(statement, *arguments))
        return seen or 0

    async def finish(self, erasure: Erasure) -> bool:
        """Remove the customer from WhatsApp Web's store and mark the erasure as done; False while the company moves."""
        await self._database.system(lambda c: c.execute(_FORGET_IN_STORE, erasure.id))
        return bool(await self._database.system(lambda c: c.fetchval(_FINISH, erasure.id)))
