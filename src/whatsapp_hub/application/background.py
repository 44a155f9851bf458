"""Work in the background: tasks that nobody awaits are held, their failures logged, and their end is awaited."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

CANCELLED_WITHIN_S = 1.0
"""How long `aclose` waits for a cancelled task that does not end."""


class BackgroundTasks:
    """Run coroutines as tasks of one owner. `len` counts those under way; `failed` is the event that is logged for one
    that raises. The event loop alone would forget a running task, and its exception."""

    def __init__(self, failed: str = "background.failed") -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], ended: Callable[[], None] | None = None) -> None:
        """Begin `work`, and call `ended` when it has ended, however it did. After `aclose` nothing is begun."""
        if self._is_closed:
            work.close()
            if ended:
                ended()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._end(done, ended))

    async def drain(self) -> None:
        """Wait until none is under way, those that are begun meanwhile included."""
        while others := self._others():
            await asyncio.wait(others)

    async def aclose(self, within_s: float = 0.0) -> None:
        """Begin nothing more, let what is under way end within `within_s`, and cancel the rest. May be called again."""
        self._is_closed = True
        if (others := self._others()) and within_s > 0:
            await asyncio.wait(others, timeout=within_s)
        if left := self._others():
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=CANCELLED_WITHIN_S)

    def _others(self) -> set[asyncio.Task[None]]:
        """Return all tasks but the one that asks: it would wait for itself."""
        return {task for task in self._tasks if task is not asyncio.current_task()}

    def _end(self, task: asyncio.Task[None], ended: Callable[[], None] | None) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error(self._failed, exc_info=error)
        if ended:
            ended()
