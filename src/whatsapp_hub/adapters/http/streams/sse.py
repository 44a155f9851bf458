"""Server-sent events over the log, each with its position as id, so that a client that resumes misses nothing.

A contract provides the encoder: from one event of the log to names and JSON, none for events that it does not have.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias

import msgspec
import structlog
from litestar import Request
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.http.auth import caller_of, opened_ticket
from whatsapp_hub.adapters.http.streams.held_tickets import HeldTickets, until
from whatsapp_hub.adapters.http.streams.open_streams import OpenStreams
from whatsapp_hub.application.authentication.tickets import OpenedTicket
from whatsapp_hub.application.ports.edge.realtime import LogSlice, Streams
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.errors import Flaw, Invalid, Unavailable
from whatsapp_hub.domain.ids import SessionId

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 2000
SILENT_S = 15.0
WAIT_A_DAY_MS = 86_400_000

log = structlog.get_logger(__name__)

Asked: TypeAlias = Request[Any, Caller, Any]
Encode: TypeAlias = Callable[[LoggedEvent], Iterable[tuple[str, bytes]]]
Present: TypeAlias = Callable[[int], Awaitable[Iterable[tuple[str, bytes]]]]
"""Read the current state, with which a stream begins unless it resumes; called with the position before its events."""
After: TypeAlias = Annotated[
    int | None, QueryParameter(ge=0, le=2**63 - 1, description="the last position seen (none: from now on)")
]
LastEventId: TypeAlias = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="what a browser sends when it comes back; wins")
]


@dataclass(frozen=True, slots=True)
class OpenedBy:
    """Watchers of a stream's ticket and caller."""

    held: HeldTickets
    callers: OpenStreams


def event_stream(
    streams: Streams,
    opened_by: OpenedBy,
    request: Asked,
    encode: Encode,
    after: int | None,
    last_event_id: str | None,
    present: Present | None = None,
    only: SessionId | None = None,
) -> Stream:
    """Return a handler's answer. `only`: show this one session. Raises Invalid for an id that is no position of ours,
    Conflict: the caller has too many streams."""
    opened_by.callers.require_room(request.auth)
    position = _position(last_event_id, after)
    slices = streams.follow(request.auth.tenant_id, position, only)
    present = present if position is None else None
    lines = _lines(slices, opened_by.callers, request, encode, present)
    if ticket := opened_ticket(request):
        lines = _by_ticket(opened_by, ticket, slices, request, encode, present)
    return Stream(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})


def _position(last_event_id: str | None, after: int | None) -> int | None:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        raise Invalid(Flaw("/Last-Event-ID", "is no position of this log"))
    return int(last_event_id)


async def _lines(
    slices: AsyncIterator[LogSlice], callers: OpenStreams, request: Asked, encode: Encode, present: Present | None
) -> AsyncIterator[bytes]:
    """Yield the stream; end it with an event `error` when the caller may no longer listen."""
    with callers.holding(request.auth, partial(caller_of, request)) as stream:
        with suppress(Unavailable):
            await stream.check()  # a change since the request's own check is not announced again
        async for chunk in _shown(until(stream.ended, slices), encode, present):
            yield chunk
        if stream.ended.is_set():
            yield _event("error", msgspec.json.encode({"code": stream.code, "message": stream.why}), None)


async def _shown(slices: AsyncIterator[LogSlice], encode: Encode, present: Present | None) -> AsyncIterator[bytes]:
    """Begin with an id, so that a client that is disconnected at once knows where to resume."""
    first, said = b"retry: %d\n" % RETRY_MS, 0.0
    async for log_slice in slices:
        now = time.monotonic()
        chunk = _encoded(log_slice, encode)
        if present:
            chunk, present = _numbered(await present(log_slice.position), log_slice.position) + chunk, None
        if first or (not chunk and now - said >= SILENT_S):
            chunk = b":\n%bid: %d\n\n" % (first, log_slice.position) + chunk
        if chunk:
            first, said = b"", now
            yield chunk


async def _by_ticket(
    opened_by: OpenedBy,
    ticket: OpenedTicket,
    slices: AsyncIterator[LogSlice],
    request: Asked,
    encode: Encode,
    present: Present | None,
) -> AsyncIterator[bytes]:
    """Yield the stream until the client opens it anew: one ticket is one stream."""
    with opened_by.held.holding(ticket) as replaced:
        async for chunk in _lines(until(replaced, slices), opened_by.callers, request, encode, present):
            yield chunk
        if replaced.is_set():
            yield _REPLACED


def _encoded(log_slice: LogSlice, encode: Encode) -> bytes:
    """Encode a slice. Only the last message of an event has its position: none counts as seen before all are."""
    chunk = bytearray()
    if log_slice.is_reset:
        chunk += _event("reset", b'{"position":%d}' % log_slice.position, log_slice.position)
    for event in log_slice.events:
        chunk += _numbered(_messages(event, encode), event.position)
    return bytes(chunk)


def _numbered(messages: Iterable[tuple[str, bytes]], position: int) -> bytes:
    """Encode messages, the last with the position."""
    lines = list(messages)
    last = len(lines) - 1
    return b"".join(_event(name, data, position if n == last else None) for n, (name, data) in enumerate(lines))


def _messages(event: LoggedEvent, encode: Encode) -> list[tuple[str, bytes]]:
    """Encode an event. One that fails is logged and skipped, as on sockets: a stream that broke off at it would break
    off there for ever."""
    try:
        return list(encode(event))
    except Exception:
        log.exception("event not shown", position=event.position, type=event.type)
        return []


def _event(name: str, data: bytes, position: int | None) -> bytes:
    """Encode one server-sent event; `data` is JSON in one line."""
    id = b"" if position is None else b"id: %d\n" % position
    return b"%bevent: %b\ndata: %b\n\n" % (id, name.encode(), data)


_REPLACED = b"retry: %d\n" % WAIT_A_DAY_MS + _event(
    "error", b'{"code":"replaced","message":"this stream was opened anew elsewhere"}', None
)
"""A client that still reads the older of two streams must not reopen it, which would end the newer in turn."""
