"""The register of running processes, as hub_system."""

import json
from collections.abc import Mapping, Sequence

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.connections.processes import Process

# A process that was deleted while its database was away returns with its next heartbeat.
_ANNOUNCE = """
    WITH silent AS (DELETE FROM hub.processes
      WHERE seen_at < (SELECT now FROM hub.time) - interval '1 hour' AND id <> $1)
    INSERT INTO hub.processes (id, role, name, version, gauges) VALUES ($1, $2, $3, $4, $5::text::jsonb)
    ON CONFLICT (id) DO UPDATE SET seen_at = (SELECT now FROM hub.time), gauges = excluded.gauges"""
_STALLED = """
    SELECT p.role || ' ' || p.name || ': ' || substr(g.key, 8) || ' (' || round(g.value::numeric) || ' s)' AS said
    FROM hub.processes p, jsonb_each_text(p.gauges) g
    WHERE p.seen_at > (SELECT now FROM hub.time) - interval '30 seconds' AND g.key LIKE 'stands:%' ORDER BY 1"""
_LEAVE = "DELETE FROM hub.processes WHERE id = $1"


class PostgresProcesses:
    """Implements `Processes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, process: Process, gauges: Mapping[str, float]) -> None:
        """Insert or update the process's row with the time and its gauges (JSON)."""
        p, measured = process, json.dumps(dict(gauges))
        await self._database.system(lambda db: db.execute(_ANNOUNCE, p.id, p.role, p.name, p.version, measured))

    async def stalled(self) -> Sequence[str]:
        """List stalled loops and work, as `role name: loop (seconds)`."""
        return [row["said"] for row in await self._database.system(lambda db: db.fetch(_STALLED))]

    async def leave(self, process: Process) -> None:
        """Delete the process's row."""
        await self._database.system(lambda db: db.execute(_LEAVE, process.id))
