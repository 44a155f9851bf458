"""A process says that it runs, as long as it does: what `/api/system` shows."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from uuid import uuid4

from dishka import AsyncContainer

from whatsapp_hub.application.ports.processes import Process, Processes
from whatsapp_hub.domain.errors import Unavailable

log = logging.getLogger(__name__)

ANNOUNCE_EVERY_S = 10.0
LEAVE_WITHIN_S = 2.0


@asynccontextmanager
async def announced(container: AsyncContainer, role: str) -> AsyncIterator[None]:
    """While the block runs. A database that is away, or was for a while, stops nothing."""
    processes = await container.get(Processes)
    process = Process(uuid4(), role, f"{socket.gethostname()}:{os.getpid()}", version("whatsapp-hub"))
    saying = asyncio.create_task(_keep_saying(processes, process), name="announce")
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.wait([saying])
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await processes.leave(process)


async def _keep_saying(processes: Processes, process: Process) -> None:
    while True:
        try:
            await processes.announce(process)
        except Unavailable:
            pass
        except Exception:
            log.exception("announce.failed")
        await asyncio.sleep(ANNOUNCE_EVERY_S)
