"""A SOCKS5 proxy that accepts every connection and never answers, so that clients keep dialling."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Blackhole:
    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._held: set[asyncio.StreamWriter] = set()
        self.taken = 0

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"socks5://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def held(self) -> int:
        """Number of open connections."""
        return len(self._held)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, backlog=2048)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._held):
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        self._held.add(writer)
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        finally:
            self._held.discard(writer)
            writer.close()
