"""The feed of access changes, as hub_system.

Read by the writing transaction's id: all below the snapshot's oldest open one have ended, and their rows were seen.
Those at and above it are read again at the next poll, so that none is missed, whatever the order of the commits."""

from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange

_SINCE = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS mark,
      pg_snapshot_xmin(pg_current_snapshot()) < $1::text::xid8 AS is_lost,
      c.id, c.tenant_id, c.user_id, c.sign_in_id, c.api_key_id
    FROM (SELECT) AS now LEFT JOIN hub.access_changes c ON c.written_by >= $1::text::xid8"""
_BEGIN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"


class PostgresAccessChanges:
    """Implements `AccessChanges`, for one reader."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[int] = set()

    async def since(self, mark: str | None) -> tuple[list[AccessChange], str]:
        """Read rows by transaction snapshot, so that a change committed late is not skipped."""
        if mark is None:
            return [EVERYONE], await self._database.system(lambda c: c.fetchval(_BEGIN))
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_SINCE, mark))
        if rows[0]["is_lost"]:
            return [EVERYONE], rows[0]["mark"]
        found = {row["id"]: row for row in rows if row["id"] is not None}
        news = [_change(row) for id, row in found.items() if id not in self._told]
        self._told = set(found)
        return news, rows[0]["mark"]


def _change(row: Any) -> AccessChange:
    return AccessChange(row["tenant_id"], row["user_id"], row["sign_in_id"], row["api_key_id"])
