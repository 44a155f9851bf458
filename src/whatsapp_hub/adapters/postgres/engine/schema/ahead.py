"""Build large indexes before the migrations that need them, while others go on writing.

A migration is a transaction, in which an index blocks every write of its table until it is built. `CREATE INDEX
CONCURRENTLY` does not, but runs in no transaction: it comes first, and the migration makes the index where it is still
missing (`IF NOT EXISTS`), which is where the table is new.
"""

import asyncio
from typing import Any

from whatsapp_hub.adapters.postgres.engine.schema.functions import quoted

ONE_BUILDS = 0x776D6978
"""The advisory lock of the process that builds. It is only tried for, never waited for in a transaction: PostgreSQL's
build waits for all transactions that were there before it."""

AGAIN_S = 0.5

INDEXES = {
    "message_of_contact": (
        "messages",
        "UNIQUE INDEX CONCURRENTLY message_of_contact ON {table} (session_id, whatsapp_message_id, contact_id)"
        " WHERE whatsapp_message_id IS NOT NULL",
    )
}
"""By name: the table, and the rest of the command."""

_STATE = """
    SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass($1) AND c.relname = $2"""


async def build(connection: Any, schema: str) -> None:
    """Build what a tenants' schema lacks; nothing where it has no tables yet. An index that an interrupted build left
    unusable is built anew. The connection is in no transaction; the caller closes it, also after an error."""
    for name, (table, command) in INDEXES.items():
        of = f"{quoted(schema)}.{table}"
        if not await _is_missing(connection, of, name):
            continue
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ONE_BUILDS):
            await asyncio.sleep(AGAIN_S)
        if await _is_missing(connection, of, name):
            await connection.execute(f"DROP INDEX IF EXISTS {quoted(schema)}.{name}")
            await connection.execute(f"CREATE {command.format(table=of)}")
        await connection.fetchval("SELECT pg_advisory_unlock($1)", ONE_BUILDS)


async def _is_missing(connection: Any, table: str, name: str) -> bool:
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
        return False
    return await connection.fetchval(_STATE, table, name) is not True
