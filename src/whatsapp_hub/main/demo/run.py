"""Find a running hub for the demonstration, or start a temporary one."""

import asyncio
import os
import re
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from whatsapp_hub.adapters.processes.child import ChildFailed
from whatsapp_hub.adapters.redis import embedded as embedded_valkey
from whatsapp_hub.main.demo.database import borrowed_database
from whatsapp_hub.main.demo.graph import MiniGraph
from whatsapp_hub.main.demo.play import play
from whatsapp_hub.main.settings import SECRET_NAMES, Settings

START_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub's address and its administrator's credentials."""

    url: str
    email: str
    password: str


async def run(settings: Settings) -> bool:
    """Run the demonstration; True if it succeeded. A hub at HOST and PORT is used if HUB_ADMIN_EMAIL and
    HUB_ADMIN_PASSWORD are set; else one is started, in a temporary folder, and on a temporary database at
    DATABASE_URL."""
    graph = MiniGraph(secrets.token_hex(16))
    async with graph:
        running = await _running(settings)
        if running:
            click.echo(f"using the hub that runs at {running.url}")
            return await _report_errors(_played_there(running, graph))
        async with _own_servers(settings) as servers, _own_hub(graph, servers) as hub:
            return await _report_errors(play(hub.url, graph, hub.email, hub.password, is_own=True))


async def _played_there(hub: Hub, graph: MiniGraph) -> bool:
    try:
        return await play(hub.url, graph, hub.email, hub.password, is_own=False)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.UNAUTHORIZED:
            raise
    raise click.ClickException(
        "that hub knows no administrator with HUB_ADMIN_EMAIL and HUB_ADMIN_PASSWORD; without these two the "
        "demonstration starts a hub of its own"
    )


async def _report_errors(playing: Awaitable[bool]) -> bool:
    """Show an error of the hub (a wrong password, no sandbox) or a time-out as one line."""
    try:
        return await playing
    except httpx.HTTPStatusError as error:
        raise click.ClickException(str(error)) from None
    except TimeoutError:
        raise click.ClickException("an answer that should have come did not come in time") from None


async def _running(settings: Settings) -> Hub | None:
    if not settings.hub_admin_email or not settings.hub_admin_password:
        return None
    url = f"http://{settings.host}:{settings.port}"
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            (await client.get(f"{url}/health")).raise_for_status()
    except httpx.HTTPError:
        return None
    return Hub(url, settings.hub_admin_email, settings.hub_admin_password)


@asynccontextmanager
async def _own_servers(settings: Settings) -> AsyncIterator[dict[str, str]]:
    """Yield the variables of a hub that uses the configured PostgreSQL; none without one. A Redis is used only where
    the hub cannot start its own: another hub may use it."""
    if settings.database_url is None:
        yield {}
        return
    try:
        embedded_valkey.program()
        redis = {}
    except ChildFailed:
        redis = {"REDIS_URL": settings.redis_url} if settings.redis_url else {}
    made = {name: secrets.token_urlsafe(32) for name in SECRET_NAMES}
    async with borrowed_database(settings.database_url) as url:
        yield {"DATABASE_URL": url, **redis, **made}


@asynccontextmanager
async def _own_hub(graph: MiniGraph, servers: dict[str, str]) -> AsyncIterator[Hub]:
    with tempfile.TemporaryDirectory(prefix="whatsapp-hub-demo-", ignore_cleanup_errors=True) as folder:
        hub = Hub(f"http://127.0.0.1:{_free_port()}", "demo@hub.example", secrets.token_urlsafe(12))
        log = Path(folder) / "hub.log"
        began = time.monotonic()
        click.echo("starting a hub of its own …")
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "whatsapp_hub", "serve"),
                env=_environment(hub, folder, graph.url) | servers,
                stdout=output,
                stderr=output,
            )
        try:
            await _answers(hub.url, process, log)
            where = " on the server at DATABASE_URL" if servers else ""
            click.echo(f"started a hub of its own{where} in {time.monotonic() - began:.1f} s")
            yield hub
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


def _environment(hub: Hub, folder: str, graph_url: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "WHATSAPP_", "WAHA_"))}
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_HOST", "JWT_SECRET"):
        kept.pop(name, None)
    own = {
        "HUB_ENV_FILE": os.devnull,
        "HUB_DATA_DIR": str(Path(folder) / "data"),
        "HUB_ADMIN_EMAIL": hub.email,
        "HUB_ADMIN_PASSWORD": hub.password,
        "HOST": "127.0.0.1",
        "PORT": hub.url.rpartition(":")[2],
        "WHATSAPP_API_URL": graph_url,
        "SANDBOX_ENABLED": "true",
    }
    return {**kept, **own}


async def _answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    end = time.monotonic() + START_PATIENCE_S
    async with httpx.AsyncClient(timeout=2) as client:
        while time.monotonic() < end and process.returncode is None:
            try:
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    tail = log.read_text(errors="replace")[-3000:]
    if reason := re.findall(r"^whatsapp-hub: (.+)$", tail, re.MULTILINE):
        raise click.ClickException(reason[-1])
    raise click.ClickException(f"the demonstration's hub did not start; its last words:\n{tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
