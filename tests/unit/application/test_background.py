"""Tasks in the background: none is lost, none fails unseen, none outlives its owner."""

import asyncio
import gc
import logging

import pytest

from whatsapp_hub.application.background import BackgroundTasks


async def test_a_task_that_nobody_holds_runs_to_its_end() -> None:
    tasks, done = BackgroundTasks(), asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0)
        done.set()

    tasks.start(work())
    assert len(tasks) == 1
    await tasks.drain()
    assert done.is_set()
    assert len(tasks) == 0


async def test_a_failure_is_logged_under_the_owners_event(caplog: pytest.LogCaptureFixture) -> None:
    tasks, ended = BackgroundTasks("lanes.failed"), asyncio.Event()

    async def work() -> None:
        raise ValueError("why")

    with caplog.at_level(logging.ERROR):
        tasks.start(work(), ended.set)
        await ended.wait()
    [line] = caplog.records
    assert line.message == "lanes.failed"
    assert isinstance(line.exc_info and line.exc_info[1], ValueError)


async def test_draining_waits_for_what_begins_meanwhile() -> None:
    tasks, seen = BackgroundTasks(), list[int]()

    async def work(left: int) -> None:
        await asyncio.sleep(0)
        seen.append(left)
        if left:
            tasks.start(work(left - 1))

    tasks.start(work(3))
    await tasks.drain()
    assert seen == [3, 2, 1, 0]


async def test_closing_lets_work_end_in_time_and_cancels_the_rest() -> None:
    tasks, ended, cancelled = BackgroundTasks(), list[str](), asyncio.Event()

    async def quick() -> None:
        await asyncio.sleep(0.01)
        ended.append("quick")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    tasks.start(quick())
    tasks.start(endless())
    await tasks.aclose(within_s=0.2)
    assert ended == ["quick"]
    assert cancelled.is_set()
    assert len(tasks) == 0


async def test_closing_does_not_hang_on_a_task_that_ignores_being_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsapp_hub.application.background.CANCELLED_WITHIN_S", 0.01)
    tasks, free = BackgroundTasks(), asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    tasks.start(stubborn())
    await asyncio.sleep(0)
    await tasks.aclose()
    assert len(tasks) == 1
    free.set()
    await tasks.drain()


async def test_after_closing_nothing_begins_and_its_end_is_told() -> None:
    tasks, begun, ended = BackgroundTasks(), asyncio.Event(), asyncio.Event()
    await tasks.aclose()

    async def work() -> None:
        begun.set()

    tasks.start(work(), ended.set)
    await asyncio.sleep(0)
    assert ended.is_set()
    assert not begun.is_set()
    await tasks.aclose()


async def test_a_task_may_close_its_own_owner() -> None:
    tasks, closed = BackgroundTasks(), asyncio.Event()

    async def work() -> None:
        await tasks.aclose(within_s=1)
        closed.set()

    tasks.start(work())
    await asyncio.wait_for(closed.wait(), 5)
    await tasks.drain()
