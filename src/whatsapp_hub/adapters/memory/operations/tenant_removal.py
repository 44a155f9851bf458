"""Removing a company with all that it has."""

from collections.abc import Sequence
from dataclasses import replace

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, copied
from whatsapp_hub.adapters.memory.repositories.accounts import API_KEYS
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS, TENANTS, USERS
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.ids import SessionId, TenantId, UserId


class MemoryTenantRemoval:
    """Implements `TenantRemoval` and `TenantHealth`. Its events stay in the log."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def begin(self, tenant_id: TenantId, by: UserId) -> bool:
        """Mark the company as removed, if a MASTER asks and it is not yet."""
        async with self._database.transaction() as transaction:
            people = transaction.everywhere(USERS)
            is_master = any(u.id == by and u.role is Role.MASTER and u.is_active for _, u in people)
            tenant = await transaction.of(None).get(TENANTS, tenant_id)
            if not is_master or tenant is None or tenant.is_removed:
                return False
            await transaction.of(None).put(TENANTS, tenant_id, replace(tenant, removed_at=self._database.now))
            rows = transaction.of(tenant_id)
            for user in [copied(u) for u in rows.each(USERS)]:
                user.is_active, user.online_status = False, OnlineStatus.OFFLINE
                await rows.put(USERS, user.id, user)
            for key in [k for k in rows.each(API_KEYS) if k.revoked_at is None]:
                await rows.put(API_KEYS, key.id, replace(key, revoked_at=self._database.now))
            return True

    async def begun(self) -> list[Tenant]:
        """List companies that are being removed."""
        async with self._database.transaction() as transaction:
            return [copied(t) for t in transaction.of(None).each(TENANTS) if t.is_removed]

    async def sessions(self, tenant: Tenant, limit: int) -> Sequence[SessionId]:
        """List the company's remaining sessions."""
        async with self._database.transaction() as transaction:
            return sorted(s.id for s in transaction.of(tenant.id).each(SESSIONS))[:limit]

    async def sweep(self, tenant: Tenant, limit: int) -> int:
        """Delete at most `limit` rows, sessions excepted; return how many."""
        async with self._database.transaction() as transaction:
            return await transaction.clear(tenant.id, limit, but=SESSIONS.name)

    async def finish(self, tenant: Tenant) -> None:
        """Delete the company's row."""
        async with self._database.transaction() as transaction:
            await transaction.of(None).drop(TENANTS, tenant.id)

    async def measure(self, tenant: Tenant) -> float:
        """Return 0: memory answers at once."""
        return 0.0
