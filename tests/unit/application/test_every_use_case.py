"""Each use case is executed by a unit test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.application.conftest import WHOLE
from tests.unit.application.use_cases import EXECUTED, use_cases

ELSEWHERE: dict[str, str] = {}
"""Use cases that need more than memory, each with the reason and the tests that execute it."""


def test_every_use_case_is_executed_by_a_unit_test(request: pytest.FixtureRequest) -> None:
    """Where only some tests run, a process of its own runs all tests of use cases."""
    if not request.config.stash[WHOLE]:
        here = str(Path(__file__).parent)
        subprocess.run([sys.executable, "-m", "pytest", "-q", here], check=True, timeout=300)
        return
    names = {kind.__name__ for kind in use_cases() - EXECUTED}
    assert names == ELSEWHERE.keys()
