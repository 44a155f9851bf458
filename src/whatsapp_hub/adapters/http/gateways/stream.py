"""Contract B's live stream: server-sent events over the log, resumed by position."""

import asyncio
from typing import Annotated

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.session_events import (
    SessionEvent,
    client_events,
    present_client,
    session_in,
    shown_session,
)
from whatsapp_hub.adapters.contracts.views.sockets import body_of
from whatsapp_hub.adapters.http.auth import BY_TICKET, allows
from whatsapp_hub.adapters.http.streams.sse import (
    MEDIA_TYPE,
    After,
    Asked,
    LastEventId,
    OpenedBy,
    Present,
    Spell,
    event_stream,
)
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
    session_id: Annotated[
        str | None, QueryParameter(name="sessionId", description="of this session only (its sessionId or id)")
    ] = None,
    after: After = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """What happens on the company's sessions, live: `qr-code`, `status-change`, `message-received`, `message-status`,
    `error`. The `id` is a position; a client that comes back with `Last-Event-ID` misses nothing, one whose position is
    kept no more gets `reset`. A new stream of one session (`sessionId`) begins with its present status and code."""
    tenant_id = request.auth.tenant_id
    only = await session_named(finder, tenant_id, session_id) if session_id else None
    keys = {only.id: only.key} if only else await finder.keys(tenant_id)
    spell, present = _spelling(keys, only.id if only else None), _present(finder, only) if only else None
    return event_stream(streams, opened_by, request, spell, after, last_event_id, present, only.id if only else None)


def _present(finder: SessionFinder, session: Session) -> Present:
    async def present(position: int) -> list[tuple[str, bytes]]:
        now = await finder.named(session.tenant_id, str(session.id))
        if now is None:
            return []
        await asyncio.to_thread(data_url, now.qr_code)  # drawn aside; it is remembered
        told = present_client(shown_session(now))
        return [(name, msgspec.json.encode({**payload, "position": position})) for name, payload in told]

    return present


def _spelling(keys: dict[SessionId, str], only: SessionId | None) -> Spell:
    """`keys`: the clients' own names of the sessions that there were; those made since tell theirs themselves."""

    def spell(event: LoggedEvent) -> list[tuple[str, bytes]]:
        if event.session_id is None or (only and event.session_id != only):
            return []
        body = body_of(event)
        if shown := session_in(body):
            keys[event.session_id] = shown.session_id
        happened = SessionEvent(event, body, keys.get(event.session_id, str(event.session_id)))
        return [(name, msgspec.json.encode(payload)) for name, payload in client_events(happened)]

    return spell


HANDLERS = [stream_sessions]
