"""Counting a company's things under a lock of its own for each kind."""

from typing import Any

from whatsapp_hub.domain.accounts.quotas import Quota, exceeded
from whatsapp_hub.domain.accounts.tenant import Tenant

_MEGABYTE = 1_000_000
_LOCK = "SELECT pg_advisory_xact_lock(1886151013, hashtext(hub.tenant()::text || $1))"
_COUNTED = {
    Quota.USERS: "SELECT count(*) FROM hub.users WHERE tenant_id = hub.tenant()",
    Quota.DEPARTMENTS: "SELECT count(*) FROM departments WHERE tenant_id = hub.tenant()",
    Quota.QUICK_REPLIES: "SELECT count(*) FROM quick_replies WHERE tenant_id = hub.tenant()",
    Quota.API_KEYS: "SELECT count(*) FROM hub.api_keys WHERE tenant_id = hub.tenant() AND revoked_at IS NULL",
    Quota.SESSIONS: "SELECT count(*) FROM hub.sessions WHERE tenant_id = hub.tenant()",
    Quota.WEBHOOKS: """
        SELECT count(*) FROM hub.webhooks WHERE tenant_id = hub.tenant() AND NOT of_session AND NOT of_bot""",
    Quota.CAMPAIGNS: "SELECT count(*) FROM hub.campaigns WHERE tenant_id = hub.tenant()",
    Quota.RECIPIENTS: """
        SELECT coalesce(sum(of_state.n::bigint), 0)
        FROM hub.campaigns c CROSS JOIN jsonb_each_text(c.counts -> 'states') AS of_state (name, n)
        WHERE c.tenant_id = hub.tenant()""",
}
_ADD_MEDIA = """
    INSERT INTO hub.media_use AS u (tenant_id, bytes) VALUES (hub.tenant(), $1)
    ON CONFLICT (tenant_id) DO UPDATE SET bytes = u.bytes + excluded.bytes RETURNING bytes"""
_RECOUNT = """
    INSERT INTO hub.media_use (tenant_id, bytes)
    SELECT hub.tenant(), coalesce(sum(coalesce(size, octet_length(content))), 0) FROM media
    WHERE tenant_id = hub.tenant()
    ON CONFLICT (tenant_id) DO UPDATE SET bytes = excluded.bytes"""


class PostgresQuotas:
    """Implements `Quotas`."""

    def __init__(self, connection: Any, tenant: Tenant) -> None:
        self._connection = connection
        self._tenant = tenant

    async def require_room(self, quota: Quota) -> None:
        """Count under the quota's advisory lock. Raises Conflict at the limit."""
        limit = self._tenant.quota(quota)
        await self._connection.execute(_LOCK, quota.value)
        if await self._connection.fetchval(_COUNTED[quota]) >= limit:
            raise exceeded(quota, limit)

    async def add_media(self, size: int) -> None:
        """Add a file's bytes to the company's sum. Raises Conflict over the limit (stored in MB)."""
        limit = self._tenant.quota(Quota.MEDIA)
        if await self._connection.fetchval(_ADD_MEDIA, size) > limit * _MEGABYTE:
            raise exceeded(Quota.MEDIA, limit)

    async def recount_media(self) -> None:
        """Set the sum to what the stored files really take."""
        await self._connection.execute(_RECOUNT)
