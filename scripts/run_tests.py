"""Run the tests. Failed ones run a second time, in a fresh process, since many watch real processes and clocks on a
machine that others use too. Print how long unit tests and suite took, and which tests were retried: what fails twice is
broken, what fails now and then is flaky, and to be mended.

`make test` is this with all tests, tests/unit first; arguments go to pytest instead.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
FAILED = 1
"""pytest's exit code where tests ran and some failed; any other failure is no test's."""
AGAIN = ("--last-failed", "--last-failed-no-failures", "none")
UNIT = ("tests/unit",)
OTHERS = ("tests", "--ignore=tests/unit")


def environment() -> dict[str, str]:
    """Keep bytecode in build/pycache, also where this machine would keep none: otherwise each hub that a test starts
    compiles thousands of modules, and pytest rewrites all tests, at each run."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(Path("build/pycache").resolve()), **kept}


def run_pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False, env=environment()).returncode


def run_timed(parts: Sequence[Sequence[str]]) -> int:
    """Run pytest once for each part and print each one's time; return the worst exit code."""
    codes = []
    for part in parts:
        began = time.monotonic()
        codes.append(run_pytest(*part))
        print(f"{part[0]}: {duration(time.monotonic() - began)}", flush=True)
    return max(codes)


def failed() -> list[str]:
    """List the tests that failed in the last run."""
    return sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def report(took_s: float, retried: Sequence[str], broken: Sequence[str]) -> str:
    """Say how long the suite took, and what became of each retried test."""
    if not retried:
        return f"suite: {duration(took_s)}; no test was retried"
    lines = [f"  {name}: {'failed twice' if name in broken else 'passed the second time'}" for name in retried]
    return "\n".join([f"suite: {duration(took_s)}; retried: {len(retried)}", *lines])


def main(arguments: Sequence[str]) -> int:
    LAST_FAILED.unlink(missing_ok=True)  # only what fails now is retried
    began = time.monotonic()
    code = run_pytest(*arguments) if arguments else run_timed([UNIT, OTHERS])
    retried = failed() if code == FAILED else []
    if retried:
        code = run_pytest(*AGAIN, *(arguments or ["tests"]))
    broken = failed() if code else []
    print(report(time.monotonic() - began, retried, broken))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
