"""Read the database's figures for /metrics, as hub_system: no contact, conversation or message.

Each count and age walks a partial index of pending work, and ends after COUNTED_AT_MOST or LOOKED_AT rows; one result
is reused for FRESH_S, so that scrapes cost the same however many there are.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queries.system import DEPTHS
from whatsapp_hub.application.ports.connections.processes import Process
from whatsapp_hub.application.reading.overview import Ages, Overview
from whatsapp_hub.application.reading.system import Depths, Running
from whatsapp_hub.domain.integrations.delivery import OPENS_AFTER

FRESH_S = 5.0
DEADLINE_S = 5.0
LOOKED_AT = 5_000


def _age(of: str, rows: str) -> str:
    oldest = f"(SELECT min(at) FROM (SELECT {of} AS at {rows} LIMIT {LOOKED_AT}) AS looked_at)"
    return f"greatest(0, coalesce(extract(epoch FROM (SELECT now FROM hub.time) - {oldest}), 0))::float8"


_LANES = """
    FROM hub.paces p JOIN hub.lanes l ON l.session_id = p.session_id
    WHERE (l.queued > 0 OR l.attempt_message IS NOT NULL) AND l.next_at <= (SELECT now FROM hub.time)
      AND p.hold_until <= (SELECT now FROM hub.time)"""
_DELIVERIES = """
    FROM hub.webhooks w JOIN hub.webhook_deliveries d ON d.webhook_id = w.id
    WHERE d.state = 'pending' AND d.next_at <= (SELECT now FROM hub.time)"""
_AGES = f"""
    SELECT {_age("received_at", "FROM hub.inbox WHERE state = 'pending'")} AS inbox,
      {_age("occurred_at", "FROM hub.outbox")} AS outbox,
      {_age("l.next_at", _LANES)} AS lanes,
      {_age("d.next_at", _DELIVERIES)} AS webhooks,
      coalesce(extract(epoch FROM (SELECT now FROM hub.time)
        - (SELECT occurred_at FROM hub.events ORDER BY position LIMIT 1)), 0)::float8 AS log"""
_SOME = f"""
    SELECT s.position, s.position - p.position AS behind,
      (SELECT count(*) FROM hub.webhooks WHERE is_active AND failures >= {OPENS_AFTER}) AS down,
      (SELECT count(*) FROM hub.lines WHERE connector_id IS NULL AND is_wanted) AS unheld
    FROM hub.sequencer s, hub.webhook_planner p"""
_SESSIONS = "SELECT provider, status, count(*) AS sessions FROM hub.sessions GROUP BY provider, status"
_PROCESSES = """
    SELECT id, role, name, version, started_at, seen_at, gauges FROM hub.processes
    WHERE seen_at > (SELECT now FROM hub.time) - interval '30 seconds' ORDER BY role, started_at, id LIMIT 500"""
_COUNTS = "SELECT name, labels, value FROM hub.counters"


class PostgresOverview:
    """Implements `ReadsOverview`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._read_at = -FRESH_S
        self._last: Overview | None = None

    async def __call__(self) -> Overview:
        async with self._one_at_a_time:
            if self._last is None or time.monotonic() - self._read_at > FRESH_S:
                async with asyncio.timeout(DEADLINE_S):
                    self._last = await self._database.system(_read)
                self._read_at = time.monotonic()
            return self._last


async def _read(db: Any) -> Overview:
    some = await db.fetchrow(_SOME)
    return Overview(
        depths=Depths(**dict(await db.fetchrow(DEPTHS))),
        ages=Ages(**dict(await db.fetchrow(_AGES))),
        log_position=some["position"],
        webhooks_behind=some["behind"],
        receivers_down=some["down"],
        unheld=some["unheld"],
        sessions={(row["provider"], row["status"]): row["sessions"] for row in await db.fetch(_SESSIONS)},
        processes=[(_running(row), _gauges(row)) for row in await db.fetch(_PROCESSES)],
        counts={(row["name"], tuple(row["labels"])): row["value"] for row in await db.fetch(_COUNTS)},
    )


def _running(row: Any) -> Running:
    return Running(Process(row["id"], row["role"], row["name"], row["version"]), row["started_at"], row["seen_at"])


def _gauges(row: Any) -> Mapping[str, float]:
    return {str(name): float(value) for name, value in json.loads(row["gauges"]).items()}
