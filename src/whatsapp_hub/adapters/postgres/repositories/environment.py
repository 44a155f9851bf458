"""The session that holds the environment's number."""

from typing import Any

from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.domain.ids import SessionId, TenantId

_GET = "SELECT session_id, settings FROM hub.environment_number WHERE tenant_id = $1"
_SAVE = """
    INSERT INTO hub.environment_number (tenant_id, session_id, settings) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO UPDATE SET session_id = excluded.session_id, settings = excluded.settings"""
_USED = "SELECT EXISTS (SELECT FROM conversations WHERE session_id = $1)"


class PostgresEnvironmentNumber:
    """Implements `EnvironmentNumber`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def get(self) -> EnvironmentMark | None:
        """Read the tenant's mark."""
        row = await self._connection.fetchrow(_GET, self._tenant_id)
        return EnvironmentMark(row["session_id"], row["settings"]) if row else None

    async def save(self, mark: EnvironmentMark) -> None:
        """Insert or replace the tenant's mark."""
        await self._connection.execute(_SAVE, self._tenant_id, mark.session_id, mark.sealed)

    async def is_unused(self, session_id: SessionId) -> bool:
        """Whether the session has no conversation."""
        return not await self._connection.fetchval(_USED, session_id)
