"""Socket.IO on `/` (contract E): connections, rooms, client events, and the log sent to those who may see it."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import socketio
import structlog

from whatsapp_hub.adapters.contracts.browser import BrowserSessions
from whatsapp_hub.adapters.contracts.events.linked import LinkTo
from whatsapp_hub.adapters.contracts.events.logged import body_of
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission, encode
from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.view import plain
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.answers import Ack, Answers, Asker, Handler, SocketRates
from whatsapp_hub.adapters.realtime.client_namespace import ClientNamespace, SendRates
from whatsapp_hub.adapters.realtime.fanout import Fanout
from whatsapp_hub.adapters.realtime.membership import Audiences, Membership, Places, own_rooms, rooms_of_rights
from whatsapp_hub.adapters.realtime.present import PresentState
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.resume import MissedEvents, Resume
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.adapters.realtime.server.door import Door
from whatsapp_hub.adapters.realtime.server.limits import SocketLimits
from whatsapp_hub.adapters.realtime.sessions import SessionNews, Subscriptions
from whatsapp_hub.adapters.realtime.typing import Publish, Typing
from whatsapp_hub.adapters.realtime.viewers import Viewers
from whatsapp_hub.application.authentication.callers import CANNOT_TELL, Callers
from whatsapp_hub.application.authentication.follow_access import Owed
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.handling.show_typing import ShowTyping
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange, concern
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.operations.idleness import Listened
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.presence.set_presence import Heartbeat, SetPresence
from whatsapp_hub.application.pulse import LOOP_S, PULSE
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.application.reading.visibility import sight_of
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from whatsapp_hub.domain.ids import ConversationId, TenantId

RECHECK_S = 30.0
AWAY_S = 0.5
GREET_APART_S = 0.001
LEAST_HEARTBEAT_S = 5.0
A_TURN = 50
"""Conversations of which one that connects is shown who looks at them, before others have the loop."""

log = structlog.get_logger(__name__)

Addressed = tuple[Emission, tuple[str, ...]]


@dataclass(slots=True)
class Member(Asker):
    """A connected client."""

    sight: Sight = field(kw_only=True)
    last_heartbeat: float = field(default=-LEAST_HEARTBEAT_S, kw_only=True, compare=False)


class AgentNamespace:
    """The agents' namespace. `asgi` serves `/socket.io`; `begin` sets the log's position, `hear` sends one event of it;
    `watch` runs beside it. `position` is that of the last event sent to all; `recent` may be ahead of it."""

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
        tell_typing: Publish | None = None,
        show_typing: ShowTyping | None = None,
        socket_rates: SocketRates | None = None,
        limits: SocketLimits | None = None,
        browser: BrowserSessions | None = None,
        link: LinkTo | None = None,
    ) -> None:
        limits = limits or SocketLimits()
        self.position: int | None = None
        self.access_changed = Owed()
        self._callers = callers
        self._queries = queries
        self._set_presence = set_presence
        self._heartbeat = heartbeat
        self._show_typing = show_typing
        browser = browser or BrowserSessions()
        self._server = Server(payloads.origins(frontend_url), frontend_url != payloads.ANY_ORIGIN, limits, browser)
        self._fanout = Fanout(self._server)
        self.typing = Typing(self._fanout, tell_typing)
        self._places = Places(events, queries)
        self._audiences = Audiences(self._places)
        self.viewers = Viewers(self._fanout, self._audiences.now, tell_typing)
        self._resume = Resume(
            self._server,
            events,
            recent,
            lambda: self.position,
            lambda: Audiences(self._places),
            self._shown,
        )
        self._news = SessionNews(finder, link)
        present = PresentState(self._server, finder, lambda: self.position, self._news.changes)
        self._subscriptions = Subscriptions(self._server, finder, self._news, self._resume, present)
        self._members: dict[str, Member] = {}
        socket_rates = self._socket_rates = socket_rates or SocketRates(None, limits)
        self._answers = Answers(self._server, NAMESPACE, callers, socket_rates, self._members)
        self._clients = ClientNamespace(self._server, callers, finder, self._subscriptions, send, rates, socket_rates)
        self._greetings = BackgroundTasks()
        self.asgi = Door(socketio.ASGIApp(self._server, socketio_path="socket.io"), self._server)
        self._listen()

    @property
    def sockets(self) -> int:
        """Return how many clients are connected."""
        return self._server.open

    @property
    def events(self) -> dict[str, set[str]]:
        """Return the client events of each namespace."""
        return self._server.events

    async def begin(self, position: int) -> None:
        """Set the position that the next event follows. If it is not that of the last event, something was missed."""
        if self.position is not None:
            for sid in self._members:
                self._emit(sid, Emission("reset", {"position": position}))
            self._clients.reset(position)
        self._audiences.forget()
        self.position = position

    async def hear(self, event: LoggedEvent) -> None:
        """Send an event to those who may see it. Called for every event, in order; waits for an unavailable database
        rather than skip the event."""
        try:
            if self._members or self._clients.members:
                for emission, rooms in await self._shown_with_retry(event):
                    self._fanout(emission, rooms)
            else:
                self._audiences.forget()
        finally:
            self.position = event.position  # in one step with the fan-out: see resume.py
        if event.conversation_id and event.type.startswith("conversation."):
            await self._evict(event.tenant_id, event.conversation_id)

    async def _shown_with_retry(self, event: LoggedEvent) -> list[Addressed]:
        while True:
            try:
                return await self._shown(event, self._audiences)
            except Unavailable:
                PULSE.beat("tail")
                await asyncio.sleep(AWAY_S)

    async def _shown(self, event: LoggedEvent, audiences: Audiences) -> list[Addressed]:
        """Return an event's socket events, each with the rooms that receive it."""
        body = body_of(event)
        rooms = await audiences.of(event, body)
        emissions = encode(event, body)
        return [(emission, rooms) for emission in emissions] + await self._news.addressed(event, body, emissions)

    def hear_sign(self, said: bytes) -> None:
        """Take what another process said of viewers or of typing."""
        if not self.viewers.hear(said):
            self.typing.hear(said)

    async def watch(self) -> None:
        """Disconnect callers whose access changed: signed out, dismissed, moved, expired. Until cancelled."""
        while True:
            PULSE.beat("members", within_s=RECHECK_S + LOOP_S)
            changes = await self.access_changed.due(RECHECK_S)
            self.viewers.repeat()
            if not await self._check(changes) and EVERYONE not in changes:
                await asyncio.sleep(AWAY_S)
                self.access_changed(changes)

    async def _check(self, changes: Collection[AccessChange]) -> bool:
        """Recheck the members concerned; False if one of them could not be checked."""
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
        """Return the sessions and tenants that this process's sockets listen to."""
        return self._subscriptions.listened()

    async def close(self) -> None:
        """Stop; clients reconnect to another process."""
        await self._server.shutdown()
        await asyncio.gather(self._greetings.aclose(), self._subscriptions.aclose(), self.viewers.aclose())

    def _listen(self) -> None:
        on = self._server.on
        on("connect", self._connect, namespace=NAMESPACE)
        on("disconnect", self._disconnect, namespace=NAMESPACE)
        handlers: dict[str, Handler] = {
            "join-company": self._join_company,
            "join-conversation": self._join_conversation,
            "leave-conversation": self._leave_conversation,
            "agent-status": self._agent_status,
            "heartbeat": self._beat,
            "typing": self._type,
            "subscribe:session": self._subscribe,
            "unsubscribe:session": self._unsubscribe,
        }
        self._answers.to(handlers)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        said = auth if isinstance(auth, dict) else {}
        after: int | None = None

        async def enter() -> Member:
            nonlocal after
            after = payloads.after(said.get("after"))
            return await self._member(payloads.credential(said, environ), payloads.company(said))

        member = await self._answers.admit(sid, enter)
        rooms = self._rooms(member)
        if after is None:
            self._server.enter(sid, NAMESPACE, *rooms)
        self._greetings.start(self._greet(sid, member, rooms, after))

    async def _greet(self, sid: str, member: Member, rooms: list[str], after: int | None) -> None:
        """Send `connected` {position}, from which a client can resume, and then what it missed."""
        while self._server.is_entering(sid, NAMESPACE) or self.position is None:
            await asyncio.sleep(GREET_APART_S)
        if sid not in self._members:
            return
        self._emit(sid, Emission("connected", {"position": self.position if after is None else after}))
        for number, emission in enumerate(self.viewers.shown_in(member.caller.tenant_id, rooms), start=1):
            if emission:
                self._emit(sid, emission)
            if not number % A_TURN:
                await asyncio.sleep(0)
        if after is not None:
            await self._resume(MissedEvents(sid, member.caller.tenant_id, frozenset(rooms), after))

    def _emit(self, sid: str, emission: Emission) -> None:
        self._server.emit_to(sid, emission)

    async def _member(self, token: str, company_id: str | None) -> Member:
        caller = await self._callers(token, company_id)
        if not caller.may(Action.WATCH_SESSIONS):
            caller.require(Action.READ_CONVERSATIONS)
        return Member(token, company_id, caller, sight=await self._sight(caller))

    def _rooms(self, member: Member) -> list[str]:
        rooms = own_rooms(member.caller.tenant_id, member.sight) if member.caller.may(Action.READ_CONVERSATIONS) else []
        return [*rooms, *rooms_of_rights(member.caller)]

    async def _sight(self, caller: Caller) -> Sight:
        """Return the caller's sight, with the user's id even if they see everything: it names their own room."""
        sight = sight_of(caller, None)
        if sight.everything or caller.user_id is None:
            return Sight(caller.user_id, None, sight.everything)
        user = await self._queries.user(caller.tenant_id, caller.user_id)
        return sight_of(caller, user.department_id)

    def _disconnect(self, sid: str, *_: Any) -> None:
        self._members.pop(sid, None)
        self._answers.forget(sid)
        self._subscriptions.forget(sid)
        self.typing.forget(sid)
        self.viewers.forget(sid)

    async def _recheck(self, sid: str, member: Member) -> None:
        """Disconnect a member that may no longer listen, or to other rooms now, and say why."""
        if self._callers.is_deaf:
            await self._dismiss(sid, "unavailable", CANNOT_TELL)
            return
        try:
            now = await self._member(member.token, member.company_id)
        except (Unauthenticated, Forbidden, NotFound) as refusal:
            await self._dismiss(sid, "unauthenticated", str(refusal))
            return
        if (now.caller, now.sight) != (member.caller, member.sight):
            await self._dismiss(sid, "changed", "your role or department has changed; connect again")

    async def _dismiss(self, sid: str, code: str, message: str) -> None:
        self._emit(sid, Emission("error", {"code": code, "message": message}))
        await self._server.disconnect(sid, namespace=NAMESPACE)

    async def _join_company(self, sid: str, member: Member, data: Any) -> Ack:
        """Join a company: a MASTER any; others are in their own already."""
        company_id = payloads.text(data, "companyId", str(member.caller.tenant_id))
        caller = await self._callers(member.token, company_id)
        if caller.tenant_id != member.caller.tenant_id:
            rooms = own_rooms(caller.tenant_id, Sight(everything=True))
            self._server.enter(sid, NAMESPACE, *rooms, *rooms_of_rights(caller))
        return {"companyId": str(caller.tenant_id)}

    async def _subscribe(self, sid: str, member: Member, data: Any) -> Ack:
        return await self._subscriptions.subscribe(sid, member.caller, data)

    async def _unsubscribe(self, sid: str, member: Member, data: Any) -> Ack:
        return await self._subscriptions.unsubscribe(sid, member.caller, data)

    async def _join_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        member.caller.require(Action.READ_CONVERSATIONS)
        conversation_id = payloads.conversation_id(data)
        seen = await self._queries.conversation(member.caller.tenant_id, member.sight, conversation_id)
        self._server.enter(sid, NAMESPACE, f"conversation:{seen.id}")
        if user_id := member.caller.user_id:
            rooms = Membership.of(seen).rooms(seen.tenant_id)
            self._emit(sid, self.viewers.enter(sid, user_id, seen.tenant_id, seen.id, rooms))
        return {"conversationId": str(seen.id)}

    async def _leave_conversation(self, sid: str, member: Member, data: Any) -> Ack:
        conversation_id = payloads.conversation_id(data)
        self._server.leave(sid, NAMESPACE, f"conversation:{conversation_id}")
        self.viewers.leave(sid, str(conversation_id))
        return {"conversationId": str(conversation_id)}

    async def _agent_status(self, sid: str, member: Member, data: Any) -> Ack:
        try:
            status = OnlineStatus(payloads.text(data, "status", ""))
        except ValueError:
            raise Invalid.field("status", f"must be one of {', '.join(OnlineStatus)}") from None
        await self._socket_rates.presence(member.caller)
        return {"user": plain(UserView.of(await self._set_presence(member.caller, status)))}

    async def _beat(self, sid: str, member: Member, data: Any) -> Ack:
        now = time.monotonic()
        if now - member.last_heartbeat >= LEAST_HEARTBEAT_S:
            member.last_heartbeat = now
            await self._heartbeat(member.caller)
        return {}

    async def _type(self, sid: str, member: Member, data: Any) -> Ack:
        member.caller.require(Action.WORK_CONVERSATIONS)
        conversation_id, is_typing = payloads.conversation_id(data), payloads.field(data, "typing")
        if not self._server.is_in(sid, NAMESPACE, f"conversation:{conversation_id}"):
            await self._queries.conversation(member.caller.tenant_id, member.sight, conversation_id)
        await self._socket_rates.typing(member.caller)
        eio_sid = self._server.transport_of(sid, NAMESPACE) or ""
        await self.typing.send(sid, eio_sid, member.caller.user_id, conversation_id, is_typing)
        if self._show_typing:
            await self._show_typing(member.caller, conversation_id, is_typing=is_typing is True)
        return {}

    async def _evict(self, tenant_id: TenantId, conversation_id: ConversationId) -> None:
        """Remove from the conversation's room every user who may no longer see it."""
        room = f"conversation:{conversation_id}"
        members = self._server.within(NAMESPACE, room)
        if not members:
            return
        allowed = self._server.members(NAMESPACE, self._audiences.now(tenant_id, conversation_id))
        for sid, eio_sid in members.items():
            if eio_sid not in allowed:
                self._server.leave(sid, NAMESPACE, room)
                self.viewers.leave(sid, str(conversation_id))
