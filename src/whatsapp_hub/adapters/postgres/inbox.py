"""The tenant's share of the inbox: which chats' updates to work on next."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from whatsapp_hub.application.ports.inbox import InboxItem
from whatsapp_hub.domain.ids import TenantId

# From one chat's head to the next along inbox_pending, beginning after ($2, $3): each step is one index look-up,
# however much a chat has waiting. The recursion runs only as far as LIMIT asks, and a lock is tried only on chats
# whose head is due. Advisory locks die with the transaction.
_PICK = """
    WITH RECURSIVE head AS (
      (SELECT session_id, chat, retry_at, 1 AS step FROM hub.inbox
       WHERE state = 'pending' AND tenant_id = $1 AND (session_id, chat) > ($2, $3)
       ORDER BY session_id, chat, id LIMIT 1)
      UNION ALL
      SELECT next.session_id, next.chat, next.retry_at, head.step + 1 FROM head
      CROSS JOIN LATERAL (
        SELECT session_id, chat, retry_at FROM hub.inbox
        WHERE state = 'pending' AND tenant_id = $1 AND (session_id, chat) > (head.session_id, head.chat)
        ORDER BY session_id, chat, id LIMIT 1) AS next
      WHERE head.step < 8 * $4::int)
    SELECT session_id, chat, pg_try_advisory_xact_lock(hashtextextended(session_id::text || chat, 3)) AS is_ours
    FROM head WHERE retry_at IS NULL OR retry_at <= clock_timestamp() LIMIT $4"""
# A statement of its own: it sees what whoever held these locks before has committed. Of each chat a prefix, up to
# the first update that waits for its retry; short chats are not starved by long ones.
_READ = """
    WITH picked AS (
      SELECT i.id, rank FROM unnest($2::uuid[], $3::text[]) AS c(session_id, chat)
      CROSS JOIN LATERAL (
        SELECT id, row_number() OVER w AS rank,
          bool_and(retry_at IS NULL OR retry_at <= clock_timestamp()) OVER w AS due
        FROM (SELECT id, retry_at FROM hub.inbox p
              WHERE p.state = 'pending' AND p.tenant_id = $1 AND p.session_id = c.session_id AND p.chat = c.chat
              ORDER BY id LIMIT $5) AS first
        WINDOW w AS (ORDER BY id)) AS i
      WHERE due ORDER BY rank, id LIMIT $4)
    SELECT id, session_id, provider, chat, body, received_at, tries, fence
    FROM hub.inbox JOIN picked USING (id) ORDER BY id"""
_DONE = "UPDATE hub.inbox SET state = 'done', retry_at = NULL, error = NULL WHERE id = ANY($1::bigint[])"
_RETRY = """
    UPDATE hub.inbox SET tries = tries + 1, error = $2, retry_at = clock_timestamp() + $3 * interval '1 second'
    WHERE id = $1"""
_QUARANTINE = """
    UPDATE hub.inbox SET state = 'quarantined', tries = tries + 1, error = $2, retry_at = NULL WHERE id = $1"""

_START = (UUID(int=0), "")
ERROR_CHARACTERS = 2000


class Rounds:
    """Where each tenant's claims of this process go on, so that every chat has its turn."""

    def __init__(self) -> None:
        self.after: dict[TenantId, tuple[UUID, str]] = {}


class PostgresInbox:
    def __init__(self, connection: Any, tenant_id: TenantId, rounds: Rounds) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._rounds = rounds
        self.has_more = False

    async def claim(self, limit: int) -> list[InboxItem]:
        seen = await self._pick(limit)
        chats = [chat for chat, is_ours in seen.items() if is_ours]
        items = await self._read(chats, limit) if chats else []
        # Two at least are read of each chat that has them: where one of each was there, nothing else was due.
        self.has_more = len(seen) >= limit or len(seen) > len(chats) or len(items) > len(chats)
        return items

    async def _read(self, chats: Sequence[tuple[UUID, str]], limit: int) -> list[InboxItem]:
        sessions, names = zip(*chats, strict=True)
        of_each = 2 * -(-limit // len(chats))  # a long chat's rest has its turn in the next claim
        rows = await self._connection.fetch(_READ, self._tenant_id, sessions, names, limit, of_each)
        return [InboxItem(**dict(row)) for row in rows]

    async def _pick(self, limit: int) -> dict[tuple[UUID, str], bool]:
        """Chats from where the last claim stopped, from the first one again when the end is reached; whether they are
        ours, or somebody else works on them."""
        began = self._rounds.after.get(self._tenant_id, _START)
        chats = await self._chats(began, limit)
        if len(chats) < limit and began != _START:
            chats = await self._chats(_START, limit - len(chats)) | chats
        if len(chats) < limit:
            self._rounds.after.pop(self._tenant_id, None)
        else:
            self._rounds.after[self._tenant_id] = next(reversed(chats))
        return chats

    async def _chats(self, after: tuple[UUID, str], limit: int) -> dict[tuple[UUID, str], bool]:
        rows = await self._connection.fetch(_PICK, self._tenant_id, *after, limit)
        return {(row["session_id"], row["chat"]): row["is_ours"] for row in rows}

    async def done(self, ids: Sequence[int]) -> None:
        if ids:
            await self._connection.execute(_DONE, list(ids))

    async def retry(self, item_id: int, error: str, after_s: float) -> None:
        await self._connection.execute(_RETRY, item_id, _short(error), after_s)

    async def quarantine(self, item_id: int, error: str) -> None:
        await self._connection.execute(_QUARANTINE, item_id, _short(error))


def _short(error: str) -> str:
    return error.replace("\x00", "�").encode("utf-8", "replace").decode()[:ERROR_CHARACTERS]
