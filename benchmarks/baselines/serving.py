"""Run a baseline as the hub runs itself: uvicorn, uvloop, httptools, one process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from benchmarks.hub import free_port

UP_WITHIN_S = 20.0


def serve(app: Any) -> None:
    """Serve, blocking. The port is the last argument of the command line."""
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[-1]), loop="uvloop", http="httptools", log_level="warning",
        access_log=False, lifespan="off",
    )  # fmt: skip


@asynccontextmanager
async def baseline(module: str, environment: Mapping[str, str]) -> AsyncIterator[int]:
    """`async with baseline("benchmarks.baselines.orm", …) as port`."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(port), env={**os.environ, **environment}, stdin=subprocess.DEVNULL
    )
    try:
        await _until_up(port, process)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_up(port: int, process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError("a baseline did not start; its words are above") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
