"""Limit each company's concurrent requests, so that a busy company waits behind itself, not before others.

Of one company's requests to this process (and, before its company is known, of one credential's) a few run at once; the
rest waits in a queue of its own. The remaining database connections and turns of the event loop are left to the other
companies.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.errors import TooMany
from whatsapp_hub.domain.ids import TenantId

Key = TypeVar("Key")

AT_ONCE = 8
"""Of the 12 connections that an API process has."""
LINE = 1000
HELD_S = 1.0
"""A request that takes longer (waiting for a code) gives its place to the next one. So does a stream when it begins:
hundreds that are opened at once, after a restart, would take a second each."""
RETRY_S = 1.0
_STREAM = b"text/event-stream"
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"apikey", b"cookie"})


@dataclass(slots=True)
class _Share:
    working: int = 0
    line: deque["asyncio.Future[None]"] = field(default_factory=deque)


class Shares(Generic[Key]):
    """Concurrency limits by key."""

    def __init__(self, at_once: int = AT_ONCE, line: int = LINE, held_s: float = HELD_S) -> None:
        self._at_once, self._line, self._held_s = at_once, line, held_s
        self._shares: dict[Key, _Share] = {}

    @asynccontextmanager
    async def place(self, key: Key) -> AsyncIterator[Callable[[], None]]:
        """Wait for a place; what is yielded gives it back early. Raises TooMany if the queue is full."""
        await self._enter(key)
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._leave(key)

        timer = asyncio.get_running_loop().call_later(self._held_s, give_back)
        try:
            yield give_back
        finally:
            timer.cancel()
            give_back()

    async def _enter(self, key: Key) -> None:
        share = self._shares.setdefault(key, _Share())
        if share.working < self._at_once:
            share.working += 1
            return
        if len(share.line) >= self._line:
            raise TooMany(RETRY_S)
        turn = asyncio.get_running_loop().create_future()
        share.line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # a request that has left since took it out
                    share.line.remove(turn)
            else:  # the turn came at the same moment
                self._leave(key)
            raise

    def _leave(self, key: Key) -> None:
        share = self._shares[key]
        while share.line:
            turn = share.line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        share.working -= 1
        if not share.working:
            del self._shares[key]


class SharesByCredential:
    """Middleware before `Authenticates`, which queries the database. A request without a credential does not wait."""

    def __init__(self, app: ASGIApp, shares: Shares[bytes]) -> None:
        self.app = app
        self._shares = shares

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        credential = b"".join(value for name, value in scope["headers"] if name in _CREDENTIALS)
        if not credential:
            await self.app(scope, receive, send)
            return
        async with self._shares.place(credential) as give_back:
            await self.app(scope, receive, _until_it_streams(send, give_back))


class SharesByCompany:
    """Middleware after `Authenticates`. A request without a company does not wait."""

    def __init__(self, app: ASGIApp, shares: Shares[TenantId]) -> None:
        self.app = app
        self._shares = shares

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope.get("auth")
        if not isinstance(caller, Caller):
            await self.app(scope, receive, send)
            return
        async with self._shares.place(caller.tenant_id) as give_back:
            await self.app(scope, receive, _until_it_streams(send, give_back))


def _until_it_streams(send: Send, give_back: Callable[[], None]) -> Send:
    """Give the place back when a stream of events begins."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_stream(message["headers"]):
            give_back()
        await send(message)

    return sent


def _is_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(_STREAM) for name, value in headers)
