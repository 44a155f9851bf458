"""MindLines: what a connector writes down about the lines that it holds, each step a transaction of its tenant; and
TendLines, which sees to deadlines, whoever holds the line."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.connecting.keep_lease import OpenLine
from whatsapp_hub.application.ports.connections.connections import ConnectorId, HeldLine, Leases
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.advance_connection import FollowLife
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import Life, Report
from whatsapp_hub.domain.sessions.session import UNREADABLE, SessionStatus


@dataclass(frozen=True, slots=True)
class MindLines:
    """All raise Unavailable. A session that was deleted meanwhile is nobody's trouble."""

    storage: Storage
    leases: Leases
    follow: FollowLife

    async def about_to_dial(self, line: HeldLine, me: ConnectorId) -> SessionRef | None:
        """Written down before the dial; what to dial with. None if the line is not ours to dial any more."""
        try:
            async with self.storage.tenant(line.tenant_id) as uow:
                session = await uow.sessions.get(line.session_id)
                now = await uow.lines.of(session)
                if now.holder != me or now.life.fence != line.fence or not now.life.is_on:
                    return None
                if session.settings is UNREADABLE:
                    failed = Report(SessionStatus.FAILED, f"credentials_invalid: {UNREADABLE.reason}")
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

        def step(life: Life, now: datetime) -> Life:
            return life.recycled(why, now, self.follow.rules, self.follow.dice())

        await self._follow(tenant_id, session_id, step, fence)

    async def forgotten(self, line: HeldLine) -> None:
        await self._follow(line.tenant_id, line.session_id, lambda life, _: life.forgotten(), line.fence)

    async def _follow(
        self, tenant_id: TenantId, session_id: SessionId, step: Callable[[Life, datetime], Life], fence: int | None
    ) -> None:
        try:
            async with self.storage.tenant(tenant_id) as uow:
                session = await uow.sessions.get(session_id)
                uow.publish(await self.follow(uow, session, step, fence))
                await uow.commit()
        except NotFound:
            return

    def _reported(self, report: Report) -> Callable[[Life, datetime], Life]:
        return lambda life, now: life.reported(report, now, self.follow.rules, self.follow.dice())

    async def alarm(self, down: Sequence[OpenLine]) -> None:
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
class TendLines:
    """Deadlines that passed (nobody scanned, a dial told nothing, a loss did not heal), and lines whose connector died
    before another one took them. Runs with the timed work, connectors or not."""

    storage: Storage
    leases: Leases
    follow: FollowLife

    async def __call__(self) -> None:
        """Raises Unavailable."""
        await self.leases.bury()
        for tenant_id in await self.storage.directory.tenants_with_late_lines():
            async with self.storage.tenant(tenant_id) as uow:
                late = await uow.lines.late(100)
            for session_id in late:
                await self._tend(tenant_id, session_id)

    async def _tend(self, tenant_id: TenantId, session_id: SessionId) -> None:
        try:
            async with self.storage.tenant(tenant_id) as uow:
                session = await uow.sessions.get(session_id)
                is_held = (await uow.lines.of(session)).holder is not None
                uow.publish(await self.follow(uow, session, lambda life, now: self._later(life, now, is_held)))
                await uow.commit()
        except NotFound:
            return

    def _later(self, life: Life, now: datetime, is_held: bool) -> Life:
        if not is_held:
            life = life.unheld()
        if life.deadline_at is None or life.deadline_at > now:
            return life
        return life.late(now, self.follow.rules, self.follow.dice(), is_held=is_held)
