"""DeleteTenant takes a company away at once; RemoveTenants removes what it had, in the background."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import RetentionClock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.tenants import TenantRemoval
from whatsapp_hub.application.sessions.close_sessions import UnlinkSession
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict, HubError, Invalid, NotFound, NotSupported, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId

AT_ONCE = 2_000
SESSIONS_AT_ONCE = 8
TURN_S = 60.0
"""One company's share of a run; the next run goes on. A run without end would count as work that stands."""
ARRIVES_LATE = timedelta(seconds=10)
"""What was under way when the last session closed (a webhook that is being stored) has arrived by then."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeleteTenant:
    """`confirm` is typed by a person who means it: the company's slug."""

    directory: Directory
    removal: TenantRemoval

    async def __call__(self, caller: Caller, tenant_id: TenantId, confirm: str) -> None:
        """Take a company out of reach. Raises NotFound, Invalid, Conflict (one's own company)."""
        caller.require(Action.MANAGE_TENANTS)
        tenant = await self.directory.tenant(tenant_id)
        if tenant.is_removed:
            raise NotFound("tenant", tenant_id)
        if confirm != tenant.slug:
            raise Invalid.field("confirm", f"must be the company's slug, {tenant.slug}")
        user = await self.directory.user(caller.user_id) if caller.user_id else None
        if user is None or user.tenant_id == tenant_id:
            raise Conflict(
                "own_company", "a MASTER's own company cannot be deleted: sign in as a MASTER of another one"
            )
        if not await self.removal.begin(tenant_id, user.id):
            raise NotFound("tenant", tenant_id)


@dataclass(frozen=True, slots=True)
class RemoveTenants:
    """Sessions are closed first, so that nothing new comes; then rows go a little at a time, then files, the company
    last. After a crash the next run goes on where this one was."""

    removal: TenantRemoval
    unlink: UnlinkSession
    stop: StopSession
    delete: DeleteSession
    files: FileStore
    long_past: RetentionClock

    async def __call__(self) -> None:
        for tenant in await self.removal.begun():
            try:
                await self._remove(tenant)
            except Unavailable:
                raise
            except Exception:
                log.exception("tenant.not_removed", extra={"tenant_id": str(tenant.id)})

    async def _remove(self, tenant: Tenant) -> None:
        operator, until = Caller(tenant.id, Role.MASTER, "removal of the company"), time.monotonic() + TURN_S
        while sessions := await self.removal.sessions(tenant, SESSIONS_AT_ONCE):
            closed = await asyncio.gather(*(self._close(operator, session_id) for session_id in sessions))
            if not any(closed) or time.monotonic() > until:
                return
        while await self.removal.sweep(tenant, AT_ONCE):
            if time.monotonic() > until:
                return
        await self.files.delete_all(tenant.id)
        if tenant.removed_at and self.long_past() - tenant.removed_at >= ARRIVES_LATE:
            await self.removal.finish(tenant)
            log.info("tenant.removed", extra={"tenant_id": str(tenant.id)})

    async def _close(self, operator: Caller, session_id: SessionId) -> bool:
        try:
            await self._disconnect(operator, session_id)
            await self.delete(operator, session_id)
        except NotFound:
            return True
        except HubError as error:
            log.warning("tenant.session_not_closed", extra={"session_id": str(session_id), "error": str(error)[:200]})
            return False
        return True

    async def _disconnect(self, operator: Caller, session_id: SessionId) -> None:
        """Log it out where its provider can; one that cannot be reached is not waited for."""
        try:
            await self.unlink(operator, session_id)
        except NotSupported:
            await self.stop(operator, session_id)
        except NotFound:
            raise
        except HubError as error:
            log.warning("tenant.session_not_told", extra={"session_id": str(session_id), "error": str(error)[:200]})
