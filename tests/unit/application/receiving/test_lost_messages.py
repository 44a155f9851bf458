"""A message that comes again and cannot be read again is lost if no copy of it was stored."""

from __future__ import annotations

from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.measuring import TALLY
from whatsapp_hub.application.ports.provider.events import RedeliveredSeen
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.domain.sessions.history import HistoryKind


async def history(office: Office) -> list[tuple[HistoryKind, int]]:
    async with office.world.uow() as uow:
        entries = await uow.session_history.newest(office.world.session.id, 50)
    return [(placed.entry.kind, placed.entry.count) for placed in entries]


async def comes_again(office: Office, *dedupe_keys: str) -> None:
    for key in dedupe_keys:
        await office.sees(office.plugins[LINE].sees("ana", RedeliveredSeen(key, office.clock())))


def counted() -> float:
    return TALLY.take().get(("whatsapp_hub_lost_messages", ()), 0.0)


async def test_one_that_is_stored_is_not_lost(office: Office) -> None:
    counted()
    first = office.says("5511987650101", "Oi")
    await office.sees(first)
    await comes_again(office, first.dedupe_key)
    office.clock.pass_(minutes=1)
    await office.use(ReceiveEvents)(office.id)
    assert await history(office) == []
    assert counted() == 0


async def test_one_whose_first_copy_comes_a_little_later_is_not_lost(office: Office) -> None:
    counted()
    first = office.says("5511987650101", "Oi")
    await comes_again(office, first.dedupe_key)
    assert await history(office) == []
    await office.sees(first)
    office.clock.pass_(minutes=1)
    await office.use(ReceiveEvents)(office.id)
    assert await history(office) == []
    assert counted() == 0


async def test_those_without_a_copy_are_counted_once_in_metrics_and_history(office: Office) -> None:
    counted()
    await comes_again(office, "m:3EB0AA", "m:3EB0AB")
    office.clock.pass_(minutes=1)
    for _ in range(3):
        await office.use(ReceiveEvents)(office.id)
        office.clock.pass_(seconds=1)
    assert await history(office) == [(HistoryKind.LOST_MESSAGES, 2)]
    assert counted() == 2
