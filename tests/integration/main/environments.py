"""A hub of one API process, started again and again on one database with other variables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.integration.http.conftest import JWT_SECRET, MASTER, PATIENCE_S, Person, RunningHub, free_port
from whatsapp_hub.main.roles import api
from whatsapp_hub.main.roles.bootstrap import ensure_admin
from whatsapp_hub.main.settings import Settings


@dataclass
class OneHub(RunningHub):
    running: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                assert self.running is not None
                if self.running.done():
                    self.running.result()
                try:
                    if (await self.http.get("/health")).status_code in (200, 503):
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)

    async def sign_in_as_master(self) -> None:
        self.master = await self.sign_in(*MASTER)


@dataclass
class Starts:
    database_url: str
    redis_url: str
    folder: Path
    usual: Mapping[str, str] = field(default_factory=dict)

    def environ(self, **variables: str) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "HUB_DATA_DIR": str(self.folder),
            "JWT_SECRET": JWT_SECRET,
            "HUB_SECRET_KEY": "fedcba9876543210fedcba9876543210",
            "HUB_ADMIN_EMAIL": MASTER[0],
            "HUB_ADMIN_PASSWORD": MASTER[1],
            "SANDBOX_ENABLED": "true",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "RATE_LIMIT_USER": "1000000",
            **self.usual,
            **variables,
        }

    @asynccontextmanager
    async def hub(self, wait: bool = True, **variables: str) -> AsyncIterator[OneHub]:
        settings = Settings.from_environment(self.environ(**variables, PORT=str(free_port())))
        await ensure_admin(settings)
        url = f"http://127.0.0.1:{settings.port}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            hub = OneHub(url, http, Person(http, {}, ""), settings, asyncio.create_task(api.run(settings)))
            try:
                if wait:
                    await hub.ready()
                    await hub.sign_in_as_master()
                yield hub
            finally:
                assert hub.running is not None
                hub.running.cancel()
                await asyncio.gather(hub.running, return_exceptions=True)
