"""End a process that lives on without doing its work, so that its supervisor starts it again.

Two ways lead there: a loop that stands (it waits for something without a time limit), and a stop that does not come
to its end (somebody swallowed the cancellation). Neither can be seen from the event loop that it happens on: a thread
looks.
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
"""So many in a row must see it: a process that was stopped (SIGSTOP, a sleeping machine) first goes round again."""
EXIT_STANDS = 75
EXIT_WILL_NOT_END = 76
EXIT_GAVE_UP = 77

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Watchdog:
    """`watch` once a process; `expect_end` when it was asked to stop; `end_process` when it cannot go on."""

    def __init__(self, pulse: Pulse = PULSE) -> None:
        self._pulse = pulse
        self._ending = threading.Event()
        self._is_watching = False
        self.gave_up = False
        """The process told itself to stop: that is no success, or systemd's Restart=on-failure lets it lie."""

    def watch(self, role: str) -> None:
        """Look each second, until the process ends."""
        self._is_watching = True
        threading.Thread(target=self._look, args=(role,), name="watchdog", daemon=True).start()

    def expect_end(self, within_s: float) -> None:
        """Expect the process to end by itself, and end it if it does not in time. Only where somebody watches."""
        if self._is_watching and not self._ending.is_set():
            self._ending.set()
            threading.Thread(target=self._end_after, args=(within_s,), name="end", daemon=True).start()

    def end_process(self, within_s: float) -> None:
        """Tell the process to stop, and see to it that it does. Only where somebody watches."""
        if self._is_watching and not self._ending.is_set():
            self.gave_up = True
            self.expect_end(within_s)
            os.kill(os.getpid(), signal.SIGTERM)

    def _look(self, role: str) -> None:
        seen = 0
        while not self._ending.wait(LOOK_EVERY_S):
            standing = self._pulse.standing()
            seen = seen + 1 if standing else 0
            if seen >= LOOKS:
                _exit(EXIT_STANDS, "watchdog.stands", role=role, **{k: round(v, 1) for k, v in standing.items()})

    def _end_after(self, within_s: float) -> None:
        threading.Event().wait(within_s)
        _exit(EXIT_WILL_NOT_END, "watchdog.will_not_end", within_s=within_s)


WATCHDOG = Watchdog()


async def lasting(name: str, loop: Awaitable[object], stop_s: float) -> None:
    """Run a loop that must never end by itself: if it fails, the process is to end within `stop_s` seconds."""
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
    """A loop that lasts as long as its process came to an end."""


def _exit(code: int, event: str, **more: object) -> None:
    """Without the event loop, the logging locks or anything else that may stand as well."""
    line = {"event": event, "level": "error", "timestamp": datetime.now(UTC).isoformat(), **more}
    os.write(2, json.dumps(line).encode() + b"\n")
    os._exit(code)
