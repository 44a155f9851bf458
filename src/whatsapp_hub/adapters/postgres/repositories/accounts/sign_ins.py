"""Sign-ins of a tenant's users; and whom one lets in, looked up across tenants."""

from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.repositories.accounts import second_factors, users
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import SignInId, UserId

_NAMES = (
    *("id", "tenant_id", "user_id", "how", "made_at", "expires_at", "last_seen_at"),
    *("address", "user_agent", "ended_at", "end_reason"),
)
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"SELECT {_COLUMNS} FROM hub.sign_ins"
_WRITTEN = (*_NAMES, "network")
_ADD = f"""
    INSERT INTO hub.sign_ins ({", ".join(_WRITTEN)})
    VALUES ({", ".join(f"${n}" for n in range(1, len(_WRITTEN) + 1))})"""
_BEYOND = """
    UPDATE hub.sign_ins SET ended_at = $2, end_reason = $4 WHERE id IN (
      SELECT id FROM hub.sign_ins WHERE user_id = $1 AND ended_at IS NULL
      ORDER BY last_seen_at DESC, id DESC OFFSET $3)"""
_LIVE = f"{_SELECT} WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY last_seen_at DESC, id DESC"
_GET = f"{_SELECT} WHERE id = $1 AND user_id = $2 FOR NO KEY UPDATE"
_SAVE = "UPDATE hub.sign_ins SET ended_at = $2, end_reason = $3 WHERE id = $1"
_END_ALL = """
    UPDATE hub.sign_ins SET ended_at = $2, end_reason = $3
    WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $4::uuid"""

SIGNED_IN = f"""
    SELECT {users.COLUMNS}, {", ".join(f"s.{name} AS sign_in_{name}" for name in _NAMES)},
      s.last_seen_at < (SELECT now FROM hub.time) - $2::float8 * interval '1 second' AS is_behind,
      t.second_factor_required AND s.how <> 'oidc' AND NOT EXISTS ({second_factors.IS_ON}) AS must_enrol,
      t.oidc_required AND s.how = 'password' AS must_use_oidc
    FROM hub.sign_ins s JOIN hub.users u ON u.id = s.user_id JOIN hub.tenants t ON t.id = u.tenant_id
    WHERE s.id = $1 AND t.removed_at IS NULL"""
SEEN_EVERY_S = 60.0
SEEN = """
    UPDATE hub.sign_ins SET last_seen_at = (SELECT now FROM hub.time)
    WHERE id = $1 AND last_seen_at < (SELECT now FROM hub.time) - $2::float8 * interval '1 second'"""


def sign_in_of(row: Any, prefix: str = "") -> SignIn:
    """Build a sign-in from a row whose columns begin with `prefix`."""
    values = {name: row[f"{prefix}{name}"] for name in _NAMES}
    values["how"] = AuthMethod(values["how"])
    values["end_reason"] = EndReason(values["end_reason"]) if values["end_reason"] else None
    return SignIn(**values)


class PostgresSignIns:
    """Implements `SignIns`. `changed`: some were ended."""

    def __init__(self, connection: Any) -> None:
        self.changed = False
        self._connection = connection

    async def add(self, sign_in: SignIn, at_most: int) -> None:
        """Insert it, and end the user's oldest beyond `at_most`."""
        await self._connection.execute(_ADD, *(getattr(sign_in, name) for name in _WRITTEN))
        await self._end(_BEYOND, sign_in.user_id, sign_in.made_at, at_most, EndReason.TOO_MANY)

    async def of_user(self, user_id: UserId, now: datetime) -> list[SignIn]:
        """Read live ones, the last seen first."""
        return [sign_in_of(row) for row in await self._connection.fetch(_LIVE, user_id, now)]

    async def get(self, user_id: UserId, sign_in_id: SignInId) -> SignIn:
        """Read one of this user. Raises NotFound."""
        row = await self._connection.fetchrow(_GET, sign_in_id, user_id)
        if row is None:
            raise NotFound("sign-in", sign_in_id)
        return sign_in_of(row)

    async def save(self, sign_in: SignIn) -> None:
        """Store when and why it ended."""
        await self._end(_SAVE, sign_in.id, sign_in.ended_at, sign_in.end_reason)

    async def end_all(self, user_id: UserId, at: datetime, reason: EndReason, but: SignInId | None = None) -> int:
        """End all of the user but one; return how many."""
        return await self._end(_END_ALL, user_id, at, reason, but)

    async def _end(self, statement: str, *arguments: object) -> int:
        tag: str = await self._connection.execute(statement, *arguments)
        ended = int(tag.rpartition(" ")[2])
        self.changed = self.changed or ended > 0
        return ended
