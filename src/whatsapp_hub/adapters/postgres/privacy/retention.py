"""Delete data past a company's retention, kind by kind: see `RetentionSweep`.

Rows are locked only where they are free, and few at a time; messages that wait to be sent stay, with their
conversations and files, and so do events that wait to be posted.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.media.files import FREED, SIZE
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.privacy.retention import Kind

_CLOSED = """
    SELECT id FROM conversations
    WHERE tenant_id = hub.tenant() AND status IN ('RESOLVED', 'ARCHIVED') AND updated_at < $1
      AND NOT EXISTS (SELECT FROM messages m WHERE m.conversation_id = conversations.id AND m.queue_seq IS NOT NULL)
      AND NOT EXISTS (SELECT FROM hub.scheduled s WHERE s.conversation_id = conversations.id)
    ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED"""
_WORDS_OF = """
    DELETE FROM messages WHERE id = ANY (ARRAY(
      SELECT id FROM messages WHERE conversation_id = ANY ($1::uuid[]) LIMIT $2))"""
_HANGS_ON = tuple(
    f"DELETE FROM {table} WHERE conversation_id = ANY ($1::uuid[])"
    for table in ("notes", "notifications", "assignments")
)
# What was sent to whom, with the campaign's name and texts.
_CAMPAIGNS = """
    DELETE FROM hub.campaigns WHERE id = ANY (ARRAY(
      SELECT id FROM hub.campaigns WHERE tenant_id = hub.tenant() AND ended_at < $1
      ORDER BY ended_at LIMIT 1 FOR UPDATE SKIP LOCKED))"""
_ROUNDS = """
    DELETE FROM conversations WHERE id = ANY ($1::uuid[])
      AND NOT EXISTS (SELECT FROM hub.scheduled s WHERE s.conversation_id = conversations.id)"""
# The oldest of each conversation, by the index messages_of_conversation: recent ones cost one probe a conversation.
_MESSAGES = """
    DELETE FROM messages WHERE id = ANY (ARRAY(
      SELECT m.id FROM conversations c CROSS JOIN LATERAL (
        SELECT id, created_at, queue_seq FROM messages WHERE conversation_id = c.id ORDER BY seq LIMIT $2) AS m
      WHERE c.tenant_id = hub.tenant() AND c.created_at < $1 AND m.created_at < $1 AND m.queue_seq IS NULL LIMIT $2))"""
_WAITS = """(EXISTS (SELECT FROM messages m WHERE m.media_id = media.id {which})
      OR EXISTS (SELECT FROM hub.scheduled s WHERE s.media_id = media.id))"""
_FILES = """
    SELECT id FROM media WHERE tenant_id = hub.tenant() AND created_at < $1 AND NOT {kept}
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED"""
_FREE = f"""
    WITH gone AS (
      DELETE FROM media WHERE id = ANY ($1::uuid[]) AND NOT {{kept}}
      RETURNING sha256, thumbnail, {SIZE} AS size),{FREED}
    SELECT count(*) FROM gone"""
_TO_BE_SENT = _WAITS.format(which="AND m.queue_seq IS NOT NULL")
_USED = _WAITS.format(which="")
_EVENTS = f"""
    UPDATE hub.events SET type = '{EventType.EVENT_ERASED.value}', conversation_id = NULL, body = '{{}}'
    WHERE position = ANY (ARRAY(
      SELECT e.position FROM hub.events e
      WHERE e.tenant_id = $1 AND e.type <> '{EventType.EVENT_ERASED.value}' AND e.occurred_at < $2 AND NOT EXISTS (
        SELECT FROM hub.webhooks w JOIN hub.webhook_deliveries d ON d.webhook_id = w.id
        WHERE w.tenant_id = $1 AND d.position = e.position AND d.state = 'pending')
      ORDER BY e.position LIMIT $3))"""
_AUDIT = """
    DELETE FROM hub.audit WHERE id = ANY (ARRAY(
      SELECT id FROM hub.audit WHERE tenant_id = $1 AND at < $2 ORDER BY id LIMIT $3))"""
# The key of a processed update stays: its provider may deliver it again.
_DONE = """
    UPDATE hub.inbox SET body = '', error = NULL WHERE id = ANY (ARRAY(
      SELECT i.id FROM hub.sessions s JOIN hub.inbox i ON i.source = s.id::text
      WHERE s.tenant_id = $1 AND i.state = 'done' AND i.received_at < $2 AND i.body <> '' LIMIT $3))"""
_FAILED = """
    DELETE FROM hub.inbox WHERE id = ANY (ARRAY(
      SELECT id FROM hub.inbox WHERE tenant_id = $1 AND state = 'quarantined' AND received_at < $2 LIMIT $3))"""

_Trim = Callable[[TenantId, datetime, int], Awaitable[int]]


class PostgresRetentionSweep:
    """Implements `RetentionSweep`."""

    def __init__(self, database: Database, storage: PostgresStorage) -> None:
        self._database = database
        self._storage = storage
        self._trims: dict[Kind, _Trim] = {
            Kind.CONVERSATIONS: self._rounds,
            Kind.MESSAGES: self._messages,
            Kind.MEDIA: self._media,
            Kind.EVENTS: self._system(_EVENTS),
            Kind.AUDIT: self._system(_AUDIT),
            Kind.UPDATES: self._system(_DONE, _FAILED),
        }

    async def trim(self, tenant_id: TenantId, kind: Kind, before: datetime, limit: int) -> int:
        """Delete at most `limit` things of one kind that are older than `before`; return how many."""
        return await self._trims[kind](tenant_id, before, limit)

    async def trim_unused_files(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        """Delete files that no message names any more; return how many."""
        return await self._files(tenant_id, before, limit, _USED)

    async def _rounds(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        """Delete conversations, their messages first: a conversation may have many."""
        async with self._storage.connection(tenant_id) as connection:
            rounds = [row["id"] for row in await connection.fetch(_CLOSED, before, limit)]
            if not rounds:
                return _count(await connection.execute(_CAMPAIGNS, before))
            if words := _count(await connection.execute(_WORDS_OF, rounds, limit)):
                return words
            for statement in _HANGS_ON:
                await connection.execute(statement, rounds)
            return _count(await connection.execute(_ROUNDS, rounds))

    async def _messages(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        async with self._storage.connection(tenant_id) as connection:
            return _count(await connection.execute(_MESSAGES, before, limit))

    async def _media(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        return await self._files(tenant_id, before, limit, _TO_BE_SENT)

    async def _files(self, tenant_id: TenantId, before: datetime, limit: int, kept: str) -> int:
        """Lock files, then delete them, so that the deletion sees a message stored with one of them meanwhile."""
        async with self._storage.connection(tenant_id) as connection:
            found = [row["id"] for row in await connection.fetch(_FILES.format(kept=kept), before, limit)]
            freed: int = await connection.fetchval(_FREE.format(kept=kept), found) if found else 0
            return freed

    def _system(self, *statements: str) -> _Trim:
        async def trim(tenant_id: TenantId, before: datetime, limit: int) -> int:
            async def work(connection: Any) -> int:
                return sum([_count(await connection.execute(s, tenant_id, before, limit)) for s in statements])

            return await self._database.system(work)

        return trim


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
