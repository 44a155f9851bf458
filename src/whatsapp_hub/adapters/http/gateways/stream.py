"""Contract B's live stream: server-sent events over the log, resumed by position."""

import asyncio
from typing import Annotated

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.events.linked import LinkTo
from whatsapp_hub.adapters.contracts.events.logged import body_of, session_in
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.session_events import (
    SessionEvent,
    client_events,
    present_client,
    shown_session,
)
from whatsapp_hub.adapters.http.auth import BY_TICKET, allows
from whatsapp_hub.adapters.http.streams.sse import (
    MEDIA_TYPE,
    After,
    Asked,
    Encode,
    LastEventId,
    OpenedBy,
    Present,
    event_stream,
)
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.ports.edge.realtime import Streams
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import Session


@get(
    "/whatsapp/stream",
    guards=[allows(Action.WATCH_SESSIONS)],
    tags=["B: client sessions"],
    media_type=MEDIA_TYPE,
    opt=BY_TICKET,
)
async def stream_sessions(
    request: Asked,
    streams: FromDishka[Streams],
    opened_by: FromDishka[OpenedBy],
    finder: FromDishka[SessionFinder],
    links: FromDishka[MediaLinks],
    session_id: Annotated[
        str | None, QueryParameter(name="sessionId", description="of this session only (its sessionId or id)")
    ] = None,
    after: After = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """Stream events of the company's sessions live: `qr-code`, `status-change`, `message-received`, `message-status`,
    `error`. The `id` is a position; a client that resumes with `Last-Event-ID` misses nothing, one whose position is no
    longer kept gets `reset`. A new stream of one session (`sessionId`) begins with its current status and code."""
    tenant_id = request.auth.tenant_id
    only = await session_named(finder, tenant_id, session_id) if session_id else None
    keys = {only.id: only.key} if only else await finder.keys(tenant_id)
    encode = _encoder(keys, only.id if only else None, links.for_program)
    present = _present(finder, only) if only else None
    return event_stream(streams, opened_by, request, encode, after, last_event_id, present, only.id if only else None)


def _present(finder: SessionFinder, session: Session) -> Present:
    async def present(position: int) -> list[tuple[str, bytes]]:
        now = await finder.named(session.tenant_id, str(session.id))
        if now is None:
            return []
        await asyncio.to_thread(data_url, now.qr_code)  # drawn off the loop; it is cached
        messages = present_client(shown_session(now))
        return [(name, msgspec.json.encode({**payload, "position": position})) for name, payload in messages]

    return present


def _encoder(keys: dict[SessionId, str], only: SessionId | None, link: LinkTo) -> Encode:
    """Return the stream's encoder. `keys`: the clients' own keys of sessions made before; newer ones are in events."""

    def encode(event: LoggedEvent) -> list[tuple[str, bytes]]:
        if event.session_id is None or (only and event.session_id != only):
            return []
        body = body_of(event)
        if shown := session_in(body):
            keys[event.session_id] = shown.session_id
        happened = SessionEvent(event, body, keys.get(event.session_id, str(event.session_id)))
        return [(name, msgspec.json.encode(payload)) for name, payload in client_events(happened.with_links(link))]

    return encode


HANDLERS = [stream_sessions]
