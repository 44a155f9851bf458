"""Second factors of a tenant's users; the secret is sealed."""

from typing import Any

from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.ids import UserId

IS_ON = "SELECT FROM hub.second_factors f WHERE f.id = u.id AND f.confirmed_at IS NOT NULL"
_GET = """
    SELECT id AS user_id, tenant_id, secret, confirmed_at, used_step, recovery_digests
    FROM hub.second_factors WHERE id = $1 FOR UPDATE"""
_BEGIN = """
    INSERT INTO hub.second_factors (id, tenant_id, secret) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, used_step = -1 WHERE second_factors.confirmed_at IS NULL"""
_SAVE = """
    UPDATE hub.second_factors
    SET confirmed_at = $2, used_step = $3, recovery_digests = $4::bytea[], recovery_codes_left = $5
    WHERE id = $1"""
_REMOVE = "DELETE FROM hub.second_factors WHERE id = $1"


class PostgresSecondFactors:
    """Implements `SecondFactors`. `changed`: whose access it is may have changed."""

    def __init__(self, connection: Any, box: SecretBox) -> None:
        self.changed = False
        self._connection = connection
        self._box = box

    async def get(self, user_id: UserId) -> SecondFactor | None:
        """Read and lock a user's factor; the secret is decrypted."""
        row = await self._connection.fetchrow(_GET, user_id)
        if row is None:
            return None
        values = dict(row)
        values["secret"] = self._opened(bytes(row["secret"]), user_id)
        values["recovery_digests"] = tuple(bytes(digest) for digest in row["recovery_digests"])
        return SecondFactor(**values)

    def _opened(self, sealed: bytes, user_id: UserId) -> str:
        try:
            return self._box.open(sealed, _context(user_id)).decode()
        except ValueError:
            return ""

    async def begin(self, factor: SecondFactor) -> None:
        """Store a new secret, sealed, unconfirmed, in place of an unconfirmed one."""
        sealed = self._box.seal(factor.secret.encode(), _context(factor.user_id))
        await self._connection.execute(_BEGIN, factor.user_id, factor.tenant_id, sealed)

    async def save(self, factor: SecondFactor) -> None:
        """Store confirmation, the last used time step and the digests of recovery codes."""
        digests = list(factor.recovery_digests)
        await self._connection.execute(
            _SAVE, factor.user_id, factor.confirmed_at, factor.used_step, digests, len(digests)
        )
        self.changed = True

    async def remove(self, user_id: UserId) -> bool:
        """Delete it; return whether there was one."""
        tag: str = await self._connection.execute(_REMOVE, user_id)
        self.changed = True
        return tag != "DELETE 0"


def _context(user_id: UserId) -> str:
    return f"second-factor:{user_id}"
