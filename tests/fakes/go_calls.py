"""Being Go: the very C functions that neonize's library was given, called from a thread of their own with the bytes of
neonize's own protobuf classes. No network is needed: the dial itself is held by a proxy that never answers."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from whatsapp_hub.adapters.providers.neonize import dial
from whatsapp_hub.adapters.providers.neonize.egress import upstream
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary, Missing, load
from whatsapp_hub.adapters.providers.neonize.pairing import host
from whatsapp_hub.adapters.providers.neonize.pairing.process import PairingProcess as RoomHere

HELD_S = 3600.0


def real_library() -> GoLibrary:
    """Skips where neonize or libmagic is missing, and says which."""
    try:
        return load()
    except Missing as error:
        pytest.skip(str(error))


@dataclass
class GoCalls:
    """What was given to Go by each dial, newest last. Install it with `recording`."""

    given: dict[str, tuple[Any, Any, Any]] = field(default_factory=dict)
    loggers: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    async def dial(self, session_id: object, number: int = 1) -> str:
        """The uuid of a session's n-th dial, as soon as Go has its callbacks."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = [uuid for uuid in self.order if uuid.startswith(str(session_id))]
            if len(found) >= number:
                return found[number - 1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"dial {number} of {session_id} did not begin; there are {self.order}")

    async def event(self, uuid: str, message: Any) -> None:
        """A message of neonize's own, as its event pump would hand it over."""
        from neonize.events import EVENT_TO_INT

        await self.event_of(uuid, EVENT_TO_INT[type(message)], message.SerializeToString())

    async def event_of(self, uuid: str, code: int, data: bytes) -> None:
        buffer = ctypes.create_string_buffer(data, len(data))
        _, _, call = self.given[uuid]
        await self._on_a_thread_of_go(call, uuid.encode(), ctypes.addressof(buffer), len(data), code)

    async def qr(self, uuid: str, code: str) -> None:
        await self._text(self.given[uuid][0], uuid, code)

    async def login(self, uuid: str, status: str) -> None:
        await self._text(self.given[uuid][1], uuid, status)

    async def log(self, uuid: str, line: str) -> None:
        """A line of whatsmeow's log, as neonize hands it over."""
        from neonize.proto.Neonize_pb2 import LogEntry

        entry = LogEntry(Message=line, Level="WARN", Name="Client").SerializeToString()
        said = ctypes.create_string_buffer(entry, len(entry))
        await self._on_a_thread_of_go(self.loggers[uuid], ctypes.addressof(said), len(entry))

    async def _text(self, call: Any, uuid: str, text: str) -> None:
        who, said = ctypes.create_string_buffer(uuid.encode()), ctypes.create_string_buffer(text.encode())
        await self._on_a_thread_of_go(call, ctypes.addressof(who), ctypes.addressof(said))

    async def _on_a_thread_of_go(self, call: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=call, args=arguments)
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.002)


def room_here(library: GoLibrary) -> Any:
    """Instead of `rooms.Room.start`: numbers pair in this process, where a test can be Go. The room's own program, on a
    thread."""

    class NoChild:
        async def kill_all(self) -> None:
            pass

    async def start() -> host.PairingHost:
        ours, theirs = socket.socketpair()
        threading.Thread(target=RoomHere(theirs, library).serve, daemon=True).start()
        reader, writer = await asyncio.open_connection(sock=ours)
        child: Any = NoChild()
        return host.PairingHost(child, reader, writer)

    return start


@contextmanager
def recording() -> Iterator[GoCalls]:
    calls = GoCalls()
    make, make_logger = GoLibrary.callbacks, GoLibrary.logger

    def uuid_of(listener: Any) -> str:
        return getattr(listener, "uuid", None) or str(listener._uuid)

    def remember_logger(self: GoLibrary, listener: Any) -> Any:
        calls.loggers[uuid_of(listener)] = made = make_logger(self, listener)
        return made

    def remember(self: GoLibrary, listener: Any) -> Any:
        made = make(self, listener)
        uuid = uuid_of(listener)
        calls.given[uuid] = made
        calls.order.append(uuid)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GoLibrary, "callbacks", remember)
        patch.setattr(GoLibrary, "logger", remember_logger)
        patch.setattr(upstream, "REACH_S", HELD_S)  # the test is WhatsApp: the dial itself stays held
        patch.setattr(dial, "ANSWER_S", HELD_S)
        yield calls


@dataclass
class BlackHole:
    """An HTTP proxy that takes connections and says nothing; `release` resets them, so that dials end at once."""

    port: int = 0
    connections: list[socket.socket] = field(default_factory=list)
    swallows: bool = True

    @property
    def url(self) -> str:
        return f"http://user:proxy-password@127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Who is held now is let go."""
        while self.connections:
            self.connections.pop().close()

    def release(self) -> None:
        """From now on nobody is held any more."""
        self.swallows = False
        self.drop()


@contextmanager
def black_hole() -> Iterator[BlackHole]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        hole = BlackHole(server.getsockname()[1])

        def swallow() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                if hole.swallows:
                    hole.connections.append(connection)
                else:
                    connection.close()

        thread = threading.Thread(target=swallow, daemon=True)
        thread.start()
        yield hole
        hole.release()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
