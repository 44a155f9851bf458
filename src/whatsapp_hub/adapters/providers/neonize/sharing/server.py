"""One connection to PostgreSQL that several clients use by turns."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Protocol

from whatsapp_hub.adapters.providers.neonize.sharing.wire import ERROR, IDLE, READY, messages


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a batch, whole. `status`: ReadyForQuery's byte. `error`: the first ErrorResponse, if any."""

    data: bytes
    status: int
    error: bytes = b""

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        return self.status == IDLE


class Asks(Protocol):
    """A client, as its connection sees it."""

    def answered(self, answer: Answer) -> None: ...

    def lost(self) -> None:
        """The connection ended; what was asked may have been done."""
        ...


class Owner(Protocol):
    """What connections are given back to."""

    def release(self, server: ServerConnection) -> None: ...

    def discard(self, server: ServerConnection) -> None: ...

    def gone(self, server: ServerConnection) -> None:
        """Count a connection no longer. Idempotent."""
        ...


class ServerConnection(asyncio.Protocol):
    """asyncpg has connected it, with all that this takes (hosts, TLS, passwords); from then on its bytes are ours.

    Answers are passed on whole, so that a batch can be asked again elsewhere when the connection ends in the middle."""

    def __init__(self, connection: Any, owner: Owner) -> None:
        self.name = ""
        self.client: Asks | None = None
        self.is_busy = False
        self.used_at = time.monotonic()
        self._owner = owner
        self._connection = connection
        self._transport: asyncio.Transport = connection._transport
        self._transport.set_protocol(self)
        self._skip = 0
        self._tail = b""
        self._answer = bytearray()
        self._error = b""

    def ask(self, client: Asks, data: bytes, skip: int = 0) -> None:
        """Send batches; the client gets the answer to the last one, the first `skip` answers are dropped."""
        self.client, self.is_busy, self._skip = client, True, skip
        self._error = b""
        self._answer.clear()
        self._transport.write(data)

    def leave(self) -> None:
        """Its client is gone: finish what is under way, without a reader."""
        self.client = None

    def end(self) -> None:
        self._connection.terminate()

    # -- asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
        begin = done = 0
        for kind, at, end in messages(data):
            done = end
            if kind == ERROR:
                self._error = self._error or data[at:end]
            elif kind == READY:
                self._answer += data[begin:end]
                begin = end
                self._finish(data[end - 1])
        self._answer += data[begin:done]
        self._tail = data[done:]

    def connection_lost(self, _: Exception | None) -> None:
        client, self.client = self.client, None
        self._connection.terminate()
        self._owner.gone(self)
        if client is not None:
            client.lost()

    # -- inside

    def _finish(self, status: int) -> None:
        if self._skip:
            self._skip -= 1
            self._answer.clear()
            return
        answer = Answer(bytes(self._answer), status, self._error)
        self._answer.clear()
        self.is_busy, self.used_at = False, time.monotonic()
        if self.client is not None:
            self.client.answered(answer)
        elif answer.is_idle:
            self._owner.release(self)
        else:
            self._owner.discard(self)
