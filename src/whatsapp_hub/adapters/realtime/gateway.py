"""Socket.IO on `/`: who connects, which rooms they are in, what they may ask; and the log, shown to them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import socketio
import structlog

from whatsapp_hub.adapters.contracts import entities
from whatsapp_hub.adapters.contracts.sockets import NAMESPACE, body_of, spell
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.adapters.realtime.rooms import Audiences, own_rooms
from whatsapp_hub.application.accounts.callers import Callers
from whatsapp_hub.application.ports.log import LoggedEvent
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.presence.set_presence import Heartbeat, SetPresence
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.application.reading.visibility import sight_of
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.errors import HubError, Invalid, NotFound, Unauthenticated
from whatsapp_hub.domain.ids import ConversationId, TenantId
from whatsapp_hub.domain.user import OnlineStatus

MAX_INCOMING_BYTES = 64 * 1024
RECHECK_S = 60.0
LEAST_HEARTBEAT_S = 5.0

log = structlog.get_logger(__name__)

Ack = dict[str, object]


@dataclass(slots=True)
class Member:
    """A connected client."""

    token: str
    company_id: str | None
    caller: Caller
    sight: Sight
    last_heartbeat: float = field(default=-LEAST_HEARTBEAT_S)


class Gateway:
    """`asgi` serves `/socket.io`; `hear` shows one event of the log; `watch` runs beside it."""

    def __init__(
        self,
        callers: Callers,
        queries: Queries,
        set_presence: SetPresence,
        heartbeat: Heartbeat,
        frontend_url: str | None = None,
    ) -> None:
        self._callers = callers
        self._queries = queries
        self._set_presence = set_presence
        self._heartbeat = heartbeat
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            async_handlers=False,
            cors_allowed_origins=_origins(frontend_url),
            max_http_buffer_size=MAX_INCOMING_BYTES,
        )
        self._fanout = Fanout(self._server)
        self._audiences = Audiences(self._find)
        self._members: dict[str, Member] = {}
        self.asgi = socketio.ASGIApp(self._server, socketio_path="socket.io")
        self._listen()

    async def hear(self, event: LoggedEvent) -> None:
        """Show an event to those who may see it. Called for every event, in order."""
        if not self._members:
            self._audiences.forget()
            return
        body = body_of(event)
        rooms = await self._audiences.of(event, body)
        for emission in spell(event, body):
            self._fanout(emission, rooms)
        if event.conversation_id and "conversation" in body:
            await self._part(event.tenant_id, event.conversation_id)

    async def watch(self) -> None:
        """Disconnect whoever is no longer who they were: dismissed, moved, expired. Until cancelled."""
        while True:
            await asyncio.sleep(RECHECK_S)
            for sid, member in list(self._members.items()):
                try:
                    await self._recheck(sid, member)
                except Exception as error:
                    log.warning("socket not checked", error=type(error).__name__)

    async def close(self) -> None:
        """Stop; clients connect again elsewhere."""
        await self._server.shutdown()

    def _listen(self) -> None:
        on = self._server.on
        on("connect", self._connect, namespace=NAMESPACE)
        on("disconnect", self._disconnect, namespace=NAMESPACE)
        for name, handler in {
            "join-company": self._join_company,
            "join-conversation": self._join_conversation,
            "leave-conversation": self._leave_conversation,
            "agent-status": self._agent_status,
            "heartbeat": self._beat,
        }.items():
            on(name, self._answered(name, handler), namespace=NAMESPACE)

    def _answered(
        self, name: str, handler: Callable[[str, Member, Any], Awaitable[Ack]]
    ) -> Callable[..., Awaitable[Ack]]:
        """Every event is acknowledged: `{ok: true, …}` or `{ok: false, error}`."""

        async def answer(sid: str, data: Any = None, *_: Any) -> Ack:
            member = self._members.get(sid)
            if member is None:
                return {"ok": False, "error": "not connected"}
            try:
                return {"ok": True, **await handler(sid, member, data)}
            except HubError as error:
                return {"ok": False, "error": str(error)}
            except Exception:
                log.exception("socket event failed", name=name)
                return {"ok": False, "error": "internal error"}

        return answer

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        given = auth if isinstance(auth, dict) else {}
        token, company_id = given.get("token"), given.get("companyId")
        try:
            if not isinstance(token, str) or not token:
                raise Unauthenticated("auth: {token} is needed")
            member = await self._member(token, str(company_id) if company_id else None)
        except HubError as error:
            raise socketio.exceptions.ConnectionRefusedError(str(error)) from None
        except Exception:
            log.exception("socket not connected")
            raise socketio.exceptions.ConnectionRefusedError("internal error") from None
        self._members[sid] = member
        await self._enter(sid, own_rooms(member.caller.tenant_id, member.sight))

    async def _member(self, token: str, company_id: str | None) -> Member:
        caller = await self._callers(token, company_id)
        caller.require(Action.READ_CONVERSATIONS)
        return Member(token, company_id, caller, await self._sight(caller))

    async def _sight(self, caller: Caller) -> Sight:
        """With the user's id also for those who see everything: it names their own room."""
        sight = sight_of(caller, None)
        if sight.everything or caller.user_id is None:
            return Sight(caller.user_id, None, sight.everything)
        user = await self._queries.user(caller.tenant_id, caller.user_id)
        return sight_of(caller, user.department_id)

    def _disconnect(self, sid: str, *_: Any) -> None:
        self._members.pop(sid, None)

    async def _recheck(self, sid: str, member: Member) -> None:
        try:
            now = await self._member(member.token, member.company_id)
        except (Unauthenticated, NotFound):
            now = None
        if now is None or (now.caller, now.sight) != (member.caller, member.sight):
            await self._server.disconnect(sid, namespace=NAMESPACE)

    async def _enter(self, sid: str, rooms: list[str]) -> None:
        for room in rooms:
            await self._server.enter_room(sid, room, namespace=NAMESPACE)

    async def _join_company(self, sid: str, member: Member, data: Any) -> Ack:
        """A MASTER may join any company; others are in their own already."""
        company_id = _text(data, "companyId", str(member.caller.tenant_id))
        caller = await self._callers(member.token, company_id)
        if caller.tenant_id != member.caller.tenant_id:
            await self._enter(sid, own_rooms(caller.tenant_id, Sight(everything=True)))
        return {"companyId": str(caller.tenant_id)}

    async def _join_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        conversation_id = _conversation_id(data)
        seen = await self._queries.conversation(member.caller.tenant_id, member.sight, conversation_id)
        await self._enter(sid, [f"conversation:{seen.id}"])
        return {"conversationId": str(seen.id)}

    async def _leave_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        conversation_id = _conversation_id(data)
        await self._server.leave_room(sid, f"conversation:{conversation_id}", namespace=NAMESPACE)
        return {"conversationId": str(conversation_id)}

    async def _agent_status(self, sid: str, member: Member, data: Any) -> Ack:
        try:
            status = OnlineStatus(_text(data, "status", ""))
        except ValueError:
            raise Invalid.field("status", f"must be one of {', '.join(OnlineStatus)}") from None
        return {"user": entities.user(await self._set_presence(member.caller, status))}

    async def _beat(self, sid: str, member: Member, data: Any) -> Ack:
        now = time.monotonic()
        if now - member.last_heartbeat >= LEAST_HEARTBEAT_S:
            member.last_heartbeat = now
            await self._heartbeat(member.caller)
        return {}

    async def _find(self, tenant_id: TenantId, conversation_id: ConversationId) -> Conversation:
        return await self._queries.conversation(tenant_id, Sight(everything=True), conversation_id)

    async def _part(self, tenant_id: TenantId, conversation_id: ConversationId) -> None:
        """Whoever looked at a conversation that is out of their sight now looks at it no longer."""
        room = f"conversation:{conversation_id}"
        lookers = self._server.manager.rooms.get(NAMESPACE, {}).get(room)
        if not lookers:
            return
        allowed = self._fanout.members(NAMESPACE, self._audiences.now(tenant_id, conversation_id))
        for sid, eio_sid in list(lookers.items()):
            if eio_sid not in allowed:
                await self._server.leave_room(sid, room, namespace=NAMESPACE)


def _origins(frontend_url: str | None) -> Callable[[str | None, dict[str, Any]], bool]:
    """Our own pages, and those of `frontend_url`."""
    frontend = frontend_url.rstrip("/") if frontend_url else None

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST")}
        return origin is not None and (origin == frontend or urlsplit(origin).netloc in hosts - {None})

    return allowed


def _text(data: Any, name: str, default: str) -> str:
    """A value given alone or in an object."""
    value = data.get(name, default) if isinstance(data, dict) else data or default
    if not isinstance(value, str):
        raise Invalid.field(name, "must be text")
    return value


def _conversation_id(data: Any) -> ConversationId:
    try:
        return ConversationId(UUID(_text(data, "conversationId", "")))
    except ValueError:
        raise Invalid.field("conversationId", "must be a UUID") from None
