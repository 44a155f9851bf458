"""What a sign-in by an OpenID provider looks up before its tenant is known."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase
from whatsapp_hub.adapters.memory.repositories.sign_ins import OIDC_LINKS, access_of
from whatsapp_hub.adapters.memory.tables.entities import USERS
from whatsapp_hub.domain.accounts.user import User


@dataclass(frozen=True, slots=True)
class _Code:
    state: bytes
    user: User
    challenge: str | None
    expires_at: datetime


@dataclass(slots=True)
class MemoryOidcAccounts:
    """Implements `OidcAccounts`."""

    database: MemoryDatabase
    _codes: dict[bytes, _Code] = field(default_factory=dict)
    _states: set[bytes] = field(default_factory=set)

    async def linked(self, issuer: str, subject: str) -> User | None:
        """Find the user by a walk through all links."""
        async with self.database.transaction() as transaction:
            for tenant_id, link in transaction.everywhere(OIDC_LINKS):
                if (link.issuer, link.subject) == (issuer, subject):
                    return transaction.of(tenant_id).peek(USERS, link.user_id)
            return None

    async def keep_code(self, digest: bytes, state: bytes, user: User, challenge: str | None, for_s: float) -> bool:
        """Store the code unless its attempt (`state`) made one already."""
        if state in self._states:
            return False
        self._states.add(state)
        self._codes[digest] = _Code(state, user, challenge, self.database.now + timedelta(seconds=for_s))
        return True

    async def take_code(self, digest: bytes) -> tuple[User, str | None] | None:
        """Remove and return what the code was stored for, unless it expired or the user changed since."""
        code = self._codes.pop(digest, None)
        if code is None or code.expires_at <= self.database.now:
            return None
        async with self.database.transaction() as transaction:
            user = transaction.of(code.user.tenant_id).peek(USERS, code.user.id)
        return (user, code.challenge) if user and access_of(user) == access_of(code.user) else None
