"""How a stretch of the log becomes lines of a stream."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from whatsapp_hub.adapters.http.streams.sse import _encoded
from whatsapp_hub.application.ports.edge.realtime import LogSlice
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import TenantId


def events(*positions: int) -> list[LoggedEvent]:
    tenant = TenantId(uuid4())
    return [LoggedEvent(position, tenant, "a.b", None, None, datetime.now(UTC), b"{}") for position in positions]


def test_one_that_cannot_be_spelled_does_not_end_the_stream() -> None:
    """A client that comes back with its Last-Event-ID would meet it again and again."""

    def encode(event: LoggedEvent) -> Iterable[tuple[str, bytes]]:
        if event.position == 2:
            raise ValueError("no words")
        yield "a", b"1"

    lines = _encoded(LogSlice(3, events(1, 2, 3)), encode)
    assert lines == b"id: 1\nevent: a\ndata: 1\n\nid: 3\nevent: a\ndata: 1\n\n"


def test_of_several_messages_of_one_event_the_last_carries_the_position() -> None:
    lines = _encoded(LogSlice(1, events(1)), lambda event: [("a", b"1"), ("b", b"2")])
    assert lines == b"event: a\ndata: 1\n\nid: 1\nevent: b\ndata: 2\n\n"


def test_a_reset_says_from_where_it_goes_on() -> None:
    assert _encoded(LogSlice(5, is_reset=True), lambda event: []) == b'id: 5\nevent: reset\ndata: {"position":5}\n\n'
