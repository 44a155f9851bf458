"""Contract B: client sessions. Its live stream is in `stream.py`, its socket in `adapters/realtime`."""

from typing import Annotated

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.http.api.conversations.conversations import IdempotencyKey
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.gateways.fields import TextBody
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.reading.sessions import SessionFinder, SessionMessages, session_named
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.application.sessions.open_sessions import OpenSession
from whatsapp_hub.domain.accounts.access import Action

TAGS = ["B: client sessions"]


class OpenBody(msgspec.Struct, rename="camel"):
    """A session to create and start."""

    session_id: str
    provider: str | None = None


class ClientSendBody(TextBody, rename="camel", kw_only=True):
    """A text to send, and the session that sends it."""

    session_id: str


@post("/whatsapp/session", tags=TAGS)
async def open_session(
    caller: Asking, data: JSONBody[OpenBody], open_session: FromDishka[OpenSession], finder: FromDishka[SessionFinder]
) -> entities.ClientSession:
    """Create a session and start it; one that was stopped is started again."""
    client_id = await finder.client_id(caller.tenant_id)
    with renamed(name="sessionId"):
        return entities.client_session(await open_session(caller, data.session_id, data.provider), client_id)


@get("/whatsapp/sessions", guards=[allows(Action.READ_SESSIONS)], tags=TAGS)
async def list_client_sessions(
    caller: Asking,
    finder: FromDishka[SessionFinder],
    limit: Limit = 50,
    cursor: Cursor = None,
    all_: Annotated[bool, QueryParameter(name="all", description="those that are not started too")] = False,
) -> Response[list[entities.ListedClientSession]]:
    """List the company's started sessions, the oldest first."""
    found = await finder.page(caller.tenant_id, limit, cursor, active=not all_)
    with_code = caller.may(Action.MANAGE_SESSIONS)
    client_id = await finder.client_id(caller.tenant_id)
    lines = [entities.listed_client_session(session, client_id, with_code=with_code) for session in found.items]
    return page(lines, found.next_cursor)


@get("/whatsapp/messages", guards=[allows(Action.WATCH_SESSIONS)], tags=TAGS)
async def list_client_messages(
    caller: Asking,
    finder: FromDishka[SessionFinder],
    messages: FromDishka[SessionMessages],
    links: FromDishka[MediaLinks],
    session_id: Annotated[str, QueryParameter(name="sessionId", description="its sessionId, or its id")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[entities.ListedClientMessage]]:
    """List a session's messages with their contacts, the newest first."""
    session = await session_named(finder, caller.tenant_id, session_id)
    found = await messages(caller.tenant_id, session.id, limit, cursor)
    link = links.for_program
    return page([entities.listed_client_message(one, session.key, link) for one in found.items], found.next_cursor)


@post("/whatsapp/send", status_code=202, tags=TAGS)
async def send_from_session(
    caller: Asking, data: JSONBody[ClientSendBody], send_to: FromDishka[SendTo], key: IdempotencyKey = None
) -> entities.SentMessage:
    """Send a text of at most 4096 characters. It is stored when this returns, and sent in its turn; with
    `sendAt` not before then."""
    with renamed(content="message"):
        later = utc("send_at", data.send_at)
        message = await send_to(caller, data.session_id, data.to, data.message, key, later)
    return entities.sent(message, lower=True)


HANDLERS = [open_session, list_client_sessions, list_client_messages, send_from_session]
