"""Check every package of the image against PyPI's advisories, once a day per lock file.

Without access to the advisories it prints so and passes: a missing network is no finding."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

LOCK = Path("requirements-image.lock")
DONE = Path("build/audited.json")
EVERY_S = 24 * 3600
LONGEST_S = 120
AUDIT = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]


def faults(report: dict[str, list[dict[str, object]]]) -> list[str]:
    """Return `package version: advisory` for each. Raises LookupError where no package could be checked."""
    asked = [package for package in report["dependencies"] if "vulns" in package]
    if not asked:
        raise LookupError
    return [
        f"{package['name']} {package['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'none'}"
        for package in asked
        for known in package["vulns"]  # type: ignore[attr-defined]  # pip-audit's own JSON
    ]


def main() -> int:
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    done = json.loads(DONE.read_text()) if DONE.exists() else {}
    if done.get("lock") == digest and time.time() - float(done["at"]) < EVERY_S:
        print("packages audited within a day")
        return 0
    command = [*AUDIT, "--timeout", "5", "--format", "json", "--requirement", str(LOCK)]
    try:
        found = faults(json.loads(subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S).stdout))
    except (ValueError, LookupError, subprocess.TimeoutExpired):
        print("packages not audited: PyPI's advisories cannot be read from here")
        return 0
    if found:
        print("\n".join(found))
        return 1
    DONE.parent.mkdir(exist_ok=True)
    DONE.write_text(json.dumps({"lock": digest, "at": time.time()}))
    print("packages audited: no advisory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
