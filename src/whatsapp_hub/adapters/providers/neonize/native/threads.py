"""Run blocking calls on daemon threads, so that they never delay shutdown.

asyncio's default threads are few, shared with name resolution, and joined at exit: a send may block for 75 seconds.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 16


class CallTimeout(Exception):
    """The deadline passed, and the call goes on. `answer` will be what it returns."""

    def __init__(self, answer: "asyncio.Future[Any]") -> None:
        super().__init__("no answer in time")
        self.answer = answer


class NotBegun(Exception):
    """The call never began: too many others were under way."""


class Calls:
    """At most AT_ONCE blocking calls, each with a deadline."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, deadline_s: float, call: Callable[..., T], *arguments: object) -> T:
        """Run a call on a thread. Raises CallTimeout, NotBegun, and what the call raises."""
        until = asyncio.get_running_loop().time() + deadline_s
        try:
            await asyncio.wait_for(self._free.acquire(), deadline_s)
        except TimeoutError:
            raise NotBegun from None
        answer = in_thread(call, *arguments)
        answer.add_done_callback(lambda _: self._free.release())
        done, _ = await asyncio.wait([answer], timeout=max(0.0, until - asyncio.get_running_loop().time()))
        if not done:
            raise CallTimeout(answer)
        return answer.result()


def in_thread(call: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Start a call on a thread at once. Cancelling the future does not stop the call."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(finish: Callable[[], None]) -> None:
        if not answer.cancelled():
            finish()

    def run() -> None:
        try:
            finish = partial(answer.set_result, call(*arguments))
        except BaseException as error:  # passed to the caller
            finish = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, finish)

    threading.Thread(target=run, daemon=True, name="neonize-call").start()
    return answer
