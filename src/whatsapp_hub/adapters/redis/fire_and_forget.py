"""Commands to Valkey without replies: wake-ups and hints, any of which may be lost.

A reply costs its reader a wake-up and the parsing: eight times as much as the command.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from redis.asyncio.connection import ConnectionPool
from redis.exceptions import RedisError

CHECK_EVERY_S = 5.0


class FireAndForget:
    """A connection with CLIENT REPLY OFF. Every `CHECK_EVERY_S` seconds it asks for one reply, so that a server that
    vanished is noticed, and one that keeps replying gets a new connection before its replies pile up."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool: Any = pool
        self._connection: Any = None
        self._checked_until = 0.0
        self._lock = asyncio.Lock()

    async def send(self, *command: str | bytes) -> None:
        """Send a command; on a broken connection send it again over a new one, so perhaps twice. Raises redis-py's
        error when none can be opened. It has no time-out of its own: callers set one."""
        async with self._lock:
            try:
                try:
                    await self._send(command)
                except (RedisError, OSError):
                    await self._drop()
                    await self._send(command)
            except BaseException:
                await self._drop()
                raise

    async def aclose(self) -> None:
        """Drop the connection, and what was not sent yet."""
        await self._drop()

    async def _send(self, command: Iterable[str | bytes]) -> None:
        if time.monotonic() >= self._checked_until:
            await self._check()
        await self._connection.send_command(*command, check_health=False)

    async def _check(self) -> None:
        if self._connection is None:
            self._connection = self._pool.make_connection()
            await self._connection.connect()
        else:
            await self._connection.send_command("CLIENT", "REPLY", "ON")
            await self._connection.read_response()
        await self._connection.send_command("CLIENT", "REPLY", "OFF")
        self._checked_until = time.monotonic() + CHECK_EVERY_S

    async def _drop(self) -> None:
        connection, self._connection, self._checked_until = self._connection, None, 0.0
        if connection is not None:
            await connection.disconnect(nowait=True)
