"""The tenant's part of the inbox: claim updates by chat, then mark them."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.repositories.sessions import VERSION_OF, Saw
from whatsapp_hub.application.ports.queues.inbox import ClaimedUpdates, InboxItem
from whatsapp_hub.domain.ids import SessionId, TenantId

_CLAIM = f"""
    SELECT c.*, {VERSION_OF.format(id="c.session_id")} FROM hub.claim_updates($1, $2, $3, $4) AS c ORDER BY place, id"""
_RETRY = """
    UPDATE hub.inbox SET tries = tries + 1, error = $2, retry_at = (SELECT now FROM hub.time) + $4 * interval '1 second'
    WHERE id = $1 AND state = 'pending' AND tries = $3"""
_WAIT = """
    UPDATE hub.inbox SET retry_at = (SELECT now FROM hub.time) + $2 * interval '1 second'
    WHERE id = ANY($1::bigint[])"""
_KNOWN = """
    SELECT i.session_id, i.dedupe_key FROM hub.inbox i
    JOIN unnest($1::text[], $2::text[]) AS asked (source, dedupe_key) USING (source, dedupe_key)"""
_QUARANTINE = """
    UPDATE hub.inbox SET state = 'quarantined', tries = tries + 1, error = $2, retry_at = NULL
    WHERE id = $1 AND state = 'pending' AND tries = $3"""

_ITEM = ("id", "session_id", "provider", "chat", "body", "received_at", "tries", "fence")
_START = (UUID(int=0), "")
ERROR_CHARACTERS = 2000


class ClaimCursors:
    """Where this process continues each tenant's claims, so that every chat has its turn."""

    def __init__(self) -> None:
        self.after: dict[TenantId, tuple[UUID, str]] = {}


class PostgresInbox:
    """Implements `Inbox`."""

    def __init__(self, connection: Any, tenant_id: TenantId, rounds: ClaimCursors, saw: Saw) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._rounds = rounds
        self._saw = saw
        self.finished: list[int] = []
        """Updates that the commit marks as done."""

    async def claim(self, limit: int) -> ClaimedUpdates:
        """Claim updates of the chats after the last claim's, starting over at the end."""
        began = self._rounds.after.get(self._tenant_id, _START)
        chats, items = await self._take(began, limit)
        if len(chats) < limit and began != _START:
            others, more = await self._take(_START, limit - len(chats))
            chats, items = chats | others, items | more
        if len(chats) < limit:
            self._rounds.after.pop(self._tenant_id, None)
        else:
            self._rounds.after[self._tenant_id] = next(reversed(chats))
        ours = sum(chats.values())
        # At least two updates are read of a chat that has them: where each had one, nothing else was due.
        has_more = len(chats) >= limit or len(chats) > ours or len(items) > ours
        return ClaimedUpdates([items[id] for id in sorted(items)], has_more)

    async def _take(
        self, after: tuple[UUID, str], limit: int
    ) -> tuple[dict[tuple[UUID, str], bool], dict[int, InboxItem]]:
        """Return chats, each with whether this claim holds it or another does, and their updates by id."""
        rows = await self._connection.fetch(_CLAIM, self._tenant_id, *after, limit)
        for row in rows:
            self._saw(row["session_id"], row["session_version"])
        chats = {(row["session_id"], row["chat"]): row["is_ours"] for row in rows}
        items = {row["id"]: InboxItem(*(row[name] for name in _ITEM)) for row in rows if row["id"] is not None}
        return chats, items

    def done(self, ids: Sequence[int]) -> None:
        """Mark them with the commit, in one statement."""
        self.finished += ids

    async def wait(self, ids: Sequence[int], for_s: float) -> None:
        """Leave them, and their chats behind them, for `for_s` seconds."""
        await self._connection.execute(_WAIT, list(ids), for_s)

    async def known(self, keys: Collection[tuple[SessionId, str]]) -> set[tuple[SessionId, str]]:
        """Look them up by the key that drops repeats."""
        sources, dedupe_keys = [str(session_id) for session_id, _ in keys], [key for _, key in keys]
        rows = await self._connection.fetch(_KNOWN, sources, dedupe_keys)
        return {(SessionId(row["session_id"]), row["dedupe_key"]) for row in rows}

    async def retry(self, item: InboxItem, error: str, after_s: float) -> None:
        """Count a failure, store its error, and make the update due again in `after_s` seconds."""
        await self._connection.execute(_RETRY, item.id, _short(error), item.tries, after_s)

    async def quarantine(self, item: InboxItem, error: str) -> None:
        """Set the update aside with its error; its chat goes on."""
        await self._connection.execute(_QUARANTINE, item.id, _short(error), item.tries)


def _short(error: str) -> str:
    return error.replace("\x00", "�").encode("utf-8", "replace").decode()[:ERROR_CHARACTERS]
