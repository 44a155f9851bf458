"""Socket.IO on `/`: who connects, which rooms they are in, what they may ask; and the log, shown to them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import socketio
import structlog

from whatsapp_hub.adapters.contracts.views import entities
from whatsapp_hub.adapters.contracts.views.sockets import NAMESPACE, Emission, body_of, spell
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.client_namespace import ClientNamespace, SendRates
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.adapters.realtime.membership import Audiences, Places, own_rooms
from whatsapp_hub.adapters.realtime.present import PresentState
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.resume import Missing, Resume
from whatsapp_hub.adapters.realtime.sessions import SessionNews, Subscriptions
from whatsapp_hub.adapters.realtime.typing import Tell, Typing
from whatsapp_hub.application.accounts.callers import Callers
from whatsapp_hub.application.acting import ACTOR, Actor
from whatsapp_hub.application.authentication.follow_access import Owed
from whatsapp_hub.application.handling.show_typing import ShowTyping
from whatsapp_hub.application.ports.edge.access import ANYBODY, AccessChange, concern
from whatsapp_hub.application.ports.edge.idleness import Listened
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.presence.set_presence import Heartbeat, SetPresence
from whatsapp_hub.application.pulse import LOOP_S, PULSE
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.application.reading.visibility import sight_of
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.errors import Forbidden, HubError, Invalid, NotFound, Unauthenticated, Unavailable
from whatsapp_hub.domain.ids import ConversationId, TenantId

MAX_INCOMING_BYTES = 64 * 1024
RECHECK_S = 30.0
AWAY_S = 0.5
GREET_APART_S = 0.001
LEAST_HEARTBEAT_S = 5.0

log = structlog.get_logger(__name__)

Ack = dict[str, object]
Told = tuple[Emission, tuple[str, ...]]


@dataclass(slots=True)
class Member:
    """A connected client."""

    token: str
    company_id: str | None
    caller: Caller
    sight: Sight
    last_heartbeat: float = field(default=-LEAST_HEARTBEAT_S)
    address: str | None = None


class Gateway:
    """`asgi` serves `/socket.io`; `begin` says where the log stands, `hear` shows one event of it; `watch` runs
    beside it. `position` is that of the last event shown to all; what `recent` holds may be ahead of it."""

    def __init__(
        self,
        callers: Callers,
        queries: Queries,
        set_presence: SetPresence,
        heartbeat: Heartbeat,
        events: EventLog,
        recent: EventBuffer,
        finder: SessionFinder,
        send: SendTo,
        rates: SendRates | None = None,
        frontend_url: str | None = None,
        tell_typing: Tell | None = None,
        show_typing: ShowTyping | None = None,
    ) -> None:
        self.position: int | None = None
        self.access_changed = Owed()
        self._callers = callers
        self._queries = queries
        self._set_presence = set_presence
        self._heartbeat = heartbeat
        self._show_typing = show_typing
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            async_handlers=False,
            cors_allowed_origins=payloads.origins(frontend_url),
            cors_credentials=frontend_url != payloads.ANY_ORIGIN,
            max_http_buffer_size=MAX_INCOMING_BYTES,
        )
        self._fanout = Fanout(self._server)
        self.typing = Typing(self._fanout, tell_typing)
        self._places = Places(events, queries)
        self._audiences = Audiences(self._places)
        self._resume = Resume(
            self._server,
            self._fanout,
            events,
            recent,
            lambda: self.position,
            lambda: Audiences(self._places),
            self._shown,
        )
        self._news = SessionNews(finder)
        present = PresentState(self._server, self._fanout, finder, lambda: self.position, self._news.changes)
        self._subscriptions = Subscriptions(self._server, self._fanout, finder, self._news, self._resume, present)
        self._clients = ClientNamespace(self._server, self._fanout, callers, finder, self._subscriptions, send, rates)
        self._members: dict[str, Member] = {}
        self._greetings: set[asyncio.Task[None]] = set()
        self.asgi = socketio.ASGIApp(self._server, socketio_path="socket.io")
        self._listen()

    @property
    def sockets(self) -> int:
        """How many clients are connected."""
        return len(self._server.eio.sockets)

    async def begin(self, position: int) -> None:
        """What is heard next follows this position. If that is not what was heard last, something was missed."""
        if self.position is not None:
            for sid in self._members:
                self._tell(sid, Emission("reset", {"position": position}))
            self._clients.reset(position)
        self._audiences.forget()
        self.position = position

    async def hear(self, event: LoggedEvent) -> None:
        """Show an event to those who may see it. Called for every event, in order; waits for a database that is away
        rather than skip."""
        try:
            if self._members or self._clients.members:
                for emission, rooms in await self._patiently(event):
                    self._fanout(emission, rooms)
            else:
                self._audiences.forget()
        finally:
            self.position = event.position  # in one step with the fan-out: see resume.py
        if event.conversation_id and event.type.startswith("conversation."):
            await self._part(event.tenant_id, event.conversation_id)

    async def _patiently(self, event: LoggedEvent) -> list[Told]:
        while True:
            try:
                return await self._shown(event, self._audiences)
            except Unavailable:
                PULSE.beat("tail")
                await asyncio.sleep(AWAY_S)

    async def _shown(self, event: LoggedEvent, audiences: Audiences) -> list[Told]:
        """What an event is told as, each with the rooms that hear it."""
        body = body_of(event)
        rooms = await audiences.of(event, body)
        spelled = spell(event, body)
        return [(emission, rooms) for emission in spelled] + await self._news.told(event, body, spelled)

    async def watch(self) -> None:
        """Disconnect whoever is no longer who they were: signed out, dismissed, moved, expired. Until cancelled."""
        while True:
            PULSE.beat("members", within_s=RECHECK_S + LOOP_S)
            changes = await self.access_changed.due(RECHECK_S)
            if not await self._check(changes) and ANYBODY not in changes:
                await asyncio.sleep(AWAY_S)
                self.access_changed(changes)

    async def _check(self, changes: Collection[AccessChange]) -> bool:
        """False: somebody could not be checked."""
        is_whole = await self._clients.recheck(changes)
        for sid, member in [(sid, one) for sid, one in self._members.items() if concern(changes, one.caller)]:
            PULSE.beat("members")
            try:
                await self._recheck(sid, member)
            except Exception as error:
                is_whole = False
                log.warning("socket not checked", error=type(error).__name__)
        return is_whole

    def listened(self) -> Listened:
        """To whom this process's sockets listen."""
        return self._subscriptions.listened()

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
            "typing": self._type,
            "subscribe:session": self._subscribe,
            "unsubscribe:session": self._unsubscribe,
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
            acting = ACTOR.set(Actor(member.caller, f"socket {name}", member.address))
            try:
                return {"ok": True, **await handler(sid, member, data)}
            except HubError as error:
                return {"ok": False, "error": str(error)}
            except Exception:
                log.exception("socket event failed", name=name)
                return {"ok": False, "error": "internal error"}
            finally:
                ACTOR.reset(acting)

        return answer

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        said = auth if isinstance(auth, dict) else {}
        company_id = said.get("companyId")
        try:
            after = payloads.after(said.get("after"))
            member = await self._member(payloads.token(said), str(company_id) if company_id else None)
        except HubError as error:
            raise socketio.exceptions.ConnectionRefusedError(str(error)) from None
        except Exception:
            log.exception("socket not connected")
            raise socketio.exceptions.ConnectionRefusedError("internal error") from None
        member.address = payloads.address(environ)
        self._members[sid] = member
        await self._stayed(sid, member)
        rooms = self._rooms(member)
        if after is None:
            await self._enter(sid, rooms)
        greeting = asyncio.create_task(self._greet(sid, member, rooms, after))
        self._greetings.add(greeting)
        greeting.add_done_callback(self._greetings.discard)

    async def _stayed(self, sid: str, member: Member) -> None:
        """Refuse whoever changed while they came in: nobody would tell now."""
        try:
            if await self._callers(member.token, member.company_id) == member.caller:
                return
            why = "your role has changed; connect again"
        except HubError as error:
            why = str(error)
        self._members.pop(sid, None)
        raise socketio.exceptions.ConnectionRefusedError(why)

    async def _greet(self, sid: str, member: Member, rooms: list[str], after: int | None) -> None:
        """`connected` {position}: from there on a client that comes back may ask. What it missed follows."""
        while self._server.manager.is_pre_connected(sid, NAMESPACE) or self.position is None:
            await asyncio.sleep(GREET_APART_S)
        if sid not in self._members:
            return
        self._tell(sid, Emission("connected", {"position": self.position if after is None else after}))
        if after is not None:
            eio_sid = self._server.manager.eio_sid_from_sid(sid, NAMESPACE)
            await self._resume(Missing(sid, eio_sid, member.caller.tenant_id, frozenset(rooms), after))

    def _tell(self, sid: str, emission: Emission) -> None:
        if eio_sid := self._server.manager.eio_sid_from_sid(sid, NAMESPACE):
            self._fanout.tell(eio_sid, emission)

    async def _member(self, token: str, company_id: str | None) -> Member:
        caller = await self._callers(token, company_id)
        if not caller.may(Action.WATCH_SESSIONS):
            caller.require(Action.READ_CONVERSATIONS)
        return Member(token, company_id, caller, await self._sight(caller))

    def _rooms(self, member: Member) -> list[str]:
        if not member.caller.may(Action.READ_CONVERSATIONS):
            return []
        return own_rooms(member.caller.tenant_id, member.sight)

    async def _sight(self, caller: Caller) -> Sight:
        """With the user's id also for those who see everything: it names their own room."""
        sight = sight_of(caller, None)
        if sight.everything or caller.user_id is None:
            return Sight(caller.user_id, None, sight.everything)
        user = await self._queries.user(caller.tenant_id, caller.user_id)
        return sight_of(caller, user.department_id)

    def _disconnect(self, sid: str, *_: Any) -> None:
        self._members.pop(sid, None)
        self._subscriptions.gone(sid)
        self.typing.gone(sid)

    async def _recheck(self, sid: str, member: Member) -> None:
        """Whoever may no longer listen, or to other rooms now, is told why and let go."""
        try:
            now = await self._member(member.token, member.company_id)
        except (Unauthenticated, Forbidden, NotFound) as refusal:
            await self._dismiss(sid, "unauthenticated", str(refusal))
            return
        if (now.caller, now.sight) != (member.caller, member.sight):
            await self._dismiss(sid, "changed", "your role or department has changed; connect again")

    async def _dismiss(self, sid: str, code: str, message: str) -> None:
        self._tell(sid, Emission("error", {"code": code, "message": message}))
        await self._server.disconnect(sid, namespace=NAMESPACE)

    async def _enter(self, sid: str, rooms: list[str]) -> None:
        for room in rooms:
            await self._server.enter_room(sid, room, namespace=NAMESPACE)

    async def _join_company(self, sid: str, member: Member, data: Any) -> Ack:
        """A MASTER may join any company; others are in their own already."""
        company_id = payloads.text(data, "companyId", str(member.caller.tenant_id))
        caller = await self._callers(member.token, company_id)
        if caller.tenant_id != member.caller.tenant_id:
            await self._enter(sid, own_rooms(caller.tenant_id, Sight(everything=True)))
        return {"companyId": str(caller.tenant_id)}

    async def _subscribe(self, sid: str, member: Member, data: Any) -> Ack:
        return await self._subscriptions.subscribe(sid, member.caller, data)

    async def _unsubscribe(self, sid: str, member: Member, data: Any) -> Ack:
        return await self._subscriptions.unsubscribe(sid, member.caller, data)

    async def _join_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        member.caller.require(Action.READ_CONVERSATIONS)
        conversation_id = payloads.conversation_id(data)
        seen = await self._queries.conversation(member.caller.tenant_id, member.sight, conversation_id)
        await self._enter(sid, [f"conversation:{seen.id}"])
        return {"conversationId": str(seen.id)}

    async def _leave_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        conversation_id = payloads.conversation_id(data)
        await self._server.leave_room(sid, f"conversation:{conversation_id}", namespace=NAMESPACE)
        return {"conversationId": str(conversation_id)}

    async def _agent_status(self, sid: str, member: Member, data: Any) -> Ack:
        try:
            status = OnlineStatus(payloads.text(data, "status", ""))
        except ValueError:
            raise Invalid.field("status", f"must be one of {', '.join(OnlineStatus)}") from None
        return {"user": entities.user(await self._set_presence(member.caller, status))}

    async def _beat(self, sid: str, member: Member, data: Any) -> Ack:
        now = time.monotonic()
        if now - member.last_heartbeat >= LEAST_HEARTBEAT_S:
            member.last_heartbeat = now
            await self._heartbeat(member.caller)
        return {}

    async def _type(self, sid: str, member: Member, data: Any) -> Ack:
        member.caller.require(Action.WORK_CONVERSATIONS)
        conversation_id, manager = payloads.conversation_id(data), self._server.manager
        if sid not in manager.rooms.get(NAMESPACE, {}).get(f"conversation:{conversation_id}", ()):
            await self._queries.conversation(member.caller.tenant_id, member.sight, conversation_id)
        eio_sid, is_typing = manager.eio_sid_from_sid(sid, NAMESPACE), payloads.field(data, "typing")
        await self.typing.say(sid, eio_sid, member.caller.user_id, conversation_id, is_typing)
        if self._show_typing:
            await self._show_typing(member.caller, conversation_id, is_typing=is_typing is True)
        return {}

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
