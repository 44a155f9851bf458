"""A connection of Go's to its store: takes its batches, borrows a connection for each transaction, answers.

What PostgreSQL did not answer is asked again, as long as it takes, and Go waits: whatsmeow takes an error of its store
for a message that cannot be decrypted, asks its sender to repeat it and acknowledges it. Asking again is safe: a
number's rows are written by its holder alone, and nothing that whatsmeow writes depends on being written once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import partial
from typing import Protocol, cast

import structlog

from whatsapp_hub.adapters.providers.neonize.sharing import wire
from whatsapp_hub.adapters.providers.neonize.sharing.keys import HeldKeys
from whatsapp_hub.adapters.providers.neonize.sharing.pool import ConnectionPool
from whatsapp_hub.adapters.providers.neonize.sharing.server import Answer, ServerConnection
from whatsapp_hub.adapters.providers.neonize.sharing.wire import Batch
from whatsapp_hub.application.measuring import STORE_TROUBLES, TALLY

LONGEST_TRANSACTION = 4_000_000
"""Bytes of an open transaction that are kept, to ask it again."""

PATIENCE_S = 5.0
"""So long a client waits for its first connection where errors are answered."""

FIRST_AGAIN_S = 0.02
LAST_AGAIN_S = 0.5

log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What an error of PostgreSQL's means for the statement."""

    AGAIN = auto()
    """It will pass: ask again."""
    ANSWER = auto()
    """The statement's own fault: the client is to know it."""
    FAILURE = auto()
    """The store cannot be used: the number hangs up before it knows."""


_PASSING = ("08", "40", "53", "55", "57", "58")
"""Classes: connection, rollback (deadlocks), resources, locks, an operator's doing (shutdown), the system's own."""
_READ_ONLY = "25006"
_CONSTRAINT = "23"


def verdict_on(sqlstate: str) -> Verdict:
    if sqlstate[:2] in _PASSING or sqlstate == _READ_ONLY:
        return Verdict.AGAIN
    return Verdict.ANSWER if sqlstate[:2] == _CONSTRAINT else Verdict.FAILURE


class Access(Protocol):
    """The access that a client belongs to."""

    @property
    def name(self) -> str: ...

    @property
    def tells_errors(self) -> bool:
        """Whether clients learn of all errors; no number is connected with them."""
        ...

    @property
    def keys(self) -> HeldKeys | None:
        """What holds keys back until their message is stored, if anything does."""
        ...

    def join(self, client: StoreClient) -> None: ...

    def left(self, client: StoreClient) -> None: ...

    def asked(self) -> None:
        """Note that a client asks for something."""
        ...

    def failed(self, why: str) -> None:
        """The store cannot be used. Clients get no more answers until the access is shut."""
        ...


class Welcomes(Protocol):
    """Finds the access that a client names as its user; None if there is none (any more)."""

    def access_of(self, user: str) -> Access | None: ...


class StoreClient(asyncio.Protocol):
    """One connection of Go's. All of it runs on the loop."""

    def __init__(self, welcomes: Welcomes, pool: ConnectionPool) -> None:
        self.name = ""
        self.is_stuck = False
        """Whether its store failed: it gets no answer."""
        self.writes_keys = False
        """Whether it writes the keys that were held back."""
        self._welcomes, self._pool = welcomes, pool
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._access: Access | None = None
        self._buffer = bytearray()
        self._batches: deque[Batch] = deque()
        self._current: Batch | None = None
        self._server: ServerConnection | None = None
        self._transaction: list[bytes] = []
        self._size = 0
        self._can_repeat = True
        self._tries = self._turn = 0

    @property
    def is_busy(self) -> bool:
        """Whether it waits for an answer that it will get."""
        return self._current is not None and not self.is_stuck

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._access is None and not self._greet():
            return
        found = list(wire.batches(self._buffer))
        del self._buffer[: sum(len(batch.data) for batch in found)]
        if found and self._access is not None:
            self._access.asked()
        self.enqueue(found)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._pool.withdraw(self)
        server, self._server = self._server, None
        if server is not None:
            self._leave(server)
        self._current = None
        self._batches.clear()
        if self._access is not None:
            self._access.left(self)

    def enqueue(self, batches: Iterable[Batch]) -> None:
        """Ask these, after what is under way."""
        self._batches.extend(batches)
        if self._current is None:
            self._next()

    # -- Borrower

    def granted(self, server: ServerConnection) -> None:
        if self._current is None:
            self._pool.release(server)
            return
        rename = [] if server.name == self.name else [wire.set_application_name(self.name)]
        before = [*rename, *self._transaction]
        server.name, self._server = self.name, server
        server.ask(self, b"".join((*before, self._current.data)), len(before))

    def answered(self, answer: Answer) -> None:
        if not answer.error or self._tells_errors:
            self._answer(answer)
            return
        sqlstate = wire.sqlstate_of(answer.error)
        verdict = verdict_on(sqlstate)
        if verdict is Verdict.AGAIN and self._can_repeat:
            self._drop()
            self._again(sqlstate)
        elif verdict is Verdict.ANSWER:
            self._answer(answer)
        else:
            self._fail(f"{sqlstate} {wire.text_of(answer.error)}")

    def lost(self) -> None:
        self._server = None
        if self._current is None:
            return
        if self._tells_errors:
            self.abort()
        else:
            self._again("the connection ended")

    # -- inside

    @property
    def _keys(self) -> HeldKeys | None:
        return self._access.keys if self._access else None

    @property
    def _tells_errors(self) -> bool:
        return self._access is None or self._access.tells_errors

    def _greet(self) -> bool:
        """Answer what comes before the first batch; return whether batches follow."""
        try:
            while said := wire.startup(self._buffer):
                code, parameters, length = said
                del self._buffer[:length]
                if code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                    self._write(b"N")
                    continue
                if code >> 16 != wire.PROTOCOL_3 or code == wire.CANCEL_REQUEST:
                    break
                return self._welcome(parameters.get("user", ""), code & 0xFFFF)
            else:
                return False
        except ValueError:
            pass
        self.abort()
        return False

    def _welcome(self, user: str, minor: int) -> bool:
        access = self._welcomes.access_of(user)
        if access is None:
            self._refuse("28000", "this access to the store was shut")
            return False
        self._access, self.name = access, access.name
        access.join(self)
        self._write(wire.greeting(minor))
        return True

    def _next(self) -> None:
        if not self._batches or self._transport is None:
            return
        batch = self._batches.popleft()
        if batch.ends_with == wire.TERMINATE:
            self._transport.close()
        elif batch.ends_with == wire.FLUSH or batch.named:
            self._refuse("0A000", "named statements and Flush need a connection of one's own")
        else:
            self._begin(batch)

    def _begin(self, batch: Batch) -> None:
        keys = self._keys if self._server is None and not self._transaction else None
        if keys and not self.writes_keys and (done := keys.take(batch)) is not None:
            self._write(done)
            self._next()
            return
        if wire.begins(batch) and self._server is None and not self._transaction:
            self._transaction = [batch.data]  # asked together with what follows: until then it needs no connection
            self._write(wire.BEGUN)
            self._next()
            return
        self._current, self._tries = batch, 0
        self._ask(self._next_turn())

    def _next_turn(self) -> int:
        """Begin another wait for the current batch's turn; whatever still calls for an earlier one comes too late."""
        self._turn += 1
        return self._turn

    def _ask(self, turn: int) -> None:
        if self._current is None or self.is_stuck or turn != self._turn:
            return
        again = partial(self._ask, self._next_turn())
        if not self.writes_keys and (keys := self._keys) and keys.delays(self._current, again):
            return
        if (wait_s := self._pool.reflects_s) > 0:
            self._loop.call_later(wait_s, again)
        elif self._server is not None:
            self._server.ask(self, self._current.data)
        elif self._can_repeat:
            if self._tells_errors:
                self._loop.call_later(PATIENCE_S, self._lose_patience, self._current)
            self._pool.request(self)
        else:
            self._fail("the connection ended in a long transaction")

    def _lose_patience(self, batch: Batch) -> None:
        if self._current is batch and self._server is None:
            self._refuse("53300", "PostgreSQL has no connection for the store")

    def _again(self, why: str) -> None:
        """Ask once more, after a while: the whole transaction, on another connection."""
        if self._tries == 0:
            TALLY.add(STORE_TROUBLES, "asked_again")
            log.warning("neonize.store_asked_again", why=why, store=self.name)
        wait_s = min(FIRST_AGAIN_S * 2 ** min(self._tries, 10), LAST_AGAIN_S)
        self._tries += 1
        self._loop.call_later(wait_s, self._ask, self._next_turn())

    def _answer(self, answer: Answer) -> None:
        batch, self._current = self._current, None
        if batch is None:
            return
        if answer.is_idle and not batch.only_prepares:
            self._give_back(answer)
            self._transaction, self._size, self._can_repeat = [], 0, True
        else:
            self._remember(batch, answer)
        self._write(answer.data)
        self._next()

    def _remember(self, batch: Batch, answer: Answer) -> None:
        """Keep what the open transaction has done so far, unless it is too long, or failed and waits for its end."""
        self._transaction.append(batch.data)
        self._size += len(batch.data)
        if answer.error or self._size > LONGEST_TRANSACTION:
            self._transaction, self._can_repeat = [], False

    def _give_back(self, answer: Answer) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        if answer.is_idle:
            self._pool.release(server)
        else:
            self._pool.discard(server)

    def _drop(self) -> None:
        """End the connection: it may be to a server that shuts down, or takes no writes."""
        server, self._server = self._server, None
        if server is not None:
            self._pool.discard(server)

    def _leave(self, server: ServerConnection) -> None:
        """Leave a connection, this client being gone: what it asked last is done without it."""
        if server.is_busy:
            server.leave()
        else:  # in a transaction, or after a Parse
            self._pool.discard(server)

    def _fail(self, why: str) -> None:
        self.is_stuck = True
        TALLY.add(STORE_TROUBLES, "failed")
        self._drop()
        if self._access is not None and not self._tells_errors:
            self._access.failed(why)
        else:
            self.abort()

    def _refuse(self, sqlstate: str, text: str) -> None:
        self._write(wire.refusal(sqlstate, text))
        if self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


class KeyWriter:
    """Writes held keys in a transaction, as a client of the same access: the transport of its own `StoreClient`."""

    def __init__(self, welcomes: Welcomes, pool: ConnectionPool, user: str) -> None:
        self._done: Callable[[], None] | None = None
        self._left = 0
        self._client = StoreClient(welcomes, pool)
        self._client.writes_keys = True
        self._client.connection_made(cast("asyncio.Transport", self))
        self._client._welcome(user, 0)

    def __call__(self, batches: list[Batch], done: Callable[[], None]) -> None:
        """Write one list at a time; `done` is not called if the access is shut before."""
        begin, commit = (Batch(wire.query(text), wire.QUERY) for text in ("BEGIN", "COMMIT"))
        self._done, self._left = done, len(batches) + 2
        self._client.enqueue([begin, *batches, commit])

    # -- asyncio.Transport

    def write(self, data: bytes) -> None:
        if self._done is None:
            return
        self._left -= 1
        if not self._left:
            done, self._done = self._done, None
            done()

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        self._done = None
        asyncio.get_running_loop().call_soon(self._client.connection_lost, None)
