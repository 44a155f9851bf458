"""The player of the story: it asks, listens, waits until a step is over, and writes all of it down."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import httpx
import socketio

from tests.walk.hub import Site
from tests.walk.recording import Recording

T = TypeVar("T")

PATIENCE_S = 60
NOBODY_ID = str(UUID(int=0))
"""The id of nothing: what a path gets where an older hub made no such thing."""
FINAL = {"READ", "FAILED"}


@dataclass(frozen=True)
class Person:
    """Who asks: a person, a program, or nobody."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    id: str = NOBODY_ID

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("X-Api-Key", "")


NOBODY = Person("nobody")


@dataclass
class Ear:
    """A socket in one namespace, and what it heard, in order."""

    name: str
    io: socketio.AsyncClient
    namespace: str
    heard: list[tuple[str, Any]] = field(default_factory=list)


@dataclass
class Walk:
    site: Site
    record: Recording
    http: httpx.AsyncClient
    master: Person = NOBODY
    admin: Person = NOBODY
    people: dict[str, Person] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    """By row: a body that was accepted."""
    ears: list[Ear] = field(default_factory=list)
    ends_at: dict[str, set[str]] = field(default_factory=dict)
    """By session: the statuses with which its messages end, where that is not READ or FAILED."""
    now: int = field(default_factory=lambda: int(time.time()))
    last: httpx.Response = field(default_factory=lambda: httpx.Response(0))

    async def ask(
        self,
        row: str,
        by: Person | None = None,
        body: object = None,
        note: str = "",
        keep: str = "",
        path: dict[str, str] | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Ask as `by` (the administrator unless said) at a row of the policy table, with what its path's parameters
        stand for, and write the answer down. `keep`: the name of the thing that the answer shows. Returns the decoded
        answer; an empty object if it is none."""
        who = by or self.admin
        method, template = row.split(" ")
        url = re.sub(r"\{(\w+)\}", lambda name: (path or {}).get(name[1], NOBODY_ID), template)
        given: dict[str, Any] = {"json": body} if body is not None else {}
        answer = await self.http.request(
            method, url, params=query, headers={**who.headers, **(headers or {})}, **given, **more
        )
        self.http.cookies.clear()
        self.last = answer
        said = " ".join(filter(None, (row, f"by {who.name}:" if note else f"by {who.name}", note)))
        sent = {"path": path, "query": query, "body": body, "headers": headers}
        text = compact({n: v for n, v in sent.items() if v})
        self.record.answered(said, row, answer, text)
        if answer.status_code < 300 and body is not None:
            self.bodies.setdefault(row, body)
        return self._kept(answer, keep)

    def _kept(self, answer: httpx.Response, keep: str) -> Any:
        found = decoded(answer)
        if keep:
            id = str(found.get("id", NOBODY_ID)) if isinstance(found, dict) else NOBODY_ID
            self.ids[keep] = id
            if id != NOBODY_ID:
                self.record.names.name(id, keep)
        return found

    async def look(self, path: str, by: Person | None = None, **query: Any) -> Any:
        """Ask without writing down."""
        answer = await self.http.get(path, params=query or None, headers=(by or self.admin).headers)
        return decoded(answer)

    async def until(self, ask: Callable[[], Awaitable[Any]], what: str) -> Any:
        """What `ask` answers as soon as it is true; where it never is, that is written down."""
        end = time.monotonic() + PATIENCE_S
        while not (found := await ask()):
            if time.monotonic() > end:
                self.record.add(f"waited in vain until {what}", row="", status=0)
                return found
            await asyncio.sleep(0.02)
        return found

    async def settled(self) -> None:
        """Wait until nothing is pending, and every message has ended."""
        await self.until(self._is_settled, "everything is settled")

    async def _is_settled(self) -> bool:
        states: dict[str, tuple[str, str, bool]] = {}
        if await self._busy():
            return False
        for event in await self.log():
            message = event["data"].get("message") if event["type"].startswith("message.") else None
            if message and message["direction"] == "OUTBOUND":
                is_unknown = event["type"] == "message.outcome_unknown"
                states[message["id"]] = (message["sessionId"], message["status"], is_unknown)
        return not await self._busy() and all(
            status in self.ends_at.get(session, FINAL) or unknown for session, status, unknown in states.values()
        )

    async def _busy(self) -> bool:
        queues = (await self.look("/api/system")).get("queues", {})
        return bool(queues.get("inbox", {}).get("pending") or queues.get("outbox") or queues["lanes"]["due"])

    async def log(self) -> list[dict[str, Any]]:
        """The company's log, whole."""
        events: list[dict[str, Any]] = []
        while True:
            found = await self.look("/api/events", after=events[-1]["position"] if events else 0, limit=200)
            events += found
            if len(found) < 200:
                return events

    async def listen(self, by: Person, namespace: str = "/", **auth: object) -> Ear:
        """Connect a socket."""
        ear = Ear(f"{namespace} {by.name}", socketio.AsyncClient(reconnection=False), namespace)

        async def hear(name: str, data: Any = None) -> None:
            ear.heard.append((name, data))

        ear.io.on("*", hear, namespace=namespace)
        said = {"token": by.token, **auth}
        try:
            await ear.io.connect(self.site.url, auth=said, transports=["websocket"], namespaces=[namespace])
        except socketio.exceptions.ConnectionError as error:
            self.record.add(f"socket {ear.name} is refused", row=f"socket {namespace} connect", ack=str(error))
        self.ears.append(ear)
        return ear

    async def tell(self, ear: Ear, event: str, data: object = None, note: str = "") -> Any:
        """Send an event and write its acknowledgement down."""
        row = f"socket {ear.namespace} {event}"
        answer = await ear.io.call(event, data, namespace=ear.namespace, timeout=PATIENCE_S)
        name = " ".join(filter(None, (row, f"by {ear.name}", note)))
        self.record.add(name, row=row, sent=compact(data), ack=compact(answer))
        return answer

    async def hears(self, ear: Ear, name: str, **like: object) -> None:
        """Wait until a socket has heard an event with these fields."""

        async def heard() -> bool:
            return any(n == name and like.items() <= (data or {}).items() for n, data in ear.heard)

        await self.until(heard, f"{ear.name} hears {name} {sorted(like)}")

    async def hang_up(self) -> None:
        """Close all sockets and write down what they heard: each subject's events in their order."""
        for ear in self.ears:
            await ear.io.disconnect()
        for ear in self.ears:
            subjects: dict[str, list[tuple[str, Any]]] = {}
            for name, data in ear.heard:
                subjects.setdefault(subject_of(name, data), []).append((name, data))
            for subject in sorted(subjects, key=self.record.names.replaced):
                events = [(heard[0], compact(heard)) for heard in lasting(subjects[subject], _status)]
                steps = ((name, {"row": "emission", "heard": text}) for name, text in events)
                self.record.happened(f"heard by {ear.name} of {subject}", steps)

    @asynccontextmanager
    async def stream(
        self, row: str, by: Person, note: str = "", query: dict[str, Any] | None = None, chunks: int = 1
    ) -> AsyncIterator[None]:
        """Open a stream, write its head and its first events down, and close it at the end of the block."""
        path = row.split(" ")[1]
        async with self.http.stream("GET", path, params=query, headers=by.headers) as answer:
            if answer.status_code != 200:
                await answer.aread()
                self.record.answered(f"{row} by {by.name}: {note}", row, answer, json.dumps(query))
                yield
                return
            yield
            blocks = await self._blocks(answer, chunks)
        heard = httpx.Response(answer.status_code, headers=answer.headers, text="\n\n".join(blocks))
        self.record.answered(f"{row} by {by.name}: {note}", row, heard, json.dumps(query))

    async def _blocks(self, answer: httpx.Response, chunks: int) -> list[str]:
        text, found = "", []
        async with asyncio.timeout(PATIENCE_S):
            async for part in answer.aiter_text():
                text += part
                *whole, text = text.split("\n\n")
                found += [re.sub(r"(?m)^id: ?\d+$", "id: <position>", b) for b in whole if "event:" in b]
                if len(found) >= chunks:
                    return found[:chunks]
        return found


def subject_of(name: str, data: Any) -> str:
    """What an emission is about: its message, else its conversation, session or user."""
    if not isinstance(data, dict):
        return name
    message = data.get("message")
    message_id = data.get("messageId") or (message.get("id") if isinstance(message, dict) else None)
    conversation = data.get("conversation")
    conversation_id = data.get("conversationId") or (conversation.get("id") if isinstance(conversation, dict) else None)
    about = message_id or conversation_id or data.get("sessionId") or data.get("userId")
    return f"{name} {about}" if not message_id and not conversation_id else str(about)


def _status(heard: tuple[str, Any]) -> str:
    return str(heard[1].get("status", "")).upper() if heard[0] == "message-status" else ""


def lasting(events: list[T], status: Callable[[T], str]) -> list[T]:
    """Leave out that a message was SENT where its receipts follow: they are sometimes faster."""
    last = max((number for number, event in enumerate(events) if status(event) == "READ"), default=-1)
    return [event for number, event in enumerate(events) if status(event) != "SENT" or number > last]


def compact(value: object) -> str:
    """JSON as the hub writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else {}
    except ValueError:
        return {}
