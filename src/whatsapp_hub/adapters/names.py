"""Look up names that companies choose, so that a company's slow name servers delay its own look-ups alone.

The system's resolver waits up to half a minute for a name server that does not answer, cannot be interrupted, and
holds a thread meanwhile. So look-ups have threads of their own, of which one company gets a few until its look-ups have
really ended, whether or not their callers still wait.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

THREADS = 64
OF_ONE_COMPANY = 4


@dataclass(slots=True)
class _Share:
    """A company's look-ups: those that run or wait, and the free places for others."""

    free: asyncio.Semaphore
    asking: int = 0


@dataclass(slots=True)
class Names:
    """Look-ups by the system's resolver. `owner`: the company whose share a look-up counts for."""

    look_up: Callable[[str, int], list[str]] = field(default_factory=lambda: _addresses)
    threads: int = THREADS
    of_one: int = OF_ONE_COMPANY
    _pool: ThreadPoolExecutor | None = None
    _shares: dict[str, _Share] = field(default_factory=dict)

    async def addresses(self, host: str, port: int, owner: str) -> list[str]:
        """Return the addresses of a host, in the resolver's order. Raises OSError, UnicodeError."""
        share = self._shares.setdefault(owner, _Share(asyncio.Semaphore(self.of_one)))
        share.asking += 1
        try:
            await share.free.acquire()
        except BaseException:
            self._leave(owner)
            raise
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self.look_up, host, port)
        asked.add_done_callback(lambda done: self._ended(owner, done))
        return await asyncio.shield(asked)  # who gives up leaves the thread behind

    def close(self) -> None:
        """Take no more look-ups, and wait for none."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "names")
        return self._pool

    def _ended(self, owner: str, done: "asyncio.Future[list[str]]") -> None:
        if not done.cancelled():
            done.exception()  # read here: perhaps nobody waits for it any more
        self._shares[owner].free.release()
        self._leave(owner)

    def _leave(self, owner: str) -> None:
        share = self._shares[owner]
        share.asking -= 1
        if not share.asking:
            del self._shares[owner]


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
