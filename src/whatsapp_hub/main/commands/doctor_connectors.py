"""Checks of `whatsapp-hub doctor` for connectors: descriptors, connections, unheld sessions."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from whatsapp_hub.main.settings import Settings

OWN_CONNECTIONS = 50
"""Connections of the hub's pools: an API, a worker and a connector."""
CONNECTIONS_EACH = 12
"""Of a connector for the keys of WhatsApp Web, however many numbers it holds: those that they share, and our own."""
DESCRIPTORS_EACH = 4
DESCRIPTORS_SPARE = 200

_CROWD = """
    SELECT (SELECT count(*) FROM hub.connectors WHERE until > (SELECT now FROM hub.time)) AS connectors,
      (SELECT coalesce(sum(room), 0) FROM hub.connectors WHERE until > (SELECT now FROM hub.time)) AS room,
      (SELECT count(*) FROM hub.lines WHERE is_wanted) AS wanted,
      (SELECT count(*) FROM hub.lines l WHERE is_wanted AND NOT EXISTS (
        SELECT FROM hub.connectors c WHERE c.id = l.connector_id AND c.until > (SELECT now FROM hub.time))) AS unheld"""

_MAY_NOT_END = """
    SELECT session_user::text AS login, nspowner::regrole::text AS owner FROM pg_namespace
    WHERE nspname = 'hub' AND NOT pg_has_role(nspowner, session_user, 'USAGE')"""


@dataclass(frozen=True)
class Says:
    """The result of one check. `good` is None where only one feature is affected."""

    good: bool | None
    text: str


def descriptors(settings: Settings) -> Says:
    """Compare the descriptor limit with the need: a few per session, for its socket and its store."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = DESCRIPTORS_SPARE + DESCRIPTORS_EACH * settings.sessions_per_connector
    if soft < needed:
        return Says(None, f"{soft} descriptors a process, MAX_INSTANCES needs {needed}; raise it: ulimit -n {needed}")
    return Says(True, f"{soft} descriptors a process for {settings.sessions_per_connector} sessions")


async def in_database(connection: asyncpg.Connection, settings: Settings) -> list[Says]:
    """Check as the migrating role; report nothing for a database that was never migrated."""
    most = int(await connection.fetchval("SHOW max_connections"))
    found = [*_connections(most, settings.hub_connectors)]
    if await connection.fetchval("SELECT to_regclass('hub.connectors')") is None:
        return found
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE hub_system")
        row = await connection.fetchrow(_CROWD)
    if powerless := await connection.fetchrow(_MAY_NOT_END):
        found.append(stores_stay(powerless["owner"], powerless["login"]))
    return [*found, held(row["connectors"], row["room"], row["wanted"], row["unheld"])]


def _connections(most: int, connectors: int) -> Iterator[Says]:
    needed = OWN_CONNECTIONS + CONNECTIONS_EACH * connectors
    if most < needed:
        yield Says(
            None,
            f"max_connections is {most}; the hub may open {needed} ({CONNECTIONS_EACH} for each of {connectors} "
            f"connectors, {OWN_CONNECTIONS} else): raise it in postgresql.conf, or lower HUB_CONNECTORS",
        )


def stores_stay(owner: str, login: str) -> Says:
    """Say that `hub.end_stores`, which works as the owner, cannot end connections of the connectors' login."""
    return Says(
        None,
        f"{owner}, the owner of the schema hub, may not end what a lost connector leaves open, which works as {login}: "
        f"GRANT {login} TO {owner}",
    )


def held(connectors: int, room: int, wanted: int, unheld: int) -> Says:
    """Compare started sessions with the connectors' capacity."""
    if not unheld:
        return Says(True, f"{connectors} running, room for {room}, {wanted} sessions held")
    if not connectors:
        return Says(False, f"none is running, and {unheld} started sessions wait: start `whatsapp-hub connector`")
    return Says(None, f"{unheld} of {wanted} started sessions wait; there is room for {room}: start more connectors")
