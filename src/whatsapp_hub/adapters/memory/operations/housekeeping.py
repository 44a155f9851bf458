"""Maintenance across tenants: dead letters and trimming."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Table, Transaction
from whatsapp_hub.adapters.memory.repositories.other_providers import OTHER_PROVIDERS
from whatsapp_hub.adapters.memory.repositories.privacy import EXPORTS
from whatsapp_hub.adapters.memory.repositories.session_history import SESSION_HISTORY
from whatsapp_hub.adapters.memory.repositories.sessions import IDEMPOTENCY_KEYS
from whatsapp_hub.adapters.memory.repositories.sign_ins import SIGN_INS
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.adapters.memory.tables.inbox import (
    DONE,
    PENDING,
    QUARANTINED,
    SEEN,
    UNASSIGNED,
    UPDATES,
    StoredUpdate,
)
from whatsapp_hub.adapters.memory.tables.lanes import NEVER
from whatsapp_hub.adapters.memory.tables.receipts import CHARGES, RECEIPTS
from whatsapp_hub.application.ports.operations.housekeeping import DeadLetter
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SessionId, TenantId

R = TypeVar("R")


class MemoryHousekeeping:
    """Implements `DeadLetters` and `Trimming`; what has no table here has nothing to trim."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def list(self, limit: int, after: int = 0) -> "list[DeadLetter]":
        """List set-aside updates by id."""
        async with self._database.transaction() as transaction:
            aside = [u for _, u in _updates(transaction) if u.state in (QUARANTINED, UNASSIGNED) and u.id > after]
            return [_letter(u) for u in sorted(aside, key=lambda u: u.id)[:limit]]

    async def replay(self, ids: Sequence[int] | None, session_id: SessionId | None = None) -> int:
        """Make failed updates pending again, or give those of no session to one. Raises NotFound."""
        async with self._database.transaction() as transaction:
            aside = [(t, u) for t, u in _updates(transaction) if ids is None or u.id in ids]
            if session_id is not None:
                return await self._adopt(transaction, [u for _, u in aside], session_id)
            again = [(t, u) for t, u in aside if u.state == QUARANTINED and u.update.session_id]
            for tenant_id, update in again:
                await transaction.of(tenant_id).put(UPDATES, update.id, _pending(update))
            return len(again)

    async def _adopt(self, transaction: Transaction, updates: "Sequence[StoredUpdate]", session_id: SessionId) -> int:
        sessions = (s for _, s in transaction.everywhere(SESSIONS) if s.id == session_id)
        if (session := next(sessions, None)) is None:
            raise NotFound("session", session_id)
        hub, adopted = transaction.of(None), 0
        for update in updates:
            seen = (str(session_id), update.update.dedupe_key)
            is_free = update.update.session_id is None and update.state in (QUARANTINED, UNASSIGNED)
            if is_free and update.update.provider == session.provider and await hub.get(SEEN, seen) is None:
                owned = update.update._replace(session_id=session_id, tenant_id=session.tenant_id)
                await hub.drop(SEEN, (update.source, update.update.dedupe_key))
                await hub.drop(UPDATES, update.id)
                await hub.put(SEEN, seen, update.id)
                own = _pending(replace(update, update=owned))
                await transaction.of(session.tenant_id).put(UPDATES, update.id, own)
                adopted += 1
        return adopted

    async def trim_inbox(self, older_than_s: float, limit: int) -> int:
        """Delete processed updates."""
        return await self._trim_updates(DONE, older_than_s, limit)

    async def trim_unassigned(self, older_than_s: float, limit: int) -> int:
        """Delete updates of no session."""
        return await self._trim_updates(UNASSIGNED, older_than_s, limit)

    async def trim_quarantined(self, older_than_s: float, limit: int) -> int:
        """Delete updates that failed three times."""
        return await self._trim_updates(QUARANTINED, older_than_s, limit)

    async def _trim_updates(self, state: str, older_than_s: float, limit: int) -> int:
        async with self._database.transaction() as transaction:
            before = self._before(older_than_s)
            old = [(t, u) for t, u in _updates(transaction) if u.state == state and u.received_at < before][:limit]
            for tenant_id, update in old:
                await transaction.of(tenant_id).drop(UPDATES, update.id)
                await transaction.of(None).drop(SEEN, (update.source, update.update.dedupe_key))
            return len(old)

    async def trim_keys(self, older_than_s: float, limit: int) -> int:
        """Delete idempotency keys."""
        return await self._trim(IDEMPOTENCY_KEYS, lambda key: key.created_at, older_than_s, limit)

    async def trim_sign_ins(self, older_than_s: float, limit: int) -> int:
        """Delete sign-ins past their expiry."""
        return await self._trim(SIGN_INS, lambda sign_in: sign_in.expires_at, older_than_s, limit)

    async def trim_charges(self, older_than_s: float, limit: int) -> int:
        return await self._trim(CHARGES, lambda charge: charge.at, older_than_s, limit)

    async def trim_session_history(self, older_than_s: float, limit: int) -> int:
        return await self._trim(SESSION_HISTORY, lambda kept: kept.entry.at, older_than_s, limit)

    async def trim_left_providers(self, older_than_s: float, limit: int) -> int:
        """Delete settings that are of no use any more."""
        return await self._trim(OTHER_PROVIDERS, lambda kept: kept.until or NEVER, older_than_s, limit)

    async def trim_receipts(self, older_than_s: float, limit: int) -> int:
        """Delete receipts whose send never came."""
        return await self._trim(RECEIPTS, lambda kept: kept.receipt.at, older_than_s, limit)

    async def trim_exports(self, older_than_s: float, limit: int) -> int:
        """Delete permits of exports."""
        return await self._trim(EXPORTS, lambda export: export.expires_at, older_than_s, limit)

    async def trim_audit(self, older_than_s: float, limit: int) -> int:
        """Do nothing: the memory has no audit trail."""
        return 0

    async def trim_access_changes(self, older_than_s: float, limit: int) -> int:
        """Do nothing: one process needs no feed."""
        return 0

    async def trim_guesses(self, older_than_s: float, limit: int) -> int:
        """Do nothing: counts end with the process."""
        return 0

    async def trim_erased(self, older_than_s: float, limit: int) -> int:
        """Do nothing: no update arrives from before an erasure."""
        return 0

    async def _trim(self, table: Table[Any, R], at: Callable[[R], datetime], older_than_s: float, limit: int) -> int:
        async with self._database.transaction() as transaction:
            before, old = self._before(older_than_s), list[tuple[TenantId, Hashable]]()
            for tenant_id in {t for t, _ in transaction.everywhere(table)}:
                for key, row in transaction.of(tenant_id).items(table):
                    if at(row) < before:
                        old.append((tenant_id, key))
            for tenant_id, key in old[:limit]:
                await transaction.of(tenant_id).drop(table, key)
            return len(old[:limit])

    def _before(self, older_than_s: float) -> datetime:
        return self._database.now - timedelta(seconds=older_than_s)


def _updates(transaction: Transaction) -> "list[tuple[TenantId | None, StoredUpdate]]":
    """List all updates, those of no session too."""
    unassigned = ((None, u) for u in transaction.of(None).each(UPDATES))
    return [*unassigned, *transaction.everywhere(UPDATES)]


def _pending(update: StoredUpdate) -> StoredUpdate:
    return replace(update, state=PENDING, tries=0, retry_at=None, error=None)


def _letter(stored: StoredUpdate) -> DeadLetter:
    u = stored.update
    whose = (u.tenant_id, u.session_id, stored.error)
    return DeadLetter(stored.id, stored.state, u.provider, *whose, stored.received_at, u.body)
