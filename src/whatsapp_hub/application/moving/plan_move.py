"""PlanMove: have a session move to another provider by itself when WhatsApp restricts its number. MakePlannedMoves: do
it."""

import asyncio
import logging
from dataclasses import dataclass

from whatsapp_hub.application.moving.move_session import (
    Destination,
    ForeseeMove,
    Foresight,
    MoveSession,
    decoded,
    peeked,
)
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.advance_connection import session_notice
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import HubError, NotFound, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.moving import OtherProvider, OtherRole
from whatsapp_hub.domain.sessions.session import UNREADABLE, AlertKind, Severity

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Moves of a company under way at a time: each waits for calls under way, and for the new provider's start."""


@dataclass(frozen=True, slots=True)
class PlanMove:
    """Keep where a session is to go when its number is banned, or may write to nobody new."""

    storage: Storage
    providers: Providers
    clock: Clock
    foresee: ForeseeMove

    async def __call__(self, caller: Caller, session_id: SessionId, to: Destination) -> Foresight:
        """Keep the plan, in place of an earlier one; return what it would lose now. Raises as ForeseeMove does."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            plugin, settings = decoded(self.providers, session, to)
            plan = OtherProvider(session_id, OtherRole.PLANNED, plugin.kind, settings, self.clock())
            await uow.other_providers.keep(plan)
            found = await self.foresee.of(uow, session, plugin)
            await uow.commit()
        return found

    async def cancel(self, caller: Caller, session_id: SessionId) -> None:
        """Forget the plan. Raises NotFound, also where there is none."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await peeked(uow, session_id)
            if not await uow.other_providers.cancel(session_id):
                raise NotFound("planned move of session", session_id)
            await uow.commit()

    async def shown(self, caller: Caller, session_id: SessionId) -> Foresight | None:
        """Return what the planned move would be; None: there is none. Raises NotFound."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await peeked(uow, session_id)
            planned = await uow.other_providers.planned(session_id)
            plugin = self.providers.plugins.get(planned.provider) if planned else None
            return await self.foresee.of(uow, session, plugin) if plugin else None


@dataclass(frozen=True, slots=True)
class MakePlannedMoves:
    """Move the sessions of a company whose plan is due, a few at a time. Administrators are notified once of one that
    is refused, and its plan is over; where the provider only does not answer, it is tried again."""

    storage: Storage
    providers: Providers
    clock: Clock
    move: MoveSession

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Move some, any of those due; return whether to go on at once: there may be more, and not all of these are to
        be tried again. Raises Unavailable where the storage is away."""
        async with self.storage.tenant(tenant_id) as uow:
            due = await uow.other_providers.due(AT_ONCE)
        caller = Caller(tenant_id, Role.MASTER, "planned-move")
        ended = await asyncio.gather(*(self._move(caller, session_id) for session_id in due), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return len(due) == AT_ONCE and any(ended)

    async def _move(self, caller: Caller, session_id: SessionId) -> bool:
        """Return whether its plan is over."""
        async with self.storage.tenant(caller.tenant_id) as uow:
            planned = await uow.other_providers.planned(session_id)
        if planned is None:
            return True
        plugin = self.providers.plugins.get(planned.provider)
        if plugin is None or planned.settings in (None, UNREADABLE):
            await self._failed(caller.tenant_id, session_id, f"its settings for {planned.provider} cannot be read")
            return True
        to = Destination(plugin.kind, plugin.encode_settings(planned.settings, secrets=True))
        try:
            await self.move(caller, session_id, to)
        except Unavailable as error:
            log.warning("session.moves_later", extra={"session_id": str(session_id), "error": str(error)})
            return False
        except HubError as error:
            await self._failed(caller.tenant_id, session_id, str(error))
        return True

    async def _failed(self, tenant_id: TenantId, session_id: SessionId, why: str) -> None:
        async with self.storage.tenant(tenant_id) as uow:
            session, now = await uow.sessions.get(session_id), self.clock()
            if not await uow.other_providers.cancel(session_id):
                return
            detail = f"it was to move to another provider by itself, and could not: {why}"[:500]
            session.alert(AlertKind.MOVE_FAILED, Severity.CRITICAL, detail, now)
            await uow.sessions.save(session)
            uow.publish([session_notice(session, now, "session.move_failed", detail=detail)])
            await uow.commit()
