"""One clock for what matters: the hub's time. Whoever asks another says here why."""

from __future__ import annotations

import re
from pathlib import Path

import whatsapp_hub

SOURCE = Path(whatsapp_hub.__file__).parent
STEPPED = re.compile(r"clock_timestamp\(\)|\btime\.time\(\)|datetime\.now\(|utcnow\(|system_clock\b|'TIME'|[ =]now\(\)")
ALLOWED = {
    "main/commands/doctor_oidc.py": "asks the provider for its keys only: no time is compared",
    "adapters/memory/storage.py": "the default of who has no hub",
    "adapters/postgres/backup/dump.py": "an older hub's database has no hub's time",
    "adapters/postgres/backup/restore.py": "an older hub's database has no hub's time",
    "adapters/postgres/engine/clock.py": "compares the server's clock with the hub's time",
    "adapters/postgres/engine/write_probe.py": "the hub's time stands while nothing can be stored",
    "adapters/providers/neonize/client.py": "WhatsApp is told the time of a message and of a reading",
    "adapters/providers/neonize/dial.py": "what WhatsApp Web tells has the machine's time; a silence is bounded",
    "adapters/providers/neonize/native/store.py": "shown only",
    "adapters/providers/registry.py": "the default of who has no hub",
    "adapters/security/clock.py": "the default of who has no hub",
    "adapters/security/tokens.py": "the default of who has no hub",
    "application/operations/hub_time.py": "until a process has joined the others",
    "main/backup/backup.py": "a manifest tells people when",
    "main/demo/graph.py": "plays Meta",
    "main/demo/play.py": "plays Meta",
    "main/roles/heartbeat.py": "shown only",
    "main/roles/watchdog.py": "a log's line",
}


def test_nothing_asks_a_clock_that_can_be_stepped_without_a_reason() -> None:
    asked = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if STEPPED.search(path.read_text())}
    assert asked == ALLOWED.keys()
