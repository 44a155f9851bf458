"""API keys, by their digest across tenants and by their id within one."""

from typing import Any

from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ApiKeyId

_NAMES = (
    "id",
    "tenant_id",
    "name",
    "digest",
    "hint",
    "created_at",
    "created_by",
    "scopes",
    "expires_at",
    "revoked_at",
    "last_used_at",
)
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"SELECT {_COLUMNS} FROM hub.api_keys"
_ADD = f"INSERT INTO hub.api_keys ({_COLUMNS}) VALUES ({', '.join(f'${n}' for n in range(1, len(_NAMES) + 1))})"
_REVOKE = "UPDATE hub.api_keys SET revoked_at = $2 WHERE id = $1"
BY_DIGEST = f"{_SELECT} WHERE digest = $1"
USED = """
    UPDATE hub.api_keys SET last_used_at = (SELECT now FROM hub.time)
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < (SELECT now FROM hub.time) - interval '1 minute')"""


def api_key_of(row: Any) -> ApiKey:
    """Build a key from its row."""
    values = dict(row)
    if values["scopes"] is not None:  # an action that is no longer known allows nothing
        values["scopes"] = frozenset(Action[name] for name in values["scopes"] if name in Action.__members__)
    return ApiKey(**values)


class PostgresApiKeys:
    """Implements `ApiKeys`. `changed`: one was revoked."""

    def __init__(self, connection: Any) -> None:
        self.changed = False
        self._connection = connection

    async def add(self, key: ApiKey) -> None:
        """Insert it; scopes are stored by their actions' names."""
        values = {name: getattr(key, name) for name in _NAMES}
        if key.scopes is not None:
            values["scopes"] = sorted(action.name for action in key.scopes)
        await self._connection.execute(_ADD, *values.values())

    async def all(self) -> list[ApiKey]:
        """Read all, the newest first."""
        return [api_key_of(row) for row in await self._connection.fetch(f"{_SELECT} ORDER BY created_at DESC, id DESC")]

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Read and lock one. Raises NotFound."""
        row = await self._connection.fetchrow(f"{_SELECT} WHERE id = $1 FOR NO KEY UPDATE", key_id)
        if row is None:
            raise NotFound("API key", key_id)
        return api_key_of(row)

    async def save(self, key: ApiKey) -> None:
        """Store when it was revoked, which is all that changes."""
        await self._connection.execute(_REVOKE, key.id, key.revoked_at)
        self.changed = True
