"""A tunnel: two joined connections, of which each sends what the other receives."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from whatsapp_hub.adapters.providers.neonize.egress.upstream import Connection


class Tunnel:
    """One connection of the library's to a host. Times are monotonic seconds; `asked_s` is when something was sent that
    nothing was received after, None if nothing was. `counts` is called with the number of bytes received each time; the
    connection is cut where it returns False."""

    def __init__(
        self,
        host: str,
        inside: Connection,
        outside: Connection,
        over: Callable[["Tunnel"], None],
        counts: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self.host, self.opened_s = host, time.monotonic()
        self.asked_s: float | None = None
        self.received = 0
        self._streams = (inside, outside)  # a reader that nobody refers to ends its connection
        self._over, self._counts = over, counts
        self._inside, self._outside = _Side(self._sent, self._end), _Side(self._came, self._end)
        self._inside.join(inside.writer.transport, self._outside)
        self._outside.join(outside.writer.transport, self._inside)
        if inside.early:
            self._inside.data_received(inside.early)
        if outside.early:
            self._outside.data_received(outside.early)

    @property
    def unanswered_s(self) -> float:
        """Return for how long nothing has come since something was sent."""
        return 0.0 if self.asked_s is None else time.monotonic() - self.asked_s

    def hold(self, *, is_held: bool) -> None:
        """Keep what the library sends, or send it and all that follows."""
        self._inside.hold(is_held=is_held)

    def cut(self) -> None:
        """End both connections at once."""
        self._inside.transport.abort()
        self._outside.transport.abort()

    def _sent(self, size: int) -> None:
        if self.asked_s is None:
            self.asked_s = time.monotonic()

    def _came(self, size: int) -> None:
        self.received += size
        self.asked_s = None
        if not self._counts(size):
            self.cut()

    def _end(self) -> None:
        """End the other connection too, once it has sent what it still has."""
        self._inside.transport.close()
        self._outside.transport.close()
        self._over(self)


class _Side(asyncio.Protocol):
    """One of the two connections."""

    def __init__(self, note: Callable[[int], None], end: Callable[[], None]) -> None:
        self._note, self._end = note, end
        self._held: list[bytes] | None = None

    def hold(self, *, is_held: bool) -> None:
        if is_held and self._held is None:
            self._held = []
        elif not is_held and self._held is not None:
            kept, self._held = self._held, None
            for data in kept:
                self._pass_on(data)

    def join(self, transport: asyncio.WriteTransport, other: "_Side") -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._other = other
        self.transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        if self._held is None:
            self._pass_on(data)
        else:
            self._held.append(data)

    def _pass_on(self, data: bytes) -> None:
        self._note(len(data))
        self._other.transport.write(data)

    def pause_writing(self) -> None:
        if self._other.transport.is_reading():
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not (self._other.transport.is_reading() or self._other.transport.is_closing()):
            self._other.transport.resume_reading()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
