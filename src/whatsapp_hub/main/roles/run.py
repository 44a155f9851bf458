"""The table of processes: read by `serve`, the commands and the documents."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import uvloop

from whatsapp_hub.main.logging import configure_logging, hide
from whatsapp_hub.main.roles.watchdog import EXIT_GAVE_UP, WATCHDOG
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings, secrets_in

LIFELINE = "HUB_LIFELINE_FD"
ORPHAN_DEADLINE_S = 10
STOP_S = 60.0

Entry = Callable[[Settings], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class ProcessRole:
    """One role. `entry` names an `async def run(settings)`, imported only in the process that plays the role.

    It returns or is cancelled to stop: SIGTERM and SIGINT cancel it. `loops` run in it; `served`: `serve` starts it
    too.
    """

    name: str
    entry: str
    does: str
    loops: tuple[str, ...]
    stop_deadline_s: float = 15
    served: bool = True

    @property
    def command(self) -> tuple[str, ...]:
        """Return the command that starts the role."""
        return (sys.executable, "-m", "whatsapp_hub", self.name)

    def load(self) -> Entry:
        """Import the role's entry point."""
        module, _, function = self.entry.partition(":")
        return cast("Entry", getattr(importlib.import_module(module), function))


ROLES = {
    role.name: role
    for role in (
        ProcessRole(
            "api",
            "whatsapp_hub.main.roles.api:run",
            "HTTP, webhooks, sockets",
            loops=("wakes", "tail", "watch"),
        ),
        ProcessRole(
            "worker",
            "whatsapp_hub.main.roles.worker:run",
            "stored events, sending, files, the log, outgoing webhooks, timed work",
            loops=(
                *("hints", "wakes", "sequencer", "inbox", "lanes", "campaigns", "media", "webhooks"),
                *("blocks", "moves", "schedule"),
            ),
        ),
        ProcessRole(
            "connector",
            "whatsapp_hub.main.roles.connector:run",
            "sessions that hold a socket (WhatsApp Web), and what is sent through them",
            loops=("hold", "wakes", "lanes", "commands", "fitness"),
            stop_deadline_s=40,
        ),
        ProcessRole(
            "scheduler",
            "whatsapp_hub.main.roles.worker:run_scheduler",
            "timed work only (workers do it too; each tick acts once)",
            loops=("schedule",),
            served=False,
        ),
    )
}


def play(role: ProcessRole, settings: Settings, before: Entry | None = None) -> None:
    """Run the role in this process until a signal stops it, after `before`. Needs DATABASE_URL and REDIS_URL."""
    for name, address in (("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url)):
        if address is None:
            raise SettingsError(f"{name}: obligatory for `{role.name}`; `serve` brings its own servers")
    configure_logging(settings.log_level, role.name, settings.log_format, settings.hub_secret_key)
    hide(secrets_in(settings))
    hold_lifeline()
    allow_descriptors()
    WATCHDOG.watch(role.name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told_to_stop(_run(role, settings.completed(), before), role.stop_deadline_s))


async def _run(role: ProcessRole, settings: Settings, before: Entry | None) -> None:
    if before is not None:
        await before(settings)
    await role.load()(settings)


async def until_told_to_stop(running: Coroutine[Any, Any, None], within_s: float = STOP_S) -> None:
    """Await `running`; SIGTERM, SIGINT and a closed terminal cancel it, once: a second Ctrl-C (or the terminal's and a
    parent's of one Ctrl-C) would interrupt the clean-up. If it does not end then, the watchdog ends the process."""
    task = asyncio.create_task(running)
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            return
        stopping.set()
        WATCHDOG.expect_end(within_s)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    if WATCHDOG.gave_up:
        raise SystemExit(EXIT_GAVE_UP)


def settle_memory() -> None:
    """Exempt the objects of the start from garbage collection: they last as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def allow_descriptors() -> None:
    """Use as many descriptors as the machine allows a process. Shells and systemd give it a thousand, and as many idle
    connections of one stranger would shut everybody else out."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # unlimited, where the system has a limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def hold_lifeline() -> None:
    """End this process when its supervisor is gone, on any platform and with the event loop stuck.

    The supervisor holds the other end of a pipe and never writes; its death closes it.
    """
    if descriptor := os.environ.pop(LIFELINE, None):
        threading.Thread(target=_watch, args=(int(descriptor),), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(ORPHAN_DEADLINE_S)
    os._exit(1)
