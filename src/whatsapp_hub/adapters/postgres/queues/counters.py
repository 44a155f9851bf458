"""Store the counts of all processes, as hub_system."""

from collections.abc import Mapping

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.measuring import Series

# An array of arrays must be rectangular, so labels travel as one text each.
_ADD = """
    INSERT INTO hub.counters (name, labels, value)
    SELECT name, string_to_array(labels, chr(31)), value
    FROM unnest($1::text[], $2::text[], $3::float8[]) AS x(name, labels, value)
    ON CONFLICT (name, labels) DO UPDATE SET value = hub.counters.value + excluded.value"""
_APART = "\x1f"


class PostgresCounters:
    """Implements `Counters`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Mapping[Series, float]) -> None:
        """Update rows in one order, so that two processes never deadlock."""
        rows = sorted((name, _APART.join(labels), value) for (name, labels), value in counts.items())
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await self._database.system(lambda db: db.execute(_ADD, *columns))
