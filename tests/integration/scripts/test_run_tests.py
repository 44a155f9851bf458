"""`make test` says how long the suite took and which tests ran twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "run_tests.py"
STEADY = "def test_steady(): pass\n"
FLAKY = """
import pathlib
def test_flaky():
    seen = pathlib.Path("seen")
    was_seen = seen.exists()
    seen.touch()
    assert was_seen
"""
BROKEN = "def test_broken(): assert False\n"


@pytest.mark.parametrize(
    ("tests", "code", "said"),
    [
        (STEADY, 0, ["no test was retried"]),
        (STEADY + FLAKY, 0, ["retried: 1", "test_it.py::test_flaky: passed the second time"]),
        (
            FLAKY + BROKEN,
            1,
            ["retried: 2", "test_it.py::test_broken: failed twice", "test_it.py::test_flaky: passed the second time"],
        ),
        ("import nothing_of_that_name\n", 2, ["no test was retried"]),
    ],
    ids=["all pass", "one is flaky", "one is broken", "nothing can be collected"],
)
def test_what_ran_twice_is_named(tmp_path: Path, tests: str, code: int, said: list[str]) -> None:
    (tmp_path / "test_it.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "test_it.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    last = done.stdout[done.stdout.rindex("suite: ") :]
    assert all(words in last for words in said), last
    assert "test_steady" not in last
