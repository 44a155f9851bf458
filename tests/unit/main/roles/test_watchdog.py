"""A process that lives on without doing its work is ended, so that it is started again."""

import asyncio

import pytest

from whatsapp_hub.application.pulse import LOOP_S, WORK_S, Pulse
from whatsapp_hub.main.roles.watchdog import LoopEnded, lasting


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_stands_when_it_did_not_go_round_in_time() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.beat("lanes")
    pulse.beat("fitness", within_s=300)
    clock.now += LOOP_S
    assert pulse.stalled() == {}
    clock.now += 1
    assert pulse.stalled() == {"lanes": LOOP_S + 1}
    assert pulse.ages() == {"lanes": LOOP_S + 1, "fitness": LOOP_S + 1}
    pulse.beat("lanes")
    assert pulse.stalled() == {}
    clock.now += 301
    pulse.ended("lanes")
    assert pulse.stalled() == {"fitness": LOOP_S + 302}


def test_a_piece_of_work_stands_when_it_takes_too_long_though_its_loop_goes_round() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    with pulse.working("lanes of a tenant"), pulse.working("job trim", within_s=2 * WORK_S):
        clock.now += WORK_S + 1
        pulse.beat("lanes")
        assert pulse.stalled() == {"lanes of a tenant": WORK_S + 1}
    assert pulse.stalled() == {}


async def test_a_loop_whose_task_has_ended_stands_no_more() -> None:
    clock = Clock()
    pulse = Pulse(clock)

    async def loop() -> None:
        pulse.beat("lanes")
        await asyncio.sleep(60)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    clock.now += LOOP_S + 1
    assert pulse.stalled() == {"lanes": LOOP_S + 1}
    task.cancel()
    await asyncio.wait([task])
    assert pulse.stalled() == pulse.ages() == {}


async def test_a_loop_that_ends_by_itself_is_an_error() -> None:
    async def returns() -> None:
        return

    with pytest.raises(LoopEnded):
        await lasting("hints", returns(), 1)
