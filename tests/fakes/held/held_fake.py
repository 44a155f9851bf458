"""A provider that holds a socket a session, as a third party would write it: found by its entry point when this folder
is on PYTHONPATH. Its servers are tests/fakes/pigeons.py; one JSON object a line, both ways."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from whatsapp_hub.application.ports.connections.sockets import SocketHealth, store_name
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    Malformed,
    MessageSeen,
    ProviderEvent,
    RawUpdate,
    SessionSeen,
)
from whatsapp_hub.application.ports.provider.plugin import Accepted, Host, Outgoing, SessionRef
from whatsapp_hub.domain.errors import Conflict, Invalid, OutcomeUnknown, Rejected, Scope, Transient, Unavailable
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Limit
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType, Text
from whatsapp_hub.domain.sessions.session import SessionStatus

KIND = "PIGEON"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Line:
    """One session's socket."""

    session: SessionRef
    task: asyncio.Task[None] | None = None
    writer: asyncio.StreamWriter | None = None
    store: Any = None
    state: str = "CONNECTING"
    heard_at: float = field(default_factory=time.monotonic)
    unstored_since: float | None = None
    asked: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)


class Pigeons:
    """The I/O half."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lines: dict[SessionId, Line] = {}

    async def open(self, session: SessionRef, *, unclean: bool = False) -> None:
        if session.id in self._lines and self.pulse(session.id):
            raise Conflict("open", "it is open already")
        line = self._lines[session.id] = Line(session)
        line.task = asyncio.create_task(self._live(line, unclean))

    async def close(self, session_id: SessionId) -> None:
        line = self._lines.pop(session_id, None)
        if line is None or line.task is None:
            return
        line.task.cancel()
        await asyncio.wait([line.task])

    async def forget(self, session_id: SessionId) -> None:
        await self.close(session_id)
        note = os.environ.get("PIGEON_FORGOTTEN")
        stubborn = Path(f"{note}.stubborn")
        if stubborn.exists() and str(session_id) in stubborn.read_text():
            raise RuntimeError("the store does not let go")
        if note:
            with open(note, "a") as file:  # noqa: PTH123
                file.write(f"{session_id}\n")

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        answer = await self._ask(session_id, {"pair": phone}, 5)
        if "refused" in answer:
            raise Rejected("refused", answer["refused"])
        return str(answer["code"])

    async def log_out(self, session_id: SessionId) -> None:
        await self._ask(session_id, {"log_out": True}, 5)

    def pulse(self, session_id: SessionId) -> SocketHealth | None:
        line = self._lines.get(session_id)
        if line is None or line.task is None or line.task.done():
            return None
        up = line.state == "CONNECTED"
        now_s = time.monotonic()
        unstored = now_s - line.unstored_since if line.unstored_since else 0.0
        return SocketHealth(up, up, now_s - line.heard_at, unstored)

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        line = self._lines.get(session.id)
        if line is None or line.state != "CONNECTED":
            raise Transient("not_connected", retry_after_s=1, scope=Scope.SESSION)
        try:
            body = {"to": message.chat, "text": message.content.text}
            answer = await self._ask(session.id, {"send": body}, deadline_s)
        except Transient:
            raise OutcomeUnknown("lost", "no answer") from None
        return Accepted(str(answer["sent"]))

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        line = self._lines.get(session.id)
        if line and line.writer:
            line.writer.write(json.dumps({"typing": chat}).encode() + b"\n")

    async def aclose(self) -> None:
        for session_id in list(self._lines):
            await self.close(session_id)

    async def _ask(self, session_id: SessionId, what: dict[str, Any], within_s: float) -> dict[str, Any]:
        line = self._lines.get(session_id)
        if line is None or line.writer is None:
            raise Transient("not_connected", retry_after_s=1, scope=Scope.SESSION)
        id = uuid4().hex
        line.asked[id] = asyncio.get_running_loop().create_future()
        line.writer.write(json.dumps({"id": id, **what}).encode() + b"\n")
        try:
            return await asyncio.wait_for(line.asked[id], within_s)
        except (TimeoutError, ConnectionError):
            raise Transient("no_answer", retry_after_s=1, scope=Scope.SESSION) from None
        finally:
            line.asked.pop(id, None)

    async def _live(self, line: Line, unclean: bool) -> None:
        try:
            reader = await self._dial(line, unclean)
            while text := await reader.readline():
                await self._hear(line, json.loads(text))
            raise ConnectionResetError
        except OSError as error:
            line.state = "DISCONNECTED"
            reason = "ended" if isinstance(error, ConnectionResetError) else "no_network"
            await self._tell(line, {"state": "DISCONNECTED", "reason": reason})
        finally:
            await self._hang_up(line)

    async def _dial(self, line: Line, unclean: bool) -> asyncio.StreamReader:
        settings: Any = line.session.settings
        host, _, port = settings["server"].partition(":")
        if settings.get("store"):
            name = store_name(line.session.id)
            line.store = await asyncpg.connect(settings["store"], server_settings={"application_name": name})
        reader, line.writer = await asyncio.open_connection(host, int(port))
        hello = {"session": str(line.session.id), "fence": line.session.fence, "pid": os.getpid()}
        line.writer.write(json.dumps({"hello": {**hello, "unclean": unclean}}).encode() + b"\n")
        return reader

    async def _hang_up(self, line: Line) -> None:
        for future in line.asked.values():
            if not future.done():
                future.set_exception(ConnectionError())
        if line.writer:
            line.writer.close()
        if line.store:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(line.store.close(), 1)

    async def _hear(self, line: Line, said: dict[str, Any]) -> None:
        line.heard_at = time.monotonic()
        if said.get("answers") in line.asked:
            line.asked[said["answers"]].set_result(said)
        elif "state" in said or "message" in said:
            if "state" in said:
                line.state = said["state"]
            await self._tell(line, said)

    async def _tell(self, line: Line, said: dict[str, Any]) -> None:
        body = json.dumps({"at": now().isoformat(), **said}).encode()
        update = RawUpdate((), said.get("key") or uuid4().hex, said.get("chat", "session"), body)
        line.unstored_since = time.monotonic()
        while True:
            try:
                await self._host.receive(line.session, [update])
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                line.unstored_since = None
                return


class Pigeon:
    kind = KIND
    capabilities = Capabilities(
        KIND,
        {MessageType.TEXT: Limit(4096)},
        frozenset({Feature.QR_CODE, Feature.PAIRING_CODE, Feature.TYPING}),
        holds_socket=True,
    )
    webhooks = None

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        server = settings.get("server", os.environ.get("PIGEON_SERVER"))
        if not isinstance(server, str):
            raise Invalid.field("settings/server", "must be host:port")
        return {**settings, "server": server}

    def encode_settings(self, settings: Any, *, secrets: bool) -> dict[str, object]:
        return {name: value for name, value in settings.items() if secrets or name != "store"}

    def routes(self, settings: object) -> tuple[str, ...]:
        return ()

    def chat_of(self, identity: Identity) -> str:
        return identity.address or identity.value

    def translate(self, body: bytes) -> list[ProviderEvent]:
        try:
            said = json.loads(body)
        except ValueError:
            raise Malformed("no JSON") from None
        at = datetime.fromisoformat(said["at"])
        if "message" in said:
            phone = said["chat"]
            content = Text(said["message"])
            return [MessageSeen(said["key"], phone, ChatKind.PERSON, (Identity.phone(phone),), content, at)]
        until = datetime.fromisoformat(said["until"]) if said.get("until") else None
        status = SessionStatus(said["state"])
        return [SessionSeen(status, at, said.get("reason"), said.get("phone"), said.get("qr"), until)]

    def connect(self, host: Host) -> Pigeons:
        return Pigeons(host)
