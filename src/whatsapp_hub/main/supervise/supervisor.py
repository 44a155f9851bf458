"""`whatsapp-hub serve`: the whole hub on one machine, kept running.

The embedded databases, the migrations, then one child process a role. A process that ends is restarted; when this
process ends, by any signal, all the others end.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
import httpx
import msgspec
import structlog

from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.postgres.engine.version import is_current
from whatsapp_hub.adapters.processes.child import Child, ChildFailed
from whatsapp_hub.adapters.processes.folder import locked
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey
from whatsapp_hub.domain.backoff import Backoff, halved
from whatsapp_hub.main.logging import format_for
from whatsapp_hub.main.roles.admin_password import FirstAdmin
from whatsapp_hub.main.roles.bootstrap import ensure_admin, later_lines, link_lines, sign_in_lines
from whatsapp_hub.main.roles.run import LIFELINE, ROLES, ProcessRole
from whatsapp_hub.main.setting_values import ANY_ORIGIN, SettingsError
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.supervise.liveness import keep_answering
from whatsapp_hub.main.supervise.process_note import noted
from whatsapp_hub.main.supervise.reaching import check_servers
from whatsapp_hub.main.wiring.secret_keys import check_keys

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


SERVED = tuple(role for role in ROLES.values() if role.served)

Prepare = Callable[[Settings], Awaitable[FirstAdmin | None]]


class Restartable(Protocol):
    """A process that can be started again after it has exited."""

    async def start(self) -> None:
        """Start it; returns when it runs."""
        ...

    async def exited(self) -> int:
        """Wait for its end and return the exit code."""
        ...


BACKOFF = halved(0.5, 30)


@dataclass
class Restarts:
    """The delay before the next start. Two starts are a back-off apart, which is reset after a good run: a process that
    is killed after some work is back at once, one that ends at its start is not."""

    backoff: Backoff = BACKOFF
    good_run_s: float = 60
    jitter: Callable[[], float] = random.random
    failures: int = 0

    def after(self, lived_s: float) -> float:
        """Return the delay after a run of this length."""
        self.failures = 0 if lived_s >= self.good_run_s else self.failures + 1
        chance = self.jitter()
        return max(self.backoff.after(1, chance), self.backoff.after(self.failures, chance) - lived_s)


class RoleProcess:
    """One role's process, which ends when the lifeline's other end closes."""

    def __init__(self, role: ProcessRole, settings: Settings, lifeline: int) -> None:
        self._role = role
        self._lifeline = lifeline
        shown = {
            "LOG_FORMAT": format_for(settings.log_format),
            LIFELINE: str(lifeline),
        }  # as ours are, wherever it goes
        self._environment = {**os.environ, **settings.for_children(), **shown}
        self._child: Child | None = None

    async def start(self) -> None:
        """Start the role's process, which ends with this one."""
        self._child = await Child.start(
            self._role.command,
            death_signal=signal.SIGTERM,
            environment=self._environment,
            keep_fds=(self._lifeline,),
        )

    async def exited(self) -> int:
        """Wait for its end and return the exit code. Raises RuntimeError before `start`."""
        if self._child is None:
            raise RuntimeError("the process was not started")
        return await self._child.wait()

    async def stop(self) -> None:
        """Send SIGTERM, and kill the process past the role's deadline."""
        if self._child is not None and self._child.exit_code is None:
            await self._child.stop(signal.SIGTERM, deadline_s=self._role.stop_deadline_s)


async def keep_running(name: str, process: Restartable, restarts: Restarts) -> None:
    """Restart `process` each time it has ended. Never returns; cancel it before stopping the process."""
    started = time.monotonic()
    while True:
        code = await process.exited()
        delay_s = restarts.after(time.monotonic() - started)
        log.warning("process_ended", process=name, exit_code=code, restart_in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)
        started = time.monotonic()
        try:
            await process.start()
        except ChildFailed as error:
            log.error("process_start_failed", process=name, error=str(error))


async def serve(settings: Settings, roles: Sequence[ProcessRole] = SERVED, prepare: Prepare | None = None) -> None:
    """Run until cancelled. Raises SettingsError, FolderTaken or ChildFailed when it cannot start."""
    with locked(settings.data_dir):
        async with AsyncExitStack() as stack:
            _check_port(settings)
            await check_servers(settings, will_migrate=True)
            settings = await _with_servers(settings.completed(), stack)
            stack.enter_context(noted(settings))
            admin = await (prepare or prepare_database)(settings)
            lifeline = _open_lifeline(stack)
            for role in reversed(roles):  # the API starts last and stops first
                for _ in range(settings.hub_connectors if role.name == "connector" else 1):
                    await _supervise(role, RoleProcess(role, settings, lifeline), stack)
            await _until_healthy(settings)
            signing_in = sign_in_lines(*admin) if admin else await later_lines(settings)
            _announce(settings, [*link_lines(settings, admin), *signing_in])
            await asyncio.Event().wait()


async def _with_servers(settings: Settings, stack: AsyncExitStack) -> Settings:
    """Start the servers without a configured address. Embedded means one's own machine: the sandbox is enabled there,
    and pages of any origin may call with a token unless FRONTEND_URL names theirs."""
    if settings.redis_url is None:
        valkey = await stack.enter_async_context(EmbeddedValkey(settings.data_dir / "valkey"))
        _watch("valkey", valkey, stack)
        _keep(keep_answering("valkey", valkey), "ask valkey", stack)
        settings = msgspec.structs.replace(settings, redis_url=valkey.url)
    if settings.database_url is None:
        log.info("postgres.starting", folder=str(settings.data_dir / "postgres"))
        postgres = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir / "postgres"))
        _watch("postgres", postgres, stack)
        _keep(keep_answering("postgres", postgres), "ask postgres", stack)
        opened = settings.frontend_url or ANY_ORIGIN
        settings = msgspec.structs.replace(
            settings, database_url=postgres.dsn, sandbox_enabled=True, frontend_url=opened
        )
    return settings


async def _supervise(role: ProcessRole, process: RoleProcess, stack: AsyncExitStack) -> None:
    stack.push_async_callback(process.stop)
    await process.start()
    _watch(role.name, process, stack)


def _watch(name: str, process: Restartable, stack: AsyncExitStack) -> None:
    _keep(keep_running(name, process, Restarts()), f"keep {name} running", stack)


def _keep(loop: Coroutine[object, object, None], name: str, stack: AsyncExitStack) -> None:
    stack.push_async_callback(_cancel, asyncio.create_task(loop, name=name))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _open_lifeline(stack: AsyncExitStack) -> int:
    """Return the end of a pipe that children read. This process's end closes with it, which they notice."""
    theirs, ours = os.pipe()
    stack.callback(os.close, theirs)
    stack.callback(os.close, ours)
    return theirs


async def prepare_database(settings: Settings) -> FirstAdmin | None:
    """Migrate, create the first administrator, and check that HUB_SECRET_KEY is the database's. At most starts there is
    nothing to do, and alembic is not imported."""
    url = settings.needed("database_url")
    if not await is_current(url):
        from whatsapp_hub.adapters.postgres.engine.migrate import migrate

        log.info("database.migrating")
        await migrate(url)
    admin = await ensure_admin(settings)
    await check_keys(settings)
    return admin


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(f"PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror})") from None


async def _until_healthy(settings: Settings) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"{settings.local_url}/health")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.1)


def _command() -> str:
    """Return the command line of this installation."""
    beside = Path(sys.executable).with_name("whatsapp-hub")
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else "whatsapp-hub"


def _announce(settings: Settings, signing_in: Sequence[str]) -> None:
    address = settings.local_url
    lines = ["", f"WhatsApp Hub is running:  {address}", f"API, to read:             {address}/schema"]
    if signing_in:
        lines += [*signing_in, f"Next, see it work:        {_command()} demo   (four customers, no phone)"]
    click.echo("\n".join([*lines, "Ctrl-C stops it.", ""]))
