"""RecordConnections: store the state of this connector's connections, each step in a transaction of its tenant.

TendConnections: apply the deadlines that passed, whichever process holds the connection."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.connecting.keep_lease import OpenConnection
from whatsapp_hub.application.ports.connections.connections import ConnectorId, DesiredConnection, Leases
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Details, Event, EventType
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import ConnectionReport, ConnectionState
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind
from whatsapp_hub.domain.sessions.session import UNREADABLE, SessionStatus


@dataclass(frozen=True, slots=True)
class RecordConnections:
    """All raise Unavailable, and ignore a session that was deleted meanwhile."""

    storage: Storage
    leases: Leases
    advance: AdvanceConnection

    async def about_to_dial(
        self, connection: DesiredConnection, me: ConnectorId, *, takes_over: bool = False
    ) -> SessionRef | None:
        """Store the dial before it is made; return what to dial with, or None if it is not ours to dial any more.
        `takes_over`: its last connector ended without closing it."""
        try:
            async with self.storage.tenant(connection.tenant_id) as uow:
                session = await uow.sessions.get(connection.session_id)
                now = await uow.connections.of(session)
                if now.holder != me or now.state.fence != connection.fence or not now.state.is_on:
                    return None
                if session.settings is UNREADABLE:
                    failed = ConnectionReport(SessionStatus.FAILED, f"credentials_invalid: {UNREADABLE.reason}")
                    await self.advance(uow, session, self._reported(failed))
                    await uow.commit()
                    return None
                await self.advance(uow, session, lambda state, at: state.dialled(at, self.advance.rules))
                kinds = [HistoryKind.TAKEN_OVER] if takes_over else []
                entries = [HistoryEntry.of(kind, self.advance.clock()) for kind in (*kinds, HistoryKind.DIALLED)]
                await uow.session_history.add(session.id, entries)
                await uow.commit()
        except NotFound:
            return None
        return SessionRef(
            session.id, session.tenant_id, session.key, session.provider, session.settings, fence=connection.fence
        )

    async def recycle(self, tenant_id: TenantId, session_id: SessionId, fence: int, why: str) -> None:
        """Plan a new dial of a dead connection, unless it was started, stopped or taken over meanwhile."""

        def step(state: ConnectionState, now: datetime) -> ConnectionState:
            return state.recycled(why, now, self.advance.rules, self.advance.jitter())

        await self._follow(tenant_id, session_id, step, fence)

    async def forgotten(self, connection: DesiredConnection) -> None:
        """Record that the credentials are deleted."""
        await self._follow(
            connection.tenant_id, connection.session_id, lambda state, _: state.forgotten(), connection.fence
        )

    async def _follow(
        self,
        tenant_id: TenantId,
        session_id: SessionId,
        step: Callable[[ConnectionState, datetime], ConnectionState],
        fence: int | None,
    ) -> None:
        try:
            async with self.storage.tenant(tenant_id) as uow:
                session = await uow.sessions.get(session_id)
                await self.advance(uow, session, step, fence)
                await uow.commit()
        except NotFound:
            return

    def _reported(self, report: ConnectionReport) -> Callable[[ConnectionState, datetime], ConnectionState]:
        return lambda state, now: state.reported(report, now, self.advance.rules, self.advance.jitter())

    async def alarm(self, down: Sequence[OpenConnection]) -> None:
        """Notify each company once, however many of its sessions are down."""
        companies: dict[TenantId, list[SessionId]] = defaultdict(list)
        for connection in down:
            companies[connection.tenant_id].append(connection.session_id)
        for tenant_id, sessions in companies.items():
            detail: Details = {"kind": "sessions.reconnect_storm", "role": "ADMIN", "sessions": len(sessions)}
            async with self.storage.tenant(tenant_id) as uow:
                uow.publish([Event(EventType.NOTIFICATION_CREATED, tenant_id, self.advance.clock(), detail=detail)])
                await uow.commit()


@dataclass(frozen=True, slots=True)
class TendConnections:
    """Apply passed deadlines (no scan, no result of a dial, no recovery from a loss), and release connections whose
    connector died. Runs with the scheduled work, with or without connectors."""

    storage: Storage
    leases: Leases
    advance: AdvanceConnection

    async def __call__(self) -> None:
        """Apply all that are due. Raises Unavailable."""
        await self.leases.reap_expired()
        for tenant_id in await self.storage.directory.tenants_with_late_lines():
            async with self.storage.tenant(tenant_id) as uow:
                late = await uow.connections.late(100)
            for session_id in late:
                await self._tend(tenant_id, session_id)

    async def _tend(self, tenant_id: TenantId, session_id: SessionId) -> None:
        try:
            async with self.storage.tenant(tenant_id) as uow:
                session = await uow.sessions.get(session_id)
                is_held = (await uow.connections.of(session)).holder is not None
                await self.advance(uow, session, lambda state, now: self._later(state, now, is_held))
                await uow.commit()
        except NotFound:
            return

    def _later(self, state: ConnectionState, now: datetime, is_held: bool) -> ConnectionState:
        if not is_held:
            state = state.unheld()
        if state.deadline_at is None or state.deadline_at > now:
            return state
        return state.late(now, self.advance.rules, self.advance.jitter(), is_held=is_held)
