"""Check of `whatsapp-hub doctor` for embedded servers that root starts.

They run as `nobody` then, with one right of root's left where the process may pass it on: to read every file and enter
every folder (`adapters/processes/launcher.py`).
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from whatsapp_hub.adapters.postgres.engine import embedded as embedded_postgres
from whatsapp_hub.adapters.processes.child import ChildFailed, unprivileged_user
from whatsapp_hub.adapters.processes.launcher import may_keep_reading, permitted_capabilities
from whatsapp_hub.main.commands.doctor_connectors import Says
from whatsapp_hub.main.settings import Settings

ADVICE = "start the hub as a user of its own, who owns HUB_DATA_DIR"


def embedded_servers(settings: Settings) -> Says | None:
    """Check this process's user and rights; None where they do not matter."""
    if unprivileged_user() is None or (settings.database_url and settings.redis_url):
        return None
    permitted = permitted_capabilities() if sys.platform == "linux" else 0
    return judged(closed_folders(_places(settings)), keeps_reading=may_keep_reading(permitted))


def judged(closed: list[Path], *, keeps_reading: bool) -> Says | None:
    """Say what root's start means. `closed`: folders on the servers' way that others may not enter."""
    if keeps_reading:
        return Says(
            None,
            "root starts the embedded servers: they run as nobody, but keep the right to read every file of this "
            f"machine (CAP_DAC_READ_SEARCH); {ADVICE}",
        )
    if closed:
        return Says(False, f"root starts the embedded servers as nobody, who may not enter {closed[0]}: {ADVICE}")
    return None


def closed_folders(places: Iterable[Path]) -> list[Path]:
    """Return the folders above (or at) these places that others may not enter, outermost first. A place that is not
    there yet will be closed."""
    asked = list(places)
    above = {folder for place in asked for folder in (place, *place.parents) if folder.is_dir()}
    closed = {folder for folder in above if not folder.stat().st_mode & stat.S_IXOTH}
    return sorted(closed | {place for place in asked if not place.exists()})


def _places(settings: Settings) -> list[Path]:
    try:
        programs = [embedded_postgres.program("postgres").parent]
    except ChildFailed:  # reported elsewhere
        programs = []
    return [settings.data_dir, *programs]
