"""CloseIdleSessions: stop unused gateway sessions (WHATSAPP_IDLE_TIMEOUT)."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.operations.idleness import Idleness
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import IDLE

AT_ONCE = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdleLimit:
    """How long a session may be without a send, a message or a listener before it is closed; None: forever."""

    idle: timedelta | None


@dataclass(frozen=True, slots=True)
class CloseIdleSessions:
    """Close unused sessions. Credentials stay, so that the next start needs no code. A send accepted while its session
    was being closed restarts the session, since its client got a 202."""

    idleness: Idleness
    stop: StopSession
    start: InitSession
    limit: IdleLimit

    async def __call__(self) -> int:
        """Close up to `AT_ONCE` sessions and return how many. Raises Unavailable."""
        if self.limit.idle is None:
            return 0
        for tenant_id, session_id in await self.idleness.owing(AT_ONCE):
            await self._reopen(tenant_id, session_id)
        closed = 0
        for tenant_id, session_id in await self.idleness.unused(self.limit.idle, AT_ONCE):
            closed += await self._close(tenant_id, session_id, self.limit.idle)
        return closed

    async def _reopen(self, tenant_id: TenantId, session_id: SessionId) -> None:
        try:
            await self.start(Caller(tenant_id, Role.ADMIN, "schedule"), session_id)
        except (Conflict, NotFound) as error:  # the next run tries again
            log.warning("idle.not_reopened", extra={"session_id": str(session_id), "error": str(error)})

    async def _close(self, tenant_id: TenantId, session_id: SessionId, idle: timedelta) -> bool:
        try:
            if await self.idleness.has_traffic(tenant_id, session_id, idle):
                return False
            await self.stop(Caller(tenant_id, Role.ADMIN, "schedule"), session_id, IDLE)
        except NotFound:  # deleted meanwhile
            return False
        return True
