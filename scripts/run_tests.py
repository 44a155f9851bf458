"""Run the tests: tests/unit in three processes at once, then the others in two: those that mostly wait, for processes
and browsers, beside those that mostly compute. Failed ones run a second time, in a fresh process, since many watch real
processes and clocks on a machine that others use too. Print how long tests/unit and the suite took, and which tests
were retried: what fails twice is broken, what fails now and then is flaky, and to be mended.

`make test` is this with all tests; arguments go to pytest instead, in one process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FAILED = 1
"""pytest's exit code where tests ran and some failed; any other failure is no test's."""
AGAIN = ("--last-failed", "--last-failed-no-failures", "none")


@dataclass(frozen=True)
class Part:
    """Tests of one pytest process, which remembers its failures in a folder of its own."""

    name: str
    arguments: tuple[str, ...]

    @property
    def cache(self) -> Path:
        return Path(".pytest_cache") / self.name

    def start(self, *more: str, output: IO[str] | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={self.cache}", *more, *self.arguments]
        return subprocess.Popen(command, env=environment(), stdout=output, stderr=output, text=True)

    @property
    def last_failed(self) -> Path:
        return self.cache / "v" / "cache" / "lastfailed"

    def failed(self) -> list[str]:
        """List the tests that failed in the last run."""
        return sorted(json.loads(self.last_failed.read_text())) if self.last_failed.exists() else []


PROVIDERS, ADAPTERS = "tests/unit/adapters/providers", "tests/unit/adapters"
UNIT = (
    Part("providers", (PROVIDERS,)),
    Part("adapters", (ADAPTERS, f"--ignore={PROVIDERS}")),
    Part("inside", ("tests/unit", f"--ignore={ADAPTERS}")),
)
WAITING = tuple(f"tests/integration/{name}" for name in ("connectors", "console", "deploy", "main", "whatsapp_web"))
OTHERS = (
    Part("others", ("tests", "--ignore=tests/unit", *(f"--ignore={folder}" for folder in WAITING))),
    Part("waiting", WAITING),
)


def environment() -> dict[str, str]:
    """Keep bytecode in build/pycache, also where this machine would keep none: otherwise each hub that a test starts
    compiles thousands of modules, and pytest rewrites all tests, at each run."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(Path("build/pycache").resolve()), **kept}


def run(parts: Sequence[Part], *more: str) -> list[int]:
    """Run the parts at once and return their exit codes. The first shows its progress, the others what they showed when
    they have ended."""
    first, *rest = parts
    with ExitStack() as files:
        shown = [(part, files.enter_context(tempfile.TemporaryFile("w+"))) for part in rest]
        running = [first.start(*more), *(part.start(*more, output=file) for part, file in shown)]
        codes = [process.wait() for process in running]
        for part, file in shown:
            file.seek(0)
            print(f"\n{' '.join(part.arguments)}:\n{file.read()}", flush=True)
    return codes


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
    parts = [Part("given", tuple(arguments))] if arguments else [*UNIT, *OTHERS]
    for part in parts:
        part.last_failed.unlink(missing_ok=True)  # only what fails now is retried
    began = time.monotonic()
    if arguments:
        codes = run(parts)
    else:
        codes = run(UNIT)
        print(f"tests/unit: {duration(time.monotonic() - began)}", flush=True)
        codes += run(OTHERS)
    again = [part for part, code in zip(parts, codes, strict=True) if code == FAILED]
    retried = [name for part in again for name in part.failed()] if max(codes) == FAILED else []
    if retried:
        codes = [code for part in again for code in run([part], *AGAIN)]
    broken = [name for part in again for name in part.failed()] if max(codes) else []
    print(report(time.monotonic() - began, retried, broken))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
