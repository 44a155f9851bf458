"""A session's history: what is recorded without waiting, stored later, and read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import pytest

from tests.unit.application.office import Office
from whatsapp_hub.adapters.memory.storage import MemoryStorage
from whatsapp_hub.application.ports.storage.sessions import PlacedEntry
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.application.sessions.session_history import (
    MOST_WAITING,
    PendingHistory,
    ReadSessionHistory,
    WriteHistory,
)
from whatsapp_hub.domain.errors import Invalid, NotFound, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.history import HistoryKind

UNDECRYPTABLE, FAILED = HistoryKind.UNDECRYPTABLE, HistoryKind.STORE_FAILED


class Away:
    """A storage that is away for some companies."""

    def __init__(self, storage: MemoryStorage, whose: set[TenantId], error: Exception) -> None:
        self.directory, self.whose, self._storage, self._error = storage.directory, whose, storage, error

    @asynccontextmanager
    async def tenant(self, tenant_id: TenantId) -> AsyncIterator[UnitOfWork]:
        if tenant_id in self.whose:
            raise self._error
        async with self._storage.tenant(tenant_id) as uow:
            yield uow


async def read(office: Office, **more: object) -> Page[PlacedEntry]:
    return await office.use(ReadSessionHistory)(office.admin, office.session.id, **more)  # type: ignore[arg-type]


async def counts(office: Office) -> list[tuple[HistoryKind, str | None, int]]:
    return [(one.entry.kind, one.entry.reason, one.entry.count) for one in (await read(office)).items]


async def test_a_provider_records_without_waiting_and_it_is_stored_added_up(office: Office) -> None:
    host, ref = office.providers.host, office.ref(office.session)
    for count in (1, 2, 3):
        host.record(ref, UNDECRYPTABLE, count=count)
        office.clock.pass_(seconds=1)
    host.record(ref, FAILED, "too many clients")
    assert await counts(office) == []
    await office.use(WriteHistory)()
    await office.use(WriteHistory)()
    assert await counts(office) == [(FAILED, "too many clients", 1), (UNDECRYPTABLE, None, 6)]
    placed = (await read(office)).items[1]
    assert (placed.entry.until - placed.entry.at).total_seconds() == 2


async def test_nothing_recorded_on_other_threads_is_lost(office: Office) -> None:
    def records() -> None:
        for _ in range(500):
            office.history.record(office.id, office.session.id, UNDECRYPTABLE)

    threads = [Thread(target=records) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    await office.use(WriteHistory)()
    assert await counts(office) == [(UNDECRYPTABLE, None, 2000)]


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a fault")])
async def test_what_cannot_be_stored_waits_and_delays_no_other_company(office: Office, error: Exception) -> None:
    other = await office.tenant()
    away = Away(office.storage, {office.id}, error)
    write = WriteHistory(away, office.history)
    office.history.record(office.id, office.session.id, UNDECRYPTABLE, count=2)
    office.history.record(other.id, SessionId(office.storage.new_id()), UNDECRYPTABLE)
    for _ in range(3):
        try:
            await write()
        except Unavailable:
            assert isinstance(error, Unavailable)
    office.clock.pass_(hours=3)
    office.history.record(office.id, office.session.id, UNDECRYPTABLE)
    away.whose.clear()
    await write()
    assert await counts(office) == [(UNDECRYPTABLE, None, 3)]
    assert not office.history.take()


async def test_what_waits_is_bounded(office: Office) -> None:
    for number in range(MOST_WAITING + 50):
        office.history.record(office.id, office.session.id, FAILED, str(number))
    assert len(office.history.take()) == MOST_WAITING


async def test_a_company_or_session_that_is_gone_is_forgotten(office: Office) -> None:
    gone = TenantId(office.storage.new_id())
    office.history.record(gone, office.session.id, UNDECRYPTABLE)
    office.history.record(office.id, SessionId(office.storage.new_id()), UNDECRYPTABLE)
    await office.use(WriteHistory)()
    assert not office.history.take()


async def test_it_is_read_in_pages_by_those_who_may_see_sessions(office: Office) -> None:
    for number in range(5):
        office.history.record(office.id, office.session.id, FAILED, str(number))
        office.clock.pass_(seconds=1)
    await office.use(WriteHistory)()
    first = await read(office, limit=3)
    rest = await read(office, limit=3, cursor=first.next_cursor)
    assert [one.entry.reason for one in (*first.items, *rest.items)] == ["4", "3", "2", "1", "0"]
    assert rest.next_cursor is None
    with pytest.raises(Invalid):
        await read(office, cursor="no place")
    with pytest.raises(NotFound):
        await office.use(ReadSessionHistory)(office.admin, SessionId(office.storage.new_id()))


def test_a_count_of_nothing_is_no_entry(office: Office) -> None:
    pending = PendingHistory(office.clock)
    pending.record(office.id, office.session.id, UNDECRYPTABLE, count=0)
    assert not pending.take()
