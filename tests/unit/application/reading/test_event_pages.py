"""A page of events is bounded in bytes too, and nothing is skipped between two pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.reading.event_pages import FIRST, MOST_BYTES, read_back, read_page
from whatsapp_hub.domain.ids import TenantId

OURS = TenantId(uuid4())
LONG = MOST_BYTES // 8


class Log:
    """A log of events of these sizes."""

    def __init__(self, sizes: list[int]) -> None:
        now = datetime.now(UTC)
        self.events = [LoggedEvent(n * 3, OURS, "x", None, None, now, b"x" * size) for n, size in enumerate(sizes, 1)]
        self.reads = 0

    async def read(self, after: int | None, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        assert tenant_id == OURS
        self.reads += 1
        return [event for event in self.events if after is None or event.position > after][:limit]

    async def before(
        self, position: int | None, limit: int, tenant_id: TenantId, types: Collection[str] = ()
    ) -> tuple[list[LoggedEvent], int | None]:
        assert (tenant_id, types) == (OURS, ())
        found = [e for e in reversed(self.events) if position is None or e.position < position][:limit]
        return found, found[-1].position if len(found) == limit else None


@given(st.lists(st.sampled_from([1, 500, LONG, MOST_BYTES * 2]), max_size=60), st.integers(1, 50))
async def test_backwards_too_every_event_comes_once(sizes: list[int], limit: int) -> None:
    log, found, place = Log(sizes), [], None
    for _ in range(len(sizes) + 2):
        page, place = await read_back(log, place, limit, OURS, ())  # type: ignore[arg-type] # what is read of a log
        found += page
        assert len(page) <= limit
        if place is None:
            break
    assert found == log.events[::-1]


@given(st.lists(st.sampled_from([1, 500, LONG, MOST_BYTES * 2]), max_size=60), st.integers(1, 50))
async def test_page_by_page_every_event_comes_once(sizes: list[int], limit: int) -> None:
    log, found, after, pages = Log(sizes), [], None, 0
    while True:
        page, after = await read_page(log, after, limit, OURS)  # type: ignore[arg-type] # what is read of a log
        found += page
        pages += 1
        assert len(page) <= limit
        assert sum(len(e.body) for e in page[FIRST:]) <= MOST_BYTES + max(sizes, default=0)
        if after is None:
            break
        assert page
    assert found == log.events
    assert pages <= len(sizes) + 1


async def test_a_page_of_short_events_takes_two_reads() -> None:
    log = Log([400] * 300)
    page, after = await read_page(log, None, 200, OURS)  # type: ignore[arg-type] # what is read of a log
    assert (len(page), after, log.reads) == (200, 600, 2)


async def test_a_page_of_long_events_ends_early() -> None:
    page, after = await read_page(Log([LONG] * 300), None, 200, OURS)  # type: ignore[arg-type] # what is read of a log
    assert (len(page), after) == (FIRST, FIRST * 3)
