"""Subscriptions to the events of sessions: contract D's on `/`, contract B's on `/whatsapp`.

session:{id}               subscribers of the session
agent:{tenant}:{agent}     subscribers of all sessions of an agent (contract A)
statuses:…                 the same, for contract E's message-status, where the right to it comes from the
                           subscription alone: users who see every conversation receive it anyway
"""

import asyncio
from collections import Counter
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from cachetools import LRUCache

from whatsapp_hub.adapters.contracts.events.linked import LinkTo
from whatsapp_hub.adapters.contracts.events.logged import Body, LoggedSession, session_in
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.session_events import (
    CLIENTS,
    SessionEvent,
    client_events,
    life_events,
)
from whatsapp_hub.adapters.contracts.wire import client_text
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.present import PresentState
from whatsapp_hub.adapters.realtime.resume import MissedEvents, Resume
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.operations.idleness import Listened
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, HubError, NotFound
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import Session

_REMEMBERED = 20_000
MOST_REPLAYS = 100
"""Subscriptions of one socket that replay what it missed, at a time: each reads the log."""
_SOCKET_LESS = frozenset({"message-status"})

Addressed = tuple[Emission, tuple[str, ...]]
T = TypeVar("T")


def session_room(session_id: SessionId) -> str:
    """Name the room of one session's listeners."""
    return f"session:{session_id}"


def agent_room(tenant_id: TenantId, agent_id: str) -> str:
    """Name the room of one agent id's listeners."""
    return f"agent:{tenant_id}:{agent_id}"


class Subscribed(TypedDict, total=False):
    """The acknowledgement of a subscription, or of its end: one session's key, or several."""

    sessionId: str
    sessionIds: list[str]


class SessionNews:
    """Events for the subscribers of their session. While there are none (`listeners` is empty), nothing is encoded."""

    def __init__(self, finder: SessionFinder, link: LinkTo | None = None) -> None:
        self.listeners: set[str] = set()
        self._finder = finder
        self._link = link
        self._known: LRUCache[SessionId, LoggedSession] = LRUCache(_REMEMBERED)
        self._changes: LRUCache[SessionId, int] = LRUCache(_REMEMBERED)

    def changes(self, session_id: SessionId) -> int:
        """Return how many changes of its state this process has encoded."""
        return self._changes.get(session_id, 0)

    async def addressed(self, event: LoggedEvent, body: Body, emissions: list[Emission]) -> list[Addressed]:
        """Encode an event for subscribers; `emissions` are its emissions by contract E. Raises Unavailable."""
        if not self.listeners or event.session_id is None:
            return []
        session = await self._session(event, event.session_id, body)
        if event.type == "session.qr":
            await asyncio.to_thread(data_url, session.qr_code)  # drawn off the loop; it is cached
        if event.type.startswith("session."):
            self._changes[event.session_id] = self.changes(event.session_id) + 1
        happened = SessionEvent(event, body, session.session_id)
        rooms = (session_room(event.session_id), agent_room(event.tenant_id, session.agent_id))
        addressed = [(Emission(name, payload), rooms) for name, payload in life_events(happened)]
        for name, payload in client_events(happened.with_links(self._link)):
            if name not in _SOCKET_LESS:
                addressed.append((Emission(name, payload, CLIENTS), rooms))
        statuses = tuple(f"statuses:{room}" for room in rooms)
        return addressed + [(emission, statuses) for emission in emissions if emission.name == "message-status"]

    async def _session(self, event: LoggedEvent, session_id: SessionId, body: Body) -> LoggedSession:
        """Return the session as the event shows it, else as it is known; one deleted since is named by its id."""
        shown = session_in(body) or self._known.get(session_id)
        if shown is None:
            found = await self._finder.named(event.tenant_id, str(session_id))
            key, agent_id = (found.key, found.agent_id) if found else (str(session_id), "")
            shown = LoggedSession(session_id=key, agent_id=agent_id)
        self._known[session_id] = shown
        return shown


class Subscriptions:
    """Enter and leave sessions' rooms. With `after`, events missed since that position come first; without it, the
    current state."""

    def __init__(
        self,
        server: Server,
        finder: SessionFinder,
        news: SessionNews,
        resume: Resume,
        present: PresentState,
    ) -> None:
        self._server = server
        self._finder = finder
        self._news = news
        self._resume = resume
        self._present = present
        self._tasks = BackgroundTasks()
        self._replays = Counter[str]()

    async def subscribe(self, sid: str, caller: Caller, data: Any) -> Subscribed:
        """Subscribe on `/` (D, A) to a session, or to all those of an agent. Raises Forbidden, NotFound, Invalid."""
        try:
            sessions, room = await self._meant(caller, data)
        except HubError as error:
            fault = {"sessionId": payloads.named(data, "sessionId", "agentId"), "code": payloads.code_of(error)}
            self._emit(sid, Emission("session:error", {**fault, "message": client_text(error)}))
            raise
        rooms = [room] if caller.may(Action.READ_ALL_CONVERSATIONS) else [room, f"statuses:{room}"]
        self._enter(sid, NAMESPACE, caller, rooms, sessions, payloads.after(_field(data, "after")))
        for session in sessions:
            self._emit(sid, Emission("subscribed", {"sessionId": session.key}))
        return _subscribed(sessions)

    async def unsubscribe(self, sid: str, caller: Caller, data: Any) -> Subscribed:
        """End a subscription on `/`. Raises Forbidden, NotFound, Invalid."""
        sessions, room = await self._meant(caller, data)
        for each in (room, f"statuses:{room}"):
            self._server.leave(sid, NAMESPACE, each)
        return _subscribed(sessions)

    async def join(self, sid: str, caller: Caller, data: Any) -> Session:
        """Join a session on `/whatsapp` (B). Raises Forbidden, NotFound, Invalid."""
        caller.require(Action.WATCH_SESSIONS)
        session = await self._session(caller, data)
        self._enter(sid, CLIENTS, caller, [session_room(session.id)], [session], payloads.after(_field(data, "after")))
        return session

    async def leave(self, sid: str, caller: Caller, data: Any) -> Session:
        """Leave the session's room. Raises NotFound."""
        session = await self._session(caller, data)
        self._server.leave(sid, CLIENTS, session_room(session.id))
        return session

    def listened(self) -> Listened:
        """Return what sockets listen to, on both namespaces."""
        rooms = [*self._server.occupied(NAMESPACE), *self._server.occupied(CLIENTS)]
        sessions = (name.removeprefix("session:") for name in rooms if name.startswith("session:"))
        agents = (name.split(":", 2)[1:] for name in rooms if name.startswith("agent:"))
        return Listened(
            frozenset(SessionId(UUID(id)) for id in sessions),
            frozenset((TenantId(UUID(tenant)), agent) for tenant, agent in agents),
        )

    def forget(self, sid: str) -> None:
        """Forget a socket that disconnected."""
        self._news.listeners.discard(sid)

    async def _meant(self, caller: Caller, data: Any) -> tuple[list[Session], str]:
        caller.require(Action.WATCH_SESSIONS)
        agent_id = _field(data, "agentId")
        if not isinstance(agent_id, str) or not agent_id:
            session = await self._session(caller, data)
            return [session], session_room(session.id)
        agent_id = payloads.needed(data, "agentId")
        sessions = await self._finder.of_agent(caller.tenant_id, agent_id)
        if not sessions:
            raise NotFound("agent", agent_id)
        return sessions, agent_room(caller.tenant_id, agent_id)

    async def _session(self, caller: Caller, data: Any) -> Session:
        return await session_named(self._finder, caller.tenant_id, payloads.text(data, "sessionId", ""))

    def _enter(
        self,
        sid: str,
        namespace: str,
        caller: Caller,
        rooms: list[str],
        sessions: list[Session],
        after: int | None,
    ) -> None:
        """Enter the rooms: at once, followed by the current state; or by a task that first replays what was missed. The
        tasks emit after everything that the caller emits without an `await`. Raises Conflict."""
        if after is None:
            self._server.enter(sid, namespace, *rooms)
            self._news.listeners.add(sid)
            self._tasks.start(self._present(sid, namespace, caller.tenant_id, [session.id for session in sessions]))
            return
        if not self._server.is_here(sid, namespace):
            return
        if self._replays[sid] >= MOST_REPLAYS:
            raise Conflict("too_many_replays", f"{MOST_REPLAYS} subscriptions of this socket replay the log; wait")
        self._news.listeners.add(sid)
        self._replays[sid] += 1
        missed = MissedEvents(sid, caller.tenant_id, frozenset(rooms), after, namespace)
        self._tasks.start(self._resume(missed), lambda: self._replayed(sid))

    def _replayed(self, sid: str) -> None:
        self._replays[sid] -= 1
        if not self._replays[sid]:
            del self._replays[sid]

    async def aclose(self) -> None:
        """Stop replaying: the sockets are gone."""
        await self._tasks.aclose()

    def _emit(self, sid: str, emission: Emission) -> None:
        self._server.emit_to(sid, emission)


def _subscribed(sessions: list[Session]) -> Subscribed:
    keys = [session.key for session in sessions]
    return {"sessionId": keys[0]} if len(keys) == 1 else {"sessionIds": keys}


def _field(data: Any, name: str) -> object:
    return data.get(name) if isinstance(data, dict) else None
