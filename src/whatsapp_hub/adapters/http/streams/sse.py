"""Server-sent events over the log: each with its position as id, so that a client that comes back misses nothing.

A contract gives the spelling: from one event of the log to names and JSON, none for what it does not show.
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
from whatsapp_hub.application.accounts.tickets import OpenedTicket
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
Spell: TypeAlias = Callable[[LoggedEvent], Iterable[tuple[str, bytes]]]
Present: TypeAlias = Callable[[int], Awaitable[Iterable[tuple[str, bytes]]]]
"""Read the present state, the first of a stream that resumes nothing; given the position after which events follow."""
After: TypeAlias = Annotated[
    int | None, QueryParameter(ge=0, le=2**63 - 1, description="the last position seen (none: from now on)")
]
LastEventId: TypeAlias = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="what a browser sends when it comes back; wins")
]


@dataclass(frozen=True, slots=True)
class OpenedBy:
    """What keeps watch over who reads a stream."""

    held: HeldTickets
    callers: OpenStreams


def event_stream(
    streams: Streams,
    opened_by: OpenedBy,
    request: Asked,
    spell: Spell,
    after: int | None,
    last_event_id: str | None,
    present: Present | None = None,
    only: SessionId | None = None,
) -> Stream:
    """Return a handler's answer. `only`: the one session that is shown. Raises Invalid for an id that
    is no position of ours."""
    position = _position(last_event_id, after)
    stretches = streams.follow(request.auth.tenant_id, position, only)
    present = present if position is None else None
    lines = _lines(stretches, opened_by.callers, request, spell, present)
    if ticket := opened_ticket(request):
        lines = _by_ticket(opened_by, ticket, stretches, request, spell, present)
    return Stream(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})


def _position(last_event_id: str | None, after: int | None) -> int | None:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        raise Invalid(Flaw("/Last-Event-ID", "is no position of this log"))
    return int(last_event_id)


async def _lines(
    stretches: AsyncIterator[LogSlice], callers: OpenStreams, request: Asked, spell: Spell, present: Present | None
) -> AsyncIterator[bytes]:
    """End with an event `error` when the caller may listen no longer."""
    with callers.holding(request.auth, partial(caller_of, request)) as stream:
        with suppress(Unavailable):
            await stream.check()  # what changed between the request's own check and now nobody would tell
        async for chunk in _shown(until(stream.ended, stretches), spell, present):
            yield chunk
        if stream.ended.is_set():
            yield _event("error", msgspec.json.encode({"code": stream.code, "message": stream.why}), None)


async def _shown(stretches: AsyncIterator[LogSlice], spell: Spell, present: Present | None) -> AsyncIterator[bytes]:
    """Begin with an id, so that a client that is cut off at once knows where to go on."""
    first, said = b"retry: %d\n" % RETRY_MS, 0.0
    async for stretch in stretches:
        now = time.monotonic()
        chunk = _spelled(stretch, spell)
        if present:
            chunk, present = _numbered(await present(stretch.position), stretch.position) + chunk, None
        if first or (not chunk and now - said >= SILENT_S):
            chunk = b":\n%bid: %d\n\n" % (first, stretch.position) + chunk
        if chunk:
            first, said = b"", now
            yield chunk


async def _by_ticket(
    opened_by: OpenedBy,
    ticket: OpenedTicket,
    stretches: AsyncIterator[LogSlice],
    request: Asked,
    spell: Spell,
    present: Present | None,
) -> AsyncIterator[bytes]:
    """The same until the client has opened the stream anew: one ticket is one stream."""
    with opened_by.held.holding(ticket) as replaced:
        async for chunk in _lines(until(replaced, stretches), opened_by.callers, request, spell, present):
            yield chunk
        if replaced.is_set():
            yield _REPLACED


def _spelled(stretch: LogSlice, spell: Spell) -> bytes:
    """An event's position stands on the last of its messages: none of them counts as seen before all are."""
    chunk = bytearray()
    if stretch.is_reset:
        chunk += _event("reset", b'{"position":%d}' % stretch.position, stretch.position)
    for event in stretch.events:
        chunk += _numbered(_messages(event, spell), event.position)
    return bytes(chunk)


def _numbered(messages: Iterable[tuple[str, bytes]], position: int) -> bytes:
    """The position stands on the last one."""
    lines = list(messages)
    last = len(lines) - 1
    return b"".join(_event(name, data, position if n == last else None) for n, (name, data) in enumerate(lines))


def _messages(event: LoggedEvent, spell: Spell) -> list[tuple[str, bytes]]:
    """One that cannot be spelled is logged and left behind, as on sockets: a stream that broke off at it would break
    off there for ever."""
    try:
        return list(spell(event))
    except Exception:
        log.exception("event not shown", position=event.position, type=event.type)
        return []


def _event(name: str, data: bytes, position: int | None) -> bytes:
    """`data` is JSON in one line."""
    id = b"" if position is None else b"id: %d\n" % position
    return b"%bevent: %b\ndata: %b\n\n" % (id, name.encode(), data)


_REPLACED = b"retry: %d\n" % WAIT_A_DAY_MS + _event(
    "error", b'{"code":"replaced","message":"this stream was opened anew elsewhere"}', None
)
"""Where the client still reads the older of two streams, it must not open it again and end the newer in turn."""
