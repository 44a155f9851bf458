"""Liveness of this process's loops: each reports every round, and a watchdog ends a process with a stalled one.

One pulse a process, like the tally (`measuring.py`): cheap, and nothing has to be injected.
"""

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

LOOP_S = 60.0
"""Loops report every few seconds; one that did not for so long has stalled. A database that is down does not stall
them: they wait for it in rounds."""
WORK_S = 600.0
"""The longest that a piece of work may take: a batch of sends with the provider's deadlines is far below."""


class Pulse:
    """`now` is a monotonic clock in seconds. The watchdog reads it from its own thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._beats: dict[str, tuple[float, float, Callable[[], object]]] = {}
        self._work: dict[int, tuple[str, float, float]] = {}
        self._next = 0

    def beat(self, loop: str, within_s: float = LOOP_S) -> None:
        """Report that a loop runs, and will report again within so many seconds.

        Raises CancelledError in a task whose cancellation was swallowed on the way (Python 3.11's `wait_for`, in
        libraries too, returns a result that comes at the same moment instead): the loop would run for ever.
        """
        task = _task()
        self._beats[loop] = (self._now(), within_s, partial(_goes_on, None if task is None else weakref.ref(task)))
        if task is not None and task.cancelling():
            raise asyncio.CancelledError

    def ended(self, loop: str) -> None:
        """Report that a loop ended on request."""
        self._beats.pop(loop, None)

    @contextmanager
    def working(self, what: str, within_s: float = WORK_S) -> Iterator[None]:
        """Time a piece of work; one that takes longer has stalled."""
        with self._lock:
            self._next += 1
            piece = self._next
            self._work[piece] = (what, self._now(), within_s)
        try:
            yield
        finally:
            self._work.pop(piece, None)

    def ages(self) -> Mapping[str, float]:
        """Return the seconds since each loop's last report."""
        now = self._now()
        return {loop: now - at for loop, (at, _, goes_on) in list(self._beats.items()) if goes_on()}

    def stalled(self) -> Mapping[str, float]:
        """Return what has stalled, and for how many seconds."""
        now = self._now()
        beats = list(self._beats.items())
        loops = {loop: now - at for loop, (at, within_s, goes_on) in beats if now - at > within_s and goes_on()}
        work = {what: now - at for what, at, within_s in list(self._work.values()) if now - at > within_s}
        return {**work, **loops}


def _goes_on(task: "weakref.ref[asyncio.Task[object]] | None") -> bool:
    """Check that a loop's task has not ended: one that was stopped has not stalled."""
    if task is None:
        return True
    found = task()
    return found is not None and not found.done()


def _task() -> "asyncio.Task[object] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


PULSE = Pulse()
"""This process's own."""
