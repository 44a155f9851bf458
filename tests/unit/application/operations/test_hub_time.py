"""The hub's time goes on by itself, and follows the marks of the database."""

from __future__ import annotations

from datetime import timedelta

from whatsapp_hub.application.operations.hub_time import HubTime


def test_time_passes_as_the_ticks_do() -> None:
    ticks = [100.0]
    time = HubTime(lambda: ticks[0])
    before = time()
    ticks[0] += 2.5
    assert time() - before == timedelta(seconds=2.5)
    assert time.long_past() == time()
    assert time.said() == "ok"
    assert time.reckoning(100.0, 101.0) is None
