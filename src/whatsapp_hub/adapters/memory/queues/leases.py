"""Connectors' leases, and the connections that they hold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Transaction
from whatsapp_hub.adapters.memory.tables.connections import (
    CONNECTIONS,
    CONNECTORS,
    ConnectionRow,
    ConnectorRow,
    live_connector,
)
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.application.ports.connections.connections import (
    ClaimedConnection,
    Connector,
    ConnectorId,
    ConnectorLoad,
    DesiredConnection,
)
from whatsapp_hub.domain.ids import SessionId, TenantId

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class MemoryLeases:
    """Implements `Leases`. Stores of sessions are not connections of a database here."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def enter(self, connector: Connector, lease_s: float) -> None:
        """Store the connector until its lease ends."""
        async with self._database.transaction() as transaction:
            row = ConnectorRow(connector, self._database.now + timedelta(seconds=lease_s))
            await transaction.of(None).put(CONNECTORS, connector.id, row)

    async def renew(self, connector_id: ConnectorId, lease_s: float) -> bool:
        """Move the lease's end; False: it ended already."""
        async with self._database.transaction() as transaction:
            row = live_connector(transaction.of(None), connector_id)
            if row is None:
                return False
            renewed = replace(row, until=self._database.now + timedelta(seconds=lease_s))
            await transaction.of(None).put(CONNECTORS, connector_id, renewed)
            return True

    async def leave(self, connector_id: ConnectorId, *, clean: bool) -> None:
        """Remove the connector and free its connections."""
        async with self._database.transaction() as transaction:
            await self._remove(transaction, connector_id, is_clean=clean)

    async def reap_expired(self) -> int:
        """Remove connectors whose lease ended; return how many."""
        async with self._database.transaction() as transaction:
            now = self._database.now
            ended = [row.connector.id for row in transaction.of(None).each(CONNECTORS) if row.until <= now]
            for connector_id in ended:
                await self._remove(transaction, connector_id, is_clean=False)
            return len(ended)

    async def _remove(self, transaction: Transaction, connector_id: ConnectorId, *, is_clean: bool) -> None:
        await transaction.of(None).drop(CONNECTORS, connector_id)
        for tenant_id, row in list(transaction.everywhere(CONNECTIONS)):
            if row.holder == connector_id:
                freed = replace(row, holder=None, is_clean=is_clean or row.is_clean)
                await transaction.of(tenant_id).put(CONNECTIONS, row.session_id, freed)

    async def loads(self, kinds: Sequence[str]) -> tuple[list[ConnectorLoad], int]:
        """Count what each connector holds, and how many wanted sessions of these kinds nobody holds."""
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            rows = [row for _, row in transaction.everywhere(CONNECTIONS)]
            live = [c.connector for c in hub.each(CONNECTORS) if live_connector(hub, c.connector.id)]
            loads = [
                ConnectorLoad(c.id, c.room, sum(row.holder == c.id for row in rows))
                for c in live
                if not set(c.kinds).isdisjoint(kinds)
            ]
            return loads, sum(row.holder is None and row.is_wanted and row.provider in kinds for row in rows)

    async def capacity(self, kind: str) -> tuple[int, int]:
        """Sum the places of all connectors of a kind, and the sessions that want one."""
        async with self._database.transaction() as transaction:
            hub = transaction.of(None)
            live = [c.connector for c in hub.each(CONNECTORS) if live_connector(hub, c.connector.id)]
            wanted = sum(row.is_wanted and row.provider == kind for _, row in transaction.everywhere(CONNECTIONS))
            return sum(c.room for c in live if kind in c.kinds), wanted

    async def take(self, connector: Connector, limit: int) -> list[ClaimedConnection]:
        """Take unheld sessions under new fences."""
        async with self._database.transaction() as transaction:
            if live_connector(transaction.of(None), connector.id) is None:
                return []
            free = [(t, row) for t, row in transaction.everywhere(CONNECTIONS) if _is_free(row, connector)]
            free.sort(key=lambda one: (one[1].state.dial_at or _LONG_AGO, one[1].session_id))
            taken: list[ClaimedConnection] = []
            for tenant_id, row in free:
                if len(taken) < limit and transaction.of(tenant_id).try_lock(CONNECTIONS, row.session_id):
                    taken.append(await self._take(transaction, tenant_id, row, connector.id))
            return taken

    async def _take(
        self, transaction: Transaction, tenant_id: TenantId, row: ConnectionRow, connector_id: ConnectorId
    ) -> ClaimedConnection:
        state = replace(row.state, fence=row.state.fence + 1, is_up=False)
        held = replace(row, holder=connector_id, held_since=self._database.now, is_clean=False, state=state)
        await transaction.of(tenant_id).put(CONNECTIONS, row.session_id, held)
        return ClaimedConnection(row.session_id, tenant_id, not row.is_clean)

    async def held(self, connector_id: ConnectorId) -> list[DesiredConnection]:
        """List the connections that this connector holds, while its lease lasts."""
        async with self._database.transaction() as transaction:
            if live_connector(transaction.of(None), connector_id) is None:
                return []
            mine = [(t, row) for t, row in transaction.everywhere(CONNECTIONS) if row.holder == connector_id]
            mine.sort(key=lambda one: (one[1].held_since, one[1].session_id))
            return [self._desired(transaction, tenant_id, row) for tenant_id, row in mine]

    def _desired(self, transaction: Transaction, tenant_id: TenantId, row: ConnectionRow) -> DesiredConnection:
        session = transaction.of(tenant_id).peek(SESSIONS, row.session_id)
        dial_at, is_on = row.state.dial_at, session is not None and session.is_active
        is_due = is_on and (dial_at is None or dial_at <= self._database.now)
        where = (row.session_id, tenant_id, row.provider, row.state.fence)
        return DesiredConnection(*where, is_due, row.state.must_forget, row.is_wanted)

    async def let_go(self, connector_id: ConnectorId, session_ids: Sequence[SessionId]) -> None:
        """Free connections that this connector holds."""
        async with self._database.transaction() as transaction:
            for tenant_id, row in list(transaction.everywhere(CONNECTIONS)):
                if row.holder == connector_id and row.session_id in session_ids:
                    freed = replace(row, holder=None, is_clean=True)
                    await transaction.of(tenant_id).put(CONNECTIONS, row.session_id, freed)

    async def store_connections(self, session_ids: Sequence[SessionId]) -> int:
        """Return 0: there is no store."""
        return 0


def _is_free(row: ConnectionRow, connector: Connector) -> bool:
    return row.holder is None and row.is_wanted and row.provider in connector.kinds
