"""End a process that is alive but stuck, so that its supervisor restarts it.

There are two causes: a stuck loop (it waits without a time limit), and a shutdown that does not finish (the
cancellation was swallowed). Neither is visible from the event loop that it happens on: a thread watches.
"""

import json
import os
import signal
import threading
from collections.abc import Awaitable
from datetime import UTC, datetime

import structlog

from whatsapp_hub.application.pulse import PULSE, Pulse

LOOK_EVERY_S = 1.0
LOOKS = 5
"""Consecutive checks that must see it: after a pause (SIGSTOP, a sleeping machine) the loops first get a turn."""
EXIT_STANDS = 75
EXIT_WILL_NOT_END = 76
EXIT_GAVE_UP = 77

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Watchdog:
    """The process's watchdog: `watch` once; `expect_end` at shutdown; `end_process` when it cannot go on."""

    def __init__(self, pulse: Pulse = PULSE) -> None:
        self._pulse = pulse
        self._ending = threading.Event()
        self._is_watching = False
        self.gave_up = False
        """Whether the process ended itself: not success, or systemd's Restart=on-failure would not restart it."""

    def watch(self, role: str) -> None:
        """Check each second, until the process ends."""
        self._is_watching = True
        threading.Thread(target=self._look, args=(role,), name="watchdog", daemon=True).start()

    def expect_end(self, within_s: float) -> None:
        """End the process if it does not end by itself in time. Only where `watch` was called."""
        if self._is_watching and not self._ending.is_set():
            self._ending.set()
            threading.Thread(target=self._end_after, args=(within_s,), name="end", daemon=True).start()

    def end_process(self, within_s: float) -> None:
        """Stop the process, by force if it does not end in time. Only where `watch` was called."""
        if self._is_watching and not self._ending.is_set():
            self.gave_up = True
            self.expect_end(within_s)
            os.kill(os.getpid(), signal.SIGTERM)

    def _look(self, role: str) -> None:
        seen = 0
        while not self._ending.wait(LOOK_EVERY_S):
            stalled = self._pulse.stalled()
            seen = seen + 1 if stalled else 0
            if seen >= LOOKS:
                _exit(EXIT_STANDS, "watchdog.stands", role=role, **{k: round(v, 1) for k, v in stalled.items()})

    def _end_after(self, within_s: float) -> None:
        threading.Event().wait(within_s)
        _exit(EXIT_WILL_NOT_END, "watchdog.will_not_end", within_s=within_s)


WATCHDOG = Watchdog()


async def lasting(name: str, loop: Awaitable[object], stop_s: float) -> None:
    """Run a loop that must never end: if it does, the process must end within `stop_s` seconds."""
    try:
        await loop
        raise LoopEnded(name)
    except Exception:
        log.exception("loop.died", loop=name)
        WATCHDOG.end_process(stop_s)
        raise
    finally:
        PULSE.ended(name)


class LoopEnded(RuntimeError):
    """A loop ended that must last as long as its process."""


def _exit(code: int, event: str, **more: object) -> None:
    """Exit without the event loop, the logging locks or anything else that may be stuck as well."""
    line = {"event": event, "level": "error", "timestamp": datetime.now(UTC).isoformat(), **more}
    os.write(2, json.dumps(line).encode() + b"\n")
    os._exit(code)
