"""`/api/events`: the ordered log, in pages and as a stream."""

from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.params import QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.events.envelope import EventView
from whatsapp_hub.adapters.http.auth import BY_TICKET, Asking, allows
from whatsapp_hub.adapters.http.paging import Limit, page
from whatsapp_hub.adapters.http.streams.sse import (
    MEDIA_TYPE,
    After,
    Asked,
    Encode,
    LastEventId,
    OpenedBy,
    event_stream,
)
from whatsapp_hub.application.ports.edge.realtime import Streams
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.reading.event_pages import read_back, read_page
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import SessionId

READ = [allows(Action.READ_EVENTS)]
TAGS = ["events"]

Before = Annotated[int | None, QueryParameter(ge=0, le=2**62, description="only events of smaller positions")]
Types = Annotated[str, QueryParameter(max_length=2000, description="only these types, with commas between")]


@get("/events", guards=READ, tags=TAGS)
async def list_events(
    caller: Asking,
    log: FromDishka[EventLog],
    after: After = None,
    before: Before = None,
    types: Types = "",
    limit: Limit = 50,
) -> Response[list[EventView]]:
    """List the company's events with a greater position (none given: from the oldest kept), ascending; the next cursor
    is the next `after`. A page of very long events ends early. A position that is no longer kept: 410.

    `before` goes the other way: events with a smaller position, descending, of these `types` only; the next cursor is
    the next `before`. Such a page may be short, or empty, and yet have a cursor. `before` of 2^62 is the newest."""
    if before is not None:
        if after is not None:
            raise Invalid.field("before", "of after and before one may be given")
        older, place = await read_back(log, before, limit, caller.tenant_id, _named(types))
        return page([EventView.of(event) for event in older], None if place is None else str(place))
    if types:
        raise Invalid.field("types", "goes with before, or with the stream")
    events, last = await read_page(log, after, limit, caller.tenant_id)
    return page([EventView.of(event) for event in events], None if last is None else str(last))


@get("/events/stream", guards=READ, tags=TAGS, media_type=MEDIA_TYPE, opt=BY_TICKET)
async def stream_events(
    request: Asked,
    streams: FromDishka[Streams],
    opened_by: FromDishka[OpenedBy],
    after: After = None,
    types: Types = "",
    session_id: Annotated[UUID | None, QueryParameter(name="sessionId")] = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """Stream events live as server-sent events: `event` is the type, `id` the position, `data` the event. A client that
    resumes with `Last-Event-ID` misses nothing; one whose position is no longer kept gets `reset`."""
    only = SessionId(session_id) if session_id else None
    return event_stream(streams, opened_by, request, _encoder(types, session_id), after, last_event_id, only=only)


def _named(types: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in types.split(","))))


def _encoder(types: str, session_id: UUID | None) -> Encode:
    wanted = _named(types)

    def encode(event: LoggedEvent) -> list[tuple[str, bytes]]:
        if (wanted and event.type not in wanted) or (session_id and event.session_id != session_id):
            return []
        return [(event.type, msgspec.json.encode(EventView.of(event)))]

    return encode


HANDLERS = [list_events, stream_events]
