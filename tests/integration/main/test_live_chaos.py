"""The chaos run of the live streams, as small as it says anything: each fault once."""

import pytest

from benchmarks.chaos.live import QUICK, run


@pytest.mark.slow
async def test_sockets_that_come_and_go_while_processes_are_killed_miss_and_repeat_nothing() -> None:
    found = await run(QUICK)
    assert found.passed, found
    assert found.strikes == 4
    assert found.verdict.deliveries > 100
