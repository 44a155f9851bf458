"""Maintenance of the queues' tables by operators and the schedule, as hub_system."""

from collections.abc import Sequence
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.operations.housekeeping import DeadLetter
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SessionId

_LIST = """
SELECT id, state, provider, tenant_id, session_id, error, received_at, body FROM hub.inbox
WHERE state IN ('quarantined', 'unassigned') AND id > $2 ORDER BY id LIMIT $1"""

_REPLAY = """
UPDATE hub.inbox SET state = 'pending', tries = 0, retry_at = NULL, error = NULL
WHERE state = 'quarantined' AND session_id IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY ($1))"""

# An adopted update keeps its dedupe key under the session's source; one that the session has already is left out.
_ADOPT = """
UPDATE hub.inbox i SET state = 'pending', tries = 0, error = NULL,
  source = s.id::text, session_id = s.id, tenant_id = s.tenant_id
FROM hub.sessions s
WHERE s.id = $2 AND i.id = ANY ($1) AND i.state IN ('quarantined', 'unassigned') AND i.session_id IS NULL
  AND i.provider = s.provider
  AND NOT EXISTS (SELECT FROM hub.inbox t WHERE t.source = s.id::text AND t.dedupe_key = i.dedupe_key)"""

_KNOWN = "SELECT 1 FROM hub.sessions WHERE id = $1"

_TRIM = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM {table}
  WHERE {age} < (SELECT long_past FROM hub.time) - make_interval(secs => $1) {only} LIMIT $2))"""
_TRIM_INBOX = _TRIM.format(table="hub.inbox", age="received_at", only="AND state = 'done'")
_TRIM_UNASSIGNED = _TRIM.format(table="hub.inbox", age="received_at", only="AND state = 'unassigned'")
_TRIM_QUARANTINED = _TRIM.format(table="hub.inbox", age="received_at", only="AND state = 'quarantined'")
_TRIM_KEYS = _TRIM.format(table="hub.idempotency_keys", age="created_at", only="")
_TRIM_AUDIT = _TRIM.format(table="hub.audit", age="at", only="")
_TRIM_SIGN_INS = _TRIM.format(table="hub.sign_ins", age="expires_at", only="")
_TRIM_CHARGES = _TRIM.format(table="hub.charges", age="at", only="")
_TRIM_SESSION_HISTORY = _TRIM.format(table="hub.session_history", age="at", only="")
_TRIM_LEFT_PROVIDERS = _TRIM.format(table="hub.session_providers", age="until", only="")
_TRIM_ACCESS_CHANGES = _TRIM.format(table="hub.access_changes", age="at", only="")
_TRIM_GUESSES = _TRIM.format(table="hub.login_guesses", age="last_at", only="")
_TRIM_ERASED = _TRIM.format(table="hub.erased_updates", age="erased_at", only="")
_TRIM_EXPORTS = _TRIM.format(table="hub.contact_exports", age="expires_at", only="")
_TRIM_RECEIPTS = _TRIM.format(table="hub.early_receipts", age="kept_at", only="")


class PostgresHousekeeping:
    """Implements `DeadLetters` and `Trimming`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, limit: int, after: int = 0) -> "list[DeadLetter]":
        """Read set-aside updates by id."""
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_LIST, limit, after))
        return [DeadLetter(**dict(row)) for row in rows]

    async def replay(self, ids: Sequence[int] | None, session_id: SessionId | None = None) -> int:
        """Make failed updates pending again, the given or (None) all; with `session_id`, give the given ones of no
        session to that one. Returns how many. Raises NotFound."""
        if session_id is None:
            return await self._count(_REPLAY, ids)
        if not await self._database.system(
            lambda c: c.fetchval("SELECT 1 FROM hub.sessions WHERE id = $1", session_id)
        ):
            raise NotFound("session", session_id)
        return await self._count(_ADOPT, ids or [], session_id)

    async def trim_inbox(self, older_than_s: float, limit: int) -> int:
        """Delete processed updates."""
        return await self._count(_TRIM_INBOX, older_than_s, limit)

    async def trim_unassigned(self, older_than_s: float, limit: int) -> int:
        """Delete updates of no session."""
        return await self._count(_TRIM_UNASSIGNED, older_than_s, limit)

    async def trim_quarantined(self, older_than_s: float, limit: int) -> int:
        """Delete updates that failed three times."""
        return await self._count(_TRIM_QUARANTINED, older_than_s, limit)

    async def trim_keys(self, older_than_s: float, limit: int) -> int:
        """Delete idempotency keys."""
        return await self._count(_TRIM_KEYS, older_than_s, limit)

    async def trim_audit(self, older_than_s: float, limit: int) -> int:
        """Delete entries of the audit trail."""
        return await self._count(_TRIM_AUDIT, older_than_s, limit)

    async def trim_sign_ins(self, older_than_s: float, limit: int) -> int:
        """Delete sign-ins past their expiry."""
        return await self._count(_TRIM_SIGN_INS, older_than_s, limit)

    async def trim_charges(self, older_than_s: float, limit: int) -> int:
        return await self._count(_TRIM_CHARGES, older_than_s, limit)

    async def trim_session_history(self, older_than_s: float, limit: int) -> int:
        return await self._count(_TRIM_SESSION_HISTORY, older_than_s, limit)

    async def trim_left_providers(self, older_than_s: float, limit: int) -> int:
        """Delete settings that are of no use any more."""
        return await self._count(_TRIM_LEFT_PROVIDERS, older_than_s, limit)

    async def trim_access_changes(self, older_than_s: float, limit: int) -> int:
        """Delete changes of access."""
        return await self._count(_TRIM_ACCESS_CHANGES, older_than_s, limit)

    async def trim_guesses(self, older_than_s: float, limit: int) -> int:
        """Delete counts of wrong passwords."""
        return await self._count(_TRIM_GUESSES, older_than_s, limit)

    async def trim_receipts(self, older_than_s: float, limit: int) -> int:
        """Delete receipts whose send never came."""
        return await self._count(_TRIM_RECEIPTS, older_than_s, limit)

    async def trim_erased(self, older_than_s: float, limit: int) -> int:
        """Delete the traces by which an erasure finds late arrivals."""
        return await self._count(_TRIM_ERASED, older_than_s, limit)

    async def trim_exports(self, older_than_s: float, limit: int) -> int:
        """Delete permits of exports."""
        return await self._count(_TRIM_EXPORTS, older_than_s, limit)

    async def _count(self, statement: str, *arguments: object) -> int:
        """Execute a statement; return the number of rows that it changed."""
        tag: str = await self._database.system(lambda c: c.execute(statement, *arguments))
        return int(tag.rpartition(" ")[2])
