"""InboxAppender: group commit. Calls that queue up while one commit runs are the next batch; there is no timer.

Two connections of its own, as hub_system: while one commits, requests gather for the other. A chat always has the same
one, so that its updates are stored in order of arrival. A batch is one statement. When it fails, its calls are
tried one by one, so that one bad row fails its own call alone. When the connection is lost, all waiting calls get
Unavailable (the provider delivers again) and the next batch connects anew.
"""

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from whatsapp_hub.adapters.postgres.engine.database import SYSTEM, connect
from whatsapp_hub.adapters.postgres.engine.failures import TransactionConflict, translated
from whatsapp_hub.application.ports.queues.inbox import NewUpdate
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.domain.errors import Invalid, Unavailable
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.text import is_storable, storable

DEDUPE_CHARACTERS = 300
CHAT_CHARACTERS = 200
WRITERS = 2
BATCH_ROWS = 2000
BATCH_BYTES = 8_000_000
QUEUE_BYTES = 64_000_000
COMPANY_BYTES = 48_000_000
"""One company's part of the queue: the others' updates still find room."""
STATEMENT_TIMEOUT_S = 30.0

# Erased updates are not stored again; whether there are any is checked once a batch.
_INSERT = """
    INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body, state, error, fence,
      received_at)
    SELECT coalesce(new.session_id::text, 'app'), new.dedupe_key, new.tenant_id, new.session_id, new.provider, new.chat,
      new.body, CASE WHEN new.error IS NOT NULL THEN 'quarantined' WHEN new.session_id IS NULL THEN 'unassigned'
                     ELSE 'pending' END, new.error, new.fence,
      (SELECT now FROM hub.time)
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::text[],
                $8::bigint[])
      AS new (dedupe_key, tenant_id, session_id, provider, chat, body, error, fence)
    WHERE NOT EXISTS (SELECT FROM hub.erased_updates) OR NOT EXISTS (
      SELECT FROM hub.erased_updates e WHERE e.source = coalesce(new.session_id::text, 'app')
        AND e.digest = sha256(convert_to(new.dedupe_key, 'UTF8')))
    ON CONFLICT (source, dedupe_key) DO NOTHING"""
_NOTHING_NEW = "INSERT 0 0"

Row = tuple[Any, ...]


def _bounded(text: str, limit: int) -> str:
    """Return the text if it can be stored as is; else its beginning and a hash of the whole, as good a key."""
    if len(text) <= limit and is_storable(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{storable(text)[: limit - 33]}:{digest}"


def row_of(update: NewUpdate) -> Row:
    """Build the columns of a new row. Raises Invalid."""
    if not update.dedupe_key:
        raise Invalid.field("dedupe_key", "must not be empty")
    if update.session_id and not update.tenant_id:
        raise Invalid.field("tenant_id", "must be given with a session")
    error = None if update.quarantined is None else storable(update.quarantined)[:2000]
    key = _bounded(update.dedupe_key, DEDUPE_CHARACTERS)
    chat = _bounded(update.chat, CHAT_CHARACTERS)
    return (key, update.tenant_id, update.session_id, update.provider, chat, update.body, error, update.fence)


@dataclass(slots=True)
class _Call:
    """One caller's rows, and the promise that they are stored."""

    rows: list[Row]
    size: int
    stored: asyncio.Future[None]

    def settle(self) -> None:
        if not self.stored.done():
            self.stored.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.stored.done():
            self.stored.set_exception(error)


class GroupCommitInbox:
    """Implements `InboxAppender`: `async with` it; `append` from any number of tasks."""

    def __init__(self, url: str, wake: Wake, writers: int = WRITERS) -> None:
        self._writers = [_Writer(url, wake) for _ in range(writers)]

    async def __aenter__(self) -> "GroupCommitInbox":
        for writer in self._writers:
            writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Store what was appended, then close."""
        for writer in self._writers:
            await writer.stop()

    async def append(self, updates: Sequence[NewUpdate]) -> None:
        """Store updates. Where some fail the others are stored; the error lets the caller deliver all of them again."""
        if len(updates) == 1:
            await self._writer_of(updates[0]).append(updates)
            return
        shares: dict[_Writer, list[NewUpdate]] = {}
        for update in updates:
            shares.setdefault(self._writer_of(update), []).append(update)
        stored = (writer.append(share) for writer, share in shares.items())
        for failed in await asyncio.gather(*stored, return_exceptions=True):
            if failed is not None:
                raise failed

    def _writer_of(self, update: NewUpdate) -> "_Writer":
        return self._writers[crc32(update.chat.encode("utf-8", "replace")) % len(self._writers)]


class _CompanyQueues:
    """Waiting calls, a queue per company; they take turns, so that no company waits behind another's flood."""

    def __init__(self) -> None:
        self._queues: dict[TenantId | None, deque[_Call]] = {}
        self._bytes: Counter[TenantId | None] = Counter()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def bytes_of(self, tenant_id: TenantId | None) -> int:
        return self._bytes[tenant_id]

    def add(self, tenant_id: TenantId | None, call: _Call) -> None:
        self._queues.setdefault(tenant_id, deque()).append(call)
        self._bytes[tenant_id] += call.size

    def take(self) -> _Call:
        """Take the first call of the company whose turn it is, and move that company to the end."""
        tenant_id = next(iter(self._queues))
        line = self._queues.pop(tenant_id)
        call = line.popleft()
        self._bytes[tenant_id] -= call.size
        if line:
            self._queues[tenant_id] = line
        else:
            del self._bytes[tenant_id]
        return call


class _Writer:
    """One connection, one batch at a time."""

    def __init__(self, url: str, wake: Wake) -> None:
        self._url = url
        self._wake = wake
        self._queues = _CompanyQueues()
        self._bytes = 0
        self._given = asyncio.Event()
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        while self._bytes and self._task and not self._task.done():
            await asyncio.sleep(0.01)
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._drop()

    async def append(self, updates: Sequence[NewUpdate]) -> None:
        if self._task is None or self._task.done():
            raise Unavailable("the inbox is closed")
        rows = [row_of(update) for update in updates]
        size = sum([len(update.body) for update in updates]) + 500 * len(rows)
        if self._bytes + size > QUEUE_BYTES or self._queues.bytes_of(updates[0].tenant_id) + size > COMPANY_BYTES:
            raise Unavailable("the inbox cannot keep up")
        call = _Call(rows, size, asyncio.get_running_loop().create_future())
        self._queues.add(updates[0].tenant_id, call)
        self._bytes += size
        self._given.set()
        await call.stored

    async def _run(self) -> None:
        while True:
            await self._given.wait()
            self._given.clear()
            while self._queues:
                batch = self._take()
                try:
                    await self._store(batch)
                except BaseException:
                    _fail(batch, Unavailable("the inbox was closed"))
                    raise
                finally:
                    self._bytes -= sum(call.size for call in batch)

    def _take(self) -> list[_Call]:
        batch = [self._queues.take()]
        rows, size = len(batch[0].rows), batch[0].size
        while self._queues and rows < BATCH_ROWS and size < BATCH_BYTES:
            batch.append(self._queues.take())
            rows += len(batch[-1].rows)
            size += batch[-1].size
        return batch

    async def _store(self, batch: list[_Call]) -> None:
        """Store the batch; complete or fail each of its calls."""
        try:
            await self._insert(batch)
        except Exception as error:
            away = translated(error)
            if away and not isinstance(away, TransactionConflict):
                self._drop()
                _fail(batch, away)
            elif len(batch) == 1:
                batch[0].fail(away or Invalid.field("update", f"cannot be stored: {type(error).__name__}"))
            else:
                for call in batch:
                    await self._store([call])

    async def _insert(self, batch: list[_Call]) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, SYSTEM)
        columns = zip(*[row for call in batch for row in call.rows], strict=True)
        done = await self._connection.execute(_INSERT, *columns, timeout=STATEMENT_TIMEOUT_S)
        for call in batch:
            call.settle()
        if done != _NOTHING_NEW:
            for tenant_id in _tenants(batch):
                self._wake(Work.INBOX, tenant_id)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _tenants(calls: Sequence[_Call]) -> set[TenantId]:
    """Return the tenants with new updates; unassigned ones wait for an operator."""
    return {tenant_id for call in calls for _, tenant_id, *_ in call.rows if tenant_id}


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    for call in calls:
        call.fail(error)
