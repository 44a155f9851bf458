"""Clients of the live streams, and the events that each should have received, computed from the log alone.

A client here is a WebSocket that speaks just enough Engine.IO 4 and Socket.IO 5. It lives for a few seconds, is cut off
(cleanly or not), reconnects to any API process with the last position it saw, and so on.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from whatsapp_hub.adapters.contracts.events.logged import body_of, conversation_in
from whatsapp_hub.adapters.contracts.events.sockets import encode
from whatsapp_hub.application.ports.queues.log import LoggedEvent

AWAY = (OSError, WebSocketException, TimeoutError, EOFError)
LIVES_S = (0.3, 6.0)
ANSWERS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Seat:
    """A listener: a company, and (for an agent) a department."""

    token: str
    company_id: str
    department_id: str | None = None
    is_supervisor: bool = False


@dataclass
class Listener:
    """One client. `base`: position at which it first joined; `seen`: every position received, in order."""

    seat: Seat
    ports: tuple[int, ...]
    chance: random.Random
    base: int | None = None
    seen: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    came_back: int = 0
    _ends: bool = False

    @property
    def last(self) -> int | None:
        return self.seen[-1] if self.seen else self.base

    async def run(self) -> None:
        """Connect and disconnect until `end`; then stay until cancelled."""
        while True:
            with suppress(*AWAY):
                await self._live()
            self.came_back += 1
            await asyncio.sleep(self.chance.uniform(0, 0.5))

    def end(self) -> None:
        """Make the client reconnect once more and stay connected."""
        self._ends = True

    async def _live(self) -> None:
        port = self.chance.choice(self.ports)
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, open_timeout=ANSWERS_WITHIN_S, max_size=None, proxy=None) as socket:
            leaves = None if self._ends else self.chance.uniform(*LIVES_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(leaves):
                    await self._listen(socket)
            if self.chance.random() < 0.5:
                socket.transport.abort()

    async def _listen(self, socket: ClientConnection) -> None:
        async for said in socket:
            text = said if isinstance(said, str) else said.decode()
            if text.startswith("0"):
                auth = {"token": self.seat.token, **({} if self.last is None else {"after": self.last})}
                await socket.send("40" + json.dumps(auth))
            elif text == "2":
                await socket.send("3")
            elif text.startswith("44"):
                self.wrong.append(f"refused: {text[:200]}")
            elif text.startswith("42"):
                self._hear(*json.loads(text[2:]))

    def _hear(self, name: str, data: Mapping[str, Any]) -> None:
        if name == "connected":
            self.base = data["position"] if self.base is None else self.base
        elif name in ("reset", "error"):
            self.wrong.append(f"{name}: {data}")
        elif "position" in data:
            self.seen.append(data["position"])


@dataclass(frozen=True)
class Verdict:
    """Totals over all listeners."""

    deliveries: int
    missing: int
    doubled: int
    misordered: int
    strange: int
    came_back: int
    wrong: tuple[str, ...]


def judge(listeners: Iterable[Listener], log: Iterable[LoggedEvent]) -> Verdict:
    """Compare each listener with the events of the log since it joined."""
    due = _due(list(log))
    deliveries = missing = doubled = misordered = strange = came_back = 0
    wrong: list[str] = []
    for listener in listeners:
        base = listener.base if listener.base is not None else 1 << 62
        expected = {p for p, rooms in due.items() if p > base and rooms & _rooms(listener.seat)}
        told = set(listener.seen)
        deliveries += len(listener.seen)
        missing += len(expected - told)
        strange += len(told - expected)
        doubled += len(listener.seen) - len(told)
        misordered += sum(a > b for a, b in pairwise(listener.seen))
        came_back += listener.came_back
        wrong += listener.wrong
    return Verdict(deliveries, missing, doubled, misordered, strange, came_back, tuple(wrong))


def still_due(listeners: Iterable[Listener], log: Iterable[LoggedEvent]) -> int:
    """Count the listeners that have not received their last event."""
    due = _due(list(log))
    lagging = 0
    for listener in listeners:
        mine = [p for p, rooms in due.items() if listener.base is not None and rooms & _rooms(listener.seat)]
        lagging += listener.base is None or (bool(mine) and max(mine) > max(listener.base, listener.last or 0))
    return lagging


def _due(log: list[LoggedEvent]) -> dict[int, set[str]]:
    """Return the rooms of each position: a second implementation of the rule, from contract E."""
    stands: dict[object, tuple[str | None, str | None]] = {}
    due: dict[int, set[str]] = {}
    for event in log:
        body = body_of(event)
        rooms: set[str] = set()
        if event.type.startswith("conversation.") and (shown := conversation_in(body)):
            was = stands.get(event.conversation_id)
            now = stands[event.conversation_id] = (shown.department_id, shown.assigned_user_id)
            rooms = _heard_by(event, now) | (_heard_by(event, was) if was else set())
        elif event.type.startswith(("message.", "note.")) and event.conversation_id in stands:
            rooms = _heard_by(event, stands[event.conversation_id])
        elif event.type.startswith(("contact.", "session.")):
            rooms = {f"{'contacts' if event.type.startswith('contact.') else 'sessions'} {event.tenant_id}"}
        if rooms and any("position" in emission.payload for emission in encode(event, body)):
            due[event.position] = rooms
    return due


def _heard_by(event: LoggedEvent, place: tuple[str | None, str | None]) -> set[str]:
    department, user = place
    rooms = {f"supervisors {event.tenant_id}"}
    if department:
        rooms.add(f"department {department}")
    elif not user:
        rooms.add(f"lobby {event.tenant_id}")
    return rooms


def _rooms(seat: Seat) -> set[str]:
    if seat.is_supervisor:
        return {f"{what} {seat.company_id}" for what in ("supervisors", "contacts", "sessions")}
    return {f"lobby {seat.company_id}", f"department {seat.department_id}", f"sessions {seat.company_id}"}
