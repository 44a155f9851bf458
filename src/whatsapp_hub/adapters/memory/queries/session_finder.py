"""Sessions by the names that gateways' clients use."""

from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows, Transaction, copied
from whatsapp_hub.adapters.memory.repositories.sessions import PAIRINGS
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS, live_connector
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS, TENANTS
from whatsapp_hub.adapters.memory.tables.lanes import QUEUED
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.application.reading.sessions import Connection, HolderLease
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import Session


class MemorySessionFinder:
    """Implements `SessionFinder`, without the history of connections."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def _rows(self, tenant_id: TenantId) -> Rows:
        return Transaction(self._database).of(tenant_id)

    def _sessions(self, tenant_id: TenantId) -> list[Session]:
        return [copied(s) for s in sorted(self._rows(tenant_id).each(SESSIONS), key=lambda s: s.id)]

    async def client_id(self, tenant_id: TenantId) -> str:
        """Return the tenant's slug. Raises NotFound."""
        tenant = Transaction(self._database).of(None).peek(TENANTS, tenant_id)
        if tenant is None:
            raise NotFound("tenant", tenant_id)
        return tenant.slug

    async def named(self, tenant_id: TenantId, name: str) -> Session | None:
        """Find by id where the name is one, else by key."""
        sessions = self._sessions(tenant_id)
        by_id = (s for s in sessions if str(s.id) == name.lower())
        return next(by_id, None) or next((s for s in sessions if s.key == name), None)

    async def of_agent(self, tenant_id: TenantId, agent_id: str) -> list[Session]:
        """List the sessions of an agent id."""
        return [s for s in self._sessions(tenant_id) if s.agent_id == agent_id]

    async def keys(self, tenant_id: TenantId) -> dict[SessionId, str]:
        """Return all keys by id."""
        return {s.id: s.key for s in self._sessions(tenant_id)}

    async def page(self, tenant_id: TenantId, limit: int, cursor: str | None, *, active: bool) -> Page[Session]:
        """Return a page by id. Raises Invalid for a cursor that is none."""
        try:
            after = UUID(cursor or UUID(int=0).hex)
        except ValueError:
            raise Invalid.field("cursor", "is not a cursor of this list") from None
        found = [s for s in self._sessions(tenant_id) if s.id > after and (s.is_active or not active)]
        return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)

    async def lease(self, tenant_id: TenantId, session_id: SessionId) -> HolderLease | None:
        """Return who holds the session's connection; None: it was never started."""
        rows = self._rows(tenant_id)
        row = rows.peek(CONNECTIONS, session_id)
        if row is None:
            return None
        holder = live_connector(rows, row.holder)
        age_s = (rows.now - row.held_since).total_seconds() if holder else None
        return HolderLease(holder.connector.name if holder else None, age_s, row.state.attempts, row.state.code_until)

    async def code_until(self, tenant_id: TenantId, session_id: SessionId) -> datetime | None:
        """Return when the shown code expires; None: none is shown."""
        rows = self._rows(tenant_id)
        held, pairing = rows.peek(CONNECTIONS, session_id), rows.peek(PAIRINGS, session_id)
        times = (held.state.code_until if held else None, pairing.pairing.code_until if pairing else None)
        return max((at for at in times if at), default=None)

    async def connections(self, tenant_id: TenantId, agent_id: str) -> list[Connection]:
        """Return sessions with their waiting messages and leases."""
        rows, found = self._rows(tenant_id), []
        for session in await self.of_agent(tenant_id, agent_id):
            depth = sum(q.lane.session_id == session.id for q in rows.each(QUEUED))
            lease = await self.lease(tenant_id, session.id)
            found.append(Connection(session, lane_depth=depth, lease=lease))
        return found
