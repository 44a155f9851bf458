"""Errors that carry what is wrong with many fields."""

import time

from whatsapp_hub.domain.errors import MOST_FLAWS, Flaw, Invalid


def test_of_very_many_flaws_the_first_are_named() -> None:
    flaws = [Flaw(f"/settings/k{n}", "is not known") for n in range(100_000)]
    began = time.perf_counter()
    error = Invalid(*flaws)
    assert time.perf_counter() - began < 0.1
    assert error.flaws == tuple(flaws[:MOST_FLAWS])
    assert str(error).startswith("settings.k0 is not known; settings.k1 is not known")
    assert str(error).count(";") == MOST_FLAWS - 1
