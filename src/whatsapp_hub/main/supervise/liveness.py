"""Check that an embedded server responds: one that hangs (stopped, stuck) has not exited, so it is not restarted.

Only silence counts. A server that refuses, starts up or recovers has answered. SIGKILL loses no promise: PostgreSQL
recovers from its log, Valkey stores nothing.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Server(Protocol):
    """A server that can be asked and, where it does not answer, killed."""

    async def ask(self) -> None:
        """Return, or raise, as soon as the server has answered anything; wait while it does not."""
        ...

    async def kill(self) -> None:
        """End the server at once, as a crash would."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a server is asked, how long it may take to answer, and after how many silences it is killed."""

    every_s: float = 5.0
    within_s: float = 10.0
    silences: int = 3


async def keep_answering(name: str, server: Server, patience: Patience | None = None) -> None:
    """Kill `server` when it hangs; `keep_running` restarts it. Never returns."""
    asked, silent = patience or Patience(), 0
    while True:
        await asyncio.sleep(asked.every_s)
        silent = 0 if await _answers(server, asked.within_s) else silent + 1
        if silent:
            log.warning("server_silent", process=name, times=silent, within_s=asked.within_s)
        if silent >= asked.silences:
            log.error("server_hangs", process=name, silent_s=round(silent * (asked.every_s + asked.within_s), 1))
            await server.kill()
            silent = 0


async def _answers(server: Server, within_s: float) -> bool:
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            await server.ask()
    except Exception:
        return not limit.expired()
    return True
