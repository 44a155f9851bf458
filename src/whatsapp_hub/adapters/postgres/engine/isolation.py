"""Check that a connection is restricted to its role before it is used.

The roles `hub_app` and `hub_system` are what keeps tenants apart (row-level security), so a connection that works as
its login's own role must never be used. A connection pooler in between (pgbouncer, and what hosts offer as a "pooled"
address) drops the startup setting `role`, and in transaction mode gives each transaction another server: it is refused
by name. See docs/decisions/0011.
"""

from typing import Any

import asyncpg

from whatsapp_hub.domain.errors import Unavailable

POOLED = (
    "a connection pooler (pgbouncer or alike) stands between the hub and PostgreSQL; DATABASE_URL must lead to "
    "PostgreSQL itself, since a pooler drops the role that keeps tenants apart (the hub pools connections by itself)"
)
_POOLED, _WRONG_ROLE = "HUB01", "HUB02"


class NotIsolated(Unavailable):
    """The connection is not PostgreSQL's own, or does not work as its role. It is never used then."""


async def check_pooler(connection: Any) -> None:
    """Raise NotIsolated where a pooler answers instead of PostgreSQL.

    By the simple protocol: in transaction mode a pooler may refuse a prepared statement before it reveals itself.
    """
    await _ask(connection, _differs("pg_backend_pid()", str(connection.get_server_pid()), _POOLED))


async def check_role(connection: Any, role: str) -> None:
    """Raise NotIsolated unless the connection is PostgreSQL's own and works as `role`, one of ours."""
    pooled = _differs("pg_backend_pid()", str(connection.get_server_pid()), _POOLED)
    await _ask(connection, pooled + _differs("current_user", f"'{role}'", _WRONG_ROLE))


def refusal(error: BaseException) -> NotIsolated | None:
    """Return the error for a pooler that refused the connection's startup settings; None for any other."""
    pooled = isinstance(error, asyncpg.ProtocolViolationError) and "startup parameter" in str(error)
    return NotIsolated(POOLED) if pooled else None


def _differs(what: str, wanted: str, code: str) -> str:
    return f"IF {what} <> {wanted} THEN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = {what}::text; END IF;"


async def _ask(connection: Any, checks: str) -> None:
    try:
        await connection.execute(f"DO $$ BEGIN {checks} END $$")
    except asyncpg.PostgresError as error:
        if error.sqlstate == _POOLED:
            raise NotIsolated(POOLED) from None
        if error.sqlstate == _WRONG_ROLE:
            raise NotIsolated(f"a connection works as the role {error}, not as the hub's own: it is not used") from None
        raise
