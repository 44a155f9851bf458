"""RecordConnections: store what this connector's connections go through, each step a transaction of its tenant.

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
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import ConnectionReport, ConnectionState
from whatsapp_hub.domain.sessions.session import UNREADABLE, SessionStatus


@dataclass(frozen=True, slots=True)
class RecordConnections:
    """All raise Unavailable. A session that was deleted meanwhile is nobody's trouble."""

    storage: Storage
    leases: Leases
    follow: AdvanceConnection

    async def about_to_dial(self, line: DesiredConnection, me: ConnectorId) -> SessionRef | None:
        """Written down before the dial; what to dial with. None if the line is not ours to dial any more."""
        try:
            async with self.storage.tenant(line.tenant_id) as uow:
                session = await uow.sessions.get(line.session_id)
                now = await uow.connections.of(session)
                if now.holder != me or now.life.fence != line.fence or not now.life.is_on:
                    return None
                if session.settings is UNREADABLE:
                    failed = ConnectionReport(SessionStatus.FAILED, f"credentials_invalid: {UNREADABLE.reason}")
                    uow.publish(await self.follow(uow, session, self._reported(failed)))
                    await uow.commit()
                    return None
                uow.publish(await self.follow(uow, session, lambda life, at: life.dialled(at, self.follow.rules)))
                await uow.commit()
        except NotFound:
            return None
        return SessionRef(
            session.id, session.tenant_id, session.key, session.provider, session.settings, fence=line.fence
        )

    async def recycle(self, tenant_id: TenantId, session_id: SessionId, fence: int, why: str) -> None:
        """The line is dead: dial anew after a while, unless somebody has decided otherwise meanwhile."""

        def step(life: ConnectionState, now: datetime) -> ConnectionState:
            return life.recycled(why, now, self.follow.rules, self.follow.jitter())

        await self._follow(tenant_id, session_id, step, fence)

    async def forgotten(self, line: DesiredConnection) -> None:
        await self._follow(line.tenant_id, line.session_id, lambda life, _: life.forgotten(), line.fence)

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
                uow.publish(await self.follow(uow, session, step, fence))
                await uow.commit()
        except NotFound:
            return

    def _reported(self, report: ConnectionReport) -> Callable[[ConnectionState, datetime], ConnectionState]:
        return lambda life, now: life.reported(report, now, self.follow.rules, self.follow.jitter())

    async def alarm(self, down: Sequence[OpenConnection]) -> None:
        """One alarm a company, however many of its sessions are down."""
        companies: dict[TenantId, list[SessionId]] = defaultdict(list)
        for line in down:
            companies[line.tenant_id].append(line.session_id)
        for tenant_id, sessions in companies.items():
            detail = {"kind": "sessions.reconnect_storm", "role": "ADMIN", "sessions": len(sessions)}
            async with self.storage.tenant(tenant_id) as uow:
                uow.publish([Event(EventType.NOTIFICATION_CREATED, tenant_id, self.follow.clock(), detail=detail)])
                await uow.commit()


@dataclass(frozen=True, slots=True)
class TendConnections:
    """Deadlines that passed (nobody scanned, a dial told nothing, a loss did not heal), and lines whose connector died
    before another one took them. Runs with the timed work, connectors or not."""

    storage: Storage
    leases: Leases
    follow: AdvanceConnection

    async def __call__(self) -> None:
        """Raises Unavailable."""
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
                uow.publish(await self.follow(uow, session, lambda life, now: self._later(life, now, is_held)))
                await uow.commit()
        except NotFound:
            return

    def _later(self, life: ConnectionState, now: datetime, is_held: bool) -> ConnectionState:
        if not is_held:
            life = life.unheld()
        if life.deadline_at is None or life.deadline_at > now:
            return life
        return life.late(now, self.follow.rules, self.follow.jitter(), is_held=is_held)
