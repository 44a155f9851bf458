"""Errors that carry what is wrong with many fields."""

import time

from whatsapp_hub.domain.errors import MOST_CHARACTERS, MOST_FLAWS, Flaw, Invalid, NotFound


def test_of_very_many_flaws_the_first_are_named() -> None:
    flaws = [Flaw(f"/settings/k{n}", "is not known") for n in range(100_000)]
    began = time.perf_counter()
    error = Invalid(*flaws)
    assert time.perf_counter() - began < 0.1
    assert error.flaws == tuple(flaws[:MOST_FLAWS])
    assert str(error).startswith("settings.k0 is not known; settings.k1 is not known")
    assert str(error).count(";") == MOST_FLAWS - 1


def test_what_repeats_a_clients_text_is_short() -> None:
    long = "x" * 1_000_000
    error = Invalid(*(Flaw(f"/{n}/{long}", f"must not be {long}") for n in range(MOST_FLAWS)))
    assert sum(len(flaw.pointer) + len(flaw.reason) for flaw in error.flaws) < MOST_FLAWS * 1000
    assert len(str(error)) <= MOST_CHARACTERS
    assert len(str(NotFound("session", long))) <= MOST_CHARACTERS
    assert Flaw("/name", "must not be empty").sentence == "name must not be empty"
