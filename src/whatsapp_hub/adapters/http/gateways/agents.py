"""Contract A: sessions owned by AI agents."""

from typing import Annotated

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.contracts.gateways.connections import AgentConnections, ConnectionView
from whatsapp_hub.adapters.http.api.conversations.conversations import IdempotencyKey
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.gateways.fields import TextBody
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.application.sessions.close_sessions import CloseAgentSession
from whatsapp_hub.application.sessions.open_sessions import OpenAgentSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import NotFound

TAGS = ["A: agents' sessions"]


class InitBody(msgspec.Struct, rename="camel"):
    """A session to start; without `sessionId` the agent's own."""

    session_id: str | None = None
    provider: str | None = None


@post("/whatsapp/{key:str}/sessions/init", status_code=202, tags=TAGS)
async def init_agent_session(
    caller: Asking,
    key: FromPath[str],
    open_agent_session: FromDishka[OpenAgentSession],
    data: JSONBody[InitBody | None] = None,
) -> entities.AgentSession:
    """Start a session of an AI agent (`key` is the agentId), created if need be. Without a `sessionId`: the agent's
    newest session that is not connected, else a new one."""
    body = data or InitBody()
    with renamed(name="sessionId"):
        return entities.agent_session(await open_agent_session(caller, key, body.session_id, body.provider))


@delete("/whatsapp/{key:str}/sessions/{session_id:str}", tags=TAGS)
async def close_agent_session(
    caller: Asking,
    key: FromPath[str],
    session_id: FromPath[str],
    close_agent_session: FromDishka[CloseAgentSession],
    logout: Annotated[bool, QueryParameter(description="log out of the phone too")] = False,
) -> None:
    """Disconnect a session of an AI agent (`key` is the agentId)."""
    await close_agent_session(caller, key, session_id, log_out=logout)


@post("/whatsapp/{key:str}/send-message", status_code=202, tags=["A and D: sending"])
async def send_message(
    caller: Asking,
    key: FromPath[str],
    data: JSONBody[TextBody],
    send_to: FromDishka[SendTo],
    idempotency_key: IdempotencyKey = None,
) -> entities.SentMessage:
    """Send a text. `key` is a session's id, else its sessionId, else an agentId with exactly one connected session
    (several: 409). The message is stored when this returns; its outcome comes over the socket. With `sendAt` it waits
    until then (`DELETE /api/messages/scheduled/{id}` cancels it)."""
    with renamed(content="message"):
        later = utc("send_at", data.send_at)
        message = await send_to(caller, key, data.to, data.message, idempotency_key, later, agents_too=True)
    return entities.sent(message)


@get("/whatsapp/{key:str}/status", guards=[allows(Action.READ_SESSIONS)], tags=TAGS)
async def agent_status(caller: Asking, key: FromPath[str], finder: FromDishka[SessionFinder]) -> entities.AgentStatus:
    """List an AI agent's sessions (`key` is the agentId)."""
    found = await finder.connections(caller.tenant_id, key)
    if not found:
        raise NotFound("agent", key)
    return entities.AgentStatus(key, [entities.agent_state(c.session, c.last_seen_at) for c in found])


@get("/debug/whatsapp/{key:str}/connection", guards=[allows(Action.MANAGE_SESSIONS)], tags=TAGS)
async def agent_connection(caller: Asking, key: FromPath[str], finder: FromDishka[SessionFinder]) -> AgentConnections:
    """Show the connections of an AI agent's sessions, for diagnosis (ADMIN)."""
    found = await finder.connections(caller.tenant_id, key)
    if not found:
        raise NotFound("agent", key)
    return AgentConnections(key, [ConnectionView.of(one) for one in found])


HANDLERS = [init_agent_session, close_agent_session, send_message, agent_status, agent_connection]
