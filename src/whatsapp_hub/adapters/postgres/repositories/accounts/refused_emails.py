"""Refusals of e-mail addresses that another company has, counted in the record of changes itself."""

import json
from datetime import timedelta
from typing import Any

from whatsapp_hub.adapters.postgres.engine.audit import acting
from whatsapp_hub.domain.errors import TooMany

_HOUR = timedelta(hours=1)
_ENTITY = "refused_email"
_LOCK = "SELECT pg_advisory_xact_lock(1886151014, hashtext(hub.tenant()::text))"
# The oldest of the last so many: as long as it is younger than an hour, there is no room.
_WAIT_S = f"""
    SELECT extract(epoch FROM at + $2 - (SELECT now FROM hub.time))::float8 FROM hub.audit
    WHERE tenant_id = hub.tenant() AND entity_id = '{_ENTITY}' ORDER BY id DESC OFFSET $1 - 1 LIMIT 1"""
_RECORD = f"""
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, after)
    SELECT hub.tenant(), w ->> 'key', (w ->> 'user')::uuid, w ->> 'email', w ->> 'from', w ->> 'doing', 'create',
      '{_ENTITY}', '{_ENTITY}', $2::text::jsonb
    FROM (SELECT $1::text::jsonb AS w) AS who WHERE w IS NOT NULL"""


class PostgresRefusedEmails:
    """Implements `RefusedEmails`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def require_room(self, most: int) -> None:
        """Count this hour's refusals under an advisory lock. Raises TooMany."""
        await self._connection.execute(_LOCK)
        wait_s = await self._connection.fetchval(_WAIT_S, most, _HOUR)
        if wait_s is not None and wait_s > 0:
            raise TooMany(wait_s)

    async def record(self, email: str) -> None:
        """Write the refusal into the audit trail, where it is counted."""
        await self._connection.execute(_RECORD, acting(), json.dumps({"email": email}))
