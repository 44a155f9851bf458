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


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=environment,
    )  # fmt: skip


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
    done = run(tmp_path, "test_it.py")
    assert done.returncode == code, done.stdout
    last = done.stdout[done.stdout.rindex("suite: ") :]
    assert all(words in last for words in said), last
    assert "test_steady" not in last


MEETS = """
import pathlib, time
def test_meets():
    pathlib.Path({own!r}).touch()
    until = time.monotonic() + 60
    while not pathlib.Path({other!r}).exists():
        assert time.monotonic() < until
        time.sleep(0.01)
"""


WAITING = ("connectors", "console", "deploy", "main", "whatsapp_web")


def test_parts_run_at_once_and_the_time_of_unit_tests_is_printed(tmp_path: Path) -> None:
    """Each waits until another has begun: three parts of unit tests, then two of the others."""
    for folder, tests in (
        ("unit/adapters/http", MEETS.format(own="a", other="b")),
        ("unit/adapters/providers", MEETS.format(own="c", other="a")),
        ("unit/domain", MEETS.format(own="b", other="a") + FLAKY),
        *((f"integration/{folder}", MEETS.format(own="d", other="e")) for folder in WAITING),
        ("integration/http_", MEETS.format(own="e", other="d")),
        ("contracts", BROKEN),
    ):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / f"test_{folder.rpartition('/')[2]}.py").write_text(tests)
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stdout.index("\ntests/unit: ") < done.stdout.index("\nsuite: ")
    end = done.stdout[done.stdout.rindex("suite: ") :]
    assert "retried: 2" in end
    assert "test_domain.py::test_flaky: passed the second time" in end
    assert "test_contracts.py::test_broken: failed twice" in end


def test_bytecode_is_kept_even_where_the_machine_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    (tmp_path / "test_it.py").write_text(STEADY)
    assert run(tmp_path, "test_it.py").returncode == 0
    assert list((tmp_path / "build" / "pycache").rglob("test_it*.pyc"))
