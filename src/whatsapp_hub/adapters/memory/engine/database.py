"""Rows in memory, in transactions that behave as PostgreSQL's do at READ COMMITTED.

A transaction sees what is committed and what it wrote itself. It locks each row that it writes, and those that it asks
for, until it ends; another that wants one waits, or skips it. Of transactions that wait for each other, the last one
fails with Contention. Everything runs on one event loop, so that only `lock` ever waits.
"""

import asyncio
import copy
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Generic, TypeVar, cast

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.domain.errors import Contention
from whatsapp_hub.domain.events import Records
from whatsapp_hub.domain.ids import TenantId

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
_DELETED = object()


@dataclass(frozen=True, slots=True)
class Table(Generic[K, R]):
    """The name of a table, with the types of its keys and rows."""

    name: str


_Place = tuple[str, TenantId | None]


def copied(row: R) -> R:
    """Copy an entity, without the events that it recorded; values are immutable and shared."""
    params = getattr(row, "__dataclass_params__", None)
    if params is None or params.frozen:
        return row
    made = copy.copy(row)
    if isinstance(made, Records):
        made._events = []
    return made


class MemoryDatabase:
    """Committed rows, the locks of open transactions, and sequences."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[_Place, dict[Hashable, Any]] = defaultdict(dict)
        self.owners: dict[Hashable, Transaction] = {}
        self.waiting: dict[Hashable, list[asyncio.Future[None]]] = {}
        self._sequences: dict[str, count[int]] = defaultdict(lambda: count(1))

    @property
    def now(self) -> datetime:
        """The time by the clock that was injected."""
        return self.clock()

    def next(self, sequence: str) -> int:
        """Draw a number; a rollback does not give it back."""
        return next(self._sequences[sequence])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """Run a short transaction across tenants, committed at the end unless it raises."""
        transaction = Transaction(self)
        try:
            yield transaction
            transaction.commit()
        finally:
            transaction.end()


class Transaction:
    """One transaction; `of` gives access to a tenant's rows, or to the hub's own."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self._written: dict[_Place, dict[Hashable, Any]] = defaultdict(dict)
        self._locked: set[Hashable] = set()
        self._waits_for: Transaction | None = None
        self._has_failed = False
        self._after: list[Callable[[], None]] = []

    def of(self, tenant_id: TenantId | None) -> "Rows":
        """Return the rows of one tenant, or (None) those that belong to the hub."""
        return Rows(self, tenant_id)

    def everywhere(self, table: Table[K, R]) -> Iterator[tuple[TenantId, R]]:
        """Yield the rows of all tenants. They are the stored ones: copy what is changed."""
        for name, tenant_id in list(self.database.rows.keys() | self._written.keys()):
            if name == table.name and tenant_id is not None:
                yield from ((tenant_id, row) for row in self.of(tenant_id).each(table))

    async def clear(self, tenant_id: TenantId, limit: int, but: str) -> int:
        """Delete up to `limit` rows of each of a tenant's tables, `but` one; return the count."""
        deleted = 0
        for place in [p for p in self.database.rows if p[1] == tenant_id and p[0] != but]:
            for key in list(self.database.rows[place])[:limit]:
                await self.lock((*place, key))
                self.write(place, key, _DELETED)
                deleted += 1
        return deleted

    async def lock(self, key: Hashable) -> None:
        """Lock until the end; wait for a transaction that has it. Raises Contention if that one waits for this."""
        owners = self.database.owners
        while (owner := owners.get(key)) is not None and owner is not self:
            self._require_progress(owner)
            freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.database.waiting.setdefault(key, []).append(freed)
            self._waits_for = owner
            try:
                await freed
            finally:
                self._waits_for = None
        self._take(key)

    def try_lock(self, key: Hashable) -> bool:
        """Lock it unless another transaction has it."""
        if self.database.owners.get(key, self) is not self:
            return False
        self._take(key)
        return True

    def _take(self, key: Hashable) -> None:
        self.database.owners[key] = self
        self._locked.add(key)

    def _require_progress(self, owner: "Transaction") -> None:
        waits: Transaction | None = owner
        while waits is not None:
            if waits is self:
                self._has_failed = True
                raise Contention("two transactions wait for each other")
            waits = waits._waits_for

    def refused(self, error: Exception) -> Exception:
        """Fail the transaction, as PostgreSQL does after a violated constraint; return the error."""
        self._has_failed = True
        return error

    def after_commit(self, act: Callable[[], None]) -> None:
        """Call it with the commit, before anybody else sees what was written."""
        self._after.append(act)

    def commit(self) -> None:
        """Make the written rows visible. Raises Contention if the transaction had failed."""
        if self._has_failed:
            raise Contention("the transaction had failed before its commit")
        for place, rows in self._written.items():
            committed = self.database.rows[place]
            for key, row in rows.items():
                if row is _DELETED:
                    committed.pop(key, None)
                else:
                    committed[key] = row
        for act in self._after:
            act()
        self.end()

    def end(self) -> None:
        """Release the locks; what was not committed is gone. Idempotent."""
        self._written.clear()
        self._after.clear()
        for key in self._locked:
            del self.database.owners[key]
            for freed in self.database.waiting.pop(key, ()):
                if not freed.done():
                    freed.set_result(None)
        self._locked.clear()

    def pairs(self, place: _Place) -> Iterator[tuple[Hashable, Any]]:
        """Yield keys and rows of a table as this transaction sees them: committed, with its own writes over them."""
        committed, written = self.database.rows.get(place, {}), self._written.get(place, {})
        for key, row in list(committed.items()):
            if (now := written.get(key, row)) is not _DELETED:
                yield key, now
        new = ((key, row) for key, row in list(written.items()) if key not in committed)
        yield from ((key, row) for key, row in new if row is not _DELETED)

    def row(self, place: _Place, key: Hashable) -> Any:
        """Return one row as this transaction sees it, or None."""
        written = self._written.get(place, {})
        row = written[key] if key in written else self.database.rows.get(place, {}).get(key)
        return None if row is _DELETED else row

    def write(self, place: _Place, key: Hashable, row: Any) -> None:
        """Keep a write until the commit."""
        self._written[place][key] = row


class Rows:
    """The rows of one tenant (None: the hub's own) as a transaction sees them."""

    def __init__(self, transaction: Transaction, tenant_id: TenantId | None) -> None:
        self.transaction = transaction
        self.tenant_id = tenant_id

    @property
    def now(self) -> datetime:
        """The time by the database's clock."""
        return self.transaction.database.now

    def next(self, sequence: str) -> int:
        """Return the next number of a sequence; gaps stay, as in PostgreSQL."""
        return self.transaction.database.next(sequence)

    def each(self, table: Table[K, R]) -> Iterator[R]:
        """Yield the stored rows, in the order in which they were added: copy what is changed."""
        return (row for _, row in self.items(table))

    def items(self, table: Table[K, R]) -> Iterator[tuple[K, R]]:
        """Yield the stored rows with their keys."""
        return cast("Iterator[tuple[K, R]]", self.transaction.pairs((table.name, self.tenant_id)))

    def peek(self, table: Table[K, R], key: K) -> R | None:
        """Return a copy of the row, unlocked."""
        row = self.transaction.row((table.name, self.tenant_id), key)
        return None if row is None else copied(cast("R", row))

    async def get(self, table: Table[K, R], key: K) -> R | None:
        """Return a copy of the row, locked."""
        await self.lock(table, key)
        return self.peek(table, key)

    async def lock(self, table: Table[K, R], key: K) -> None:
        """Wait for the row's lock, and hold it until the transaction ends."""
        await self.transaction.lock((table.name, self.tenant_id, key))

    def try_lock(self, table: Table[K, R], key: K) -> bool:
        """Take the row's lock if it is free; return whether it was."""
        return self.transaction.try_lock((table.name, self.tenant_id, key))

    async def lock_name(self, *name: Hashable) -> None:
        """Lock a name that is no row's: of a value that must be unique, or of a rule."""
        await self.transaction.lock(("name", self.tenant_id, *name))

    def try_lock_name(self, *name: Hashable) -> bool:
        """Take a lock of any name, like an advisory lock of PostgreSQL, if it is free."""
        return self.transaction.try_lock(("name", self.tenant_id, *name))

    async def put(self, table: Table[K, R], key: K, row: R) -> None:
        """Add or replace a row, and lock it."""
        await self.lock(table, key)
        self.transaction.write((table.name, self.tenant_id), key, copied(row))

    async def save(self, table: Table[K, R], key: K, row: R) -> None:
        """Replace a row; nothing happens where there is none."""
        await self.lock(table, key)
        if self.peek(table, key) is not None:
            await self.put(table, key, row)

    async def drop(self, table: Table[K, R], key: K) -> bool:
        """Delete a row; return whether there was one."""
        await self.lock(table, key)
        had = self.peek(table, key) is not None
        self.transaction.write((table.name, self.tenant_id), key, _DELETED)
        return had

    async def drop_where(self, table: Table[K, R], which: Callable[[R], bool], key_of: Callable[[R], K]) -> int:
        """Delete rows; return the count."""
        found = [key_of(row) for row in self.each(table) if which(row)]
        for key in found:
            await self.drop(table, key)
        return len(found)

    def refused(self, error: Exception) -> Exception:
        """Mark the transaction as failed, and return the error to raise."""
        return self.transaction.refused(error)
