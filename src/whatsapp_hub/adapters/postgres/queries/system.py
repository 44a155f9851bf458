"""Running processes and queue depths. One statement counts: as hub_app row-level security leaves one tenant's rows, as
hub_system all. Each count walks a partial index of pending work, and ends at `COUNTED_AT_MOST`."""

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.connections.processes import Process
from whatsapp_hub.application.reading.system import COUNTED_AT_MOST, Depths, Running
from whatsapp_hub.domain.ids import TenantId

_RUNNING = """
    SELECT id, role, name, version, started_at, seen_at FROM hub.processes
    WHERE seen_at > (SELECT now FROM hub.time) - interval '30 seconds' ORDER BY role, started_at, id"""


def _count(rows: str) -> str:
    return f"(SELECT count(*) FROM (SELECT {rows} LIMIT {COUNTED_AT_MOST}) AS counted)"


_DELIVERIES = "FROM hub.webhooks w JOIN hub.webhook_deliveries d ON d.webhook_id = w.id WHERE d.state ="
_DUE = """
    FROM hub.paces p JOIN hub.lanes l ON l.session_id = p.session_id
    WHERE (l.queued > 0 OR l.attempt_message IS NOT NULL) AND l.next_at <= (SELECT now FROM hub.time)
      AND p.hold_until <= (SELECT now FROM hub.time)"""
DEPTHS = f"""
    SELECT {_count("FROM hub.inbox WHERE state = 'pending'")} AS inbox_pending,
      {_count("FROM hub.inbox WHERE state = 'quarantined'")} AS inbox_quarantined,
      {_count("FROM hub.inbox WHERE state = 'unassigned'")} AS inbox_unassigned,
      {_count("FROM hub.outbox")} AS outbox,
      {_count(_DUE)} AS lanes_due,
      {_count(f"{_DELIVERIES} 'pending'")} AS webhooks_waiting,
      {_count(f"{_DELIVERIES} 'dead'")} AS webhooks_dead"""


class PostgresSystem:
    """Implements `System`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def running(self) -> list[Running]:
        """Read the register of processes."""
        rows = await self._database.system(lambda db: db.fetch(_RUNNING))
        return [
            Running(Process(row["id"], row["role"], row["name"], row["version"]), row["started_at"], row["seen_at"])
            for row in rows
        ]

    async def depths(self, tenant_id: TenantId | None) -> Depths:
        """Count what waits, as hub_app for one tenant, else as hub_system."""
        if tenant_id is None:
            return Depths(**dict(await self._database.system(lambda db: db.fetchrow(DEPTHS))))
        async with self._database.acting_for(tenant_id) as connection:
            return Depths(**dict(await connection.fetchrow(DEPTHS)))
