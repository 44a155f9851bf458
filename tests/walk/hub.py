"""Start a hub from any checkout, on databases of its own, beside the providers that the story needs."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.fakes.graph import FakeGraph
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, OpenId
from tests.fakes.receiver import FakeReceiver
from tests.fakes.waha import FakeWaha

START_PATIENCE_S = 180
EMAIL, PASSWORD = "root@walk.example", "correct horse battery"


@dataclass
class Site:
    """A hub that runs, and all that it speaks with."""

    url: str
    graph: FakeGraph
    waha: FakeWaha
    openid: OpenId
    receiver: FakeReceiver
    data: Path


@asynccontextmanager
async def serving(checkout: Path, folder: Path) -> AsyncIterator[Site]:
    """Run `serve` of the checkout's own .venv, with its data in a fresh folder."""
    async with AsyncExitStack() as stack:
        graph = await stack.enter_async_context(FakeGraph())
        waha = await stack.enter_async_context(FakeWaha())
        openid = await stack.enter_async_context(OpenId())
        receiver = await stack.enter_async_context(FakeReceiver())
        site = Site(f"http://127.0.0.1:{_free_port()}", graph, waha, openid, receiver, folder / "data")
        await stack.enter_async_context(_process(checkout, folder, site))
        yield site


@asynccontextmanager
async def _process(checkout: Path, folder: Path, site: Site) -> AsyncIterator[None]:
    log = folder / "hub.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(str(checkout / ".venv/bin/python"), "-m", "whatsapp_hub", "serve"),
            env=_environment(folder, site),
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        try:
            await _answers(site.url, process, log)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _environment(folder: Path, site: Site) -> dict[str, str]:
    own = ("HUB_", "WHATSAPP_", "WAHA_", "OIDC_", "REDIS_", "JWT_", "RATE_", "DATABASE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        "HUB_ENV_FILE": os.devnull,
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_ADMIN_EMAIL": EMAIL,
        "HUB_ADMIN_PASSWORD": PASSWORD,
        "HOST": "127.0.0.1",
        "PORT": site.url.rpartition(":")[2],
        "WHATSAPP_PROVIDER": "SANDBOX",
        "WHATSAPP_API_URL": site.graph.url,
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "SANDBOX_ENABLED": "true",
        "RATE_LIMIT_USER": "100000",
        "RATE_LIMIT_API_KEY": "100000",
        "OIDC_ISSUER": site.openid.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "FRONTEND_URL": site.url,
    }


async def _answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until all that the hub depends on is well."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client, asyncio.timeout(START_PATIENCE_S):
        while process.returncode is None:
            try:
                if (await client.get(f"{url}/health")).json().get("status") == "ok":
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the hub did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
