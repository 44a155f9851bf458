"""Who at the OpenID provider is which user, and the codes that sign in once."""

from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts import users
from whatsapp_hub.domain.accounts.oidc import OidcLink
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.ids import UserId

_NAMES = ("id", "tenant_id", "user_id", "issuer", "subject", "made_at")
_ADD = f"""
    INSERT INTO hub.oidc_links ({", ".join(_NAMES)}) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING RETURNING id"""
_REMOVE = "DELETE FROM hub.oidc_links WHERE user_id = $1 RETURNING id"
_LINKED = f"{users.SELECT} JOIN hub.oidc_links l ON l.user_id = u.id WHERE l.issuer = $1 AND l.subject = $2"
# A code stays for an hour after its time: so long its state brings no other.
_KEEP = """
    WITH outdated AS (DELETE FROM hub.oidc_codes WHERE expires_at < (SELECT now FROM hub.time) - interval '1 hour')
    INSERT INTO hub.oidc_codes (digest, state, user_id, made_for, challenge, expires_at)
    SELECT $1, $2, u.id, hub.standing(u), $4,
      (SELECT now FROM hub.time) + $5::float8 * interval '1 second'
    FROM hub.users u WHERE u.id = $3
    ON CONFLICT DO NOTHING RETURNING user_id"""
_TAKE = f"""
    WITH taken AS (
      UPDATE hub.oidc_codes SET used_at = (SELECT now FROM hub.time)
      WHERE digest = $1 AND used_at IS NULL AND expires_at > (SELECT now FROM hub.time)
      RETURNING user_id, made_for, challenge)
    SELECT {users.COLUMNS}, taken.challenge FROM taken JOIN hub.users u ON u.id = taken.user_id
    WHERE taken.made_for = hub.standing(u)"""


class PostgresOidcLinks:
    """Implements `OidcLinks`, in the tenant's own transaction: a link stands in its record of changes."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def add(self, link: OidcLink) -> bool:
        """Insert the link unless one of its sides has one already; return whether it did."""
        return bool(await self._connection.fetchval(_ADD, *(getattr(link, name) for name in _NAMES)))

    async def remove(self, user_id: UserId) -> bool:
        """Delete a user's link; return whether there was one."""
        return bool(await self._connection.fetchval(_REMOVE, user_id))


class PostgresOidcAccounts:
    """Implements `OidcAccounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def linked(self, issuer: str, subject: str) -> User | None:
        """Find the user of a person at the provider, in any company."""
        row = await self._database.system(lambda c: c.fetchrow(_LINKED, issuer, subject))
        return users.user_of(row) if row else None

    async def keep_code(self, digest: bytes, state: bytes, user: User, challenge: str | None, for_s: float) -> bool:
        """Store the code, once for each attempt (`state`); return whether it was the first."""
        row = (digest, state, user.id, challenge, for_s)
        return bool(await self._database.system(lambda c: c.fetchval(_KEEP, *row)))

    async def take_code(self, digest: bytes) -> tuple[User, str | None] | None:
        """Mark the code as used and return what it was stored for; None: unknown, used, expired, or outdated."""
        row = await self._database.system(lambda c: c.fetchrow(_TAKE, digest))
        return (users.user_of(row), row["challenge"]) if row else None
