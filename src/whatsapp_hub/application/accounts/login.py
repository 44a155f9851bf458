"""Login: an e-mail and a password become a token."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller, Passwords, Tokens
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Unauthenticated

# An argon2id hash of nothing in particular: an unknown e-mail costs as much time as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$YqGTpZOCkDWNbN3u4lMr3yjCVjOy2rz2rTQ4cZzVqbo"


@dataclass(frozen=True, slots=True)
class Login:
    storage: Storage
    passwords: Passwords
    tokens: Tokens

    async def __call__(self, email: str, password: str) -> tuple[User, Tenant, str]:
        """The user, its tenant and a token. Raises Unauthenticated, which never tells what was wrong."""
        found = await self.storage.directory.credentials(email.strip().lower())
        hashed = found.user.password_hash if found else _NOBODY
        matches, better_hash = await self.passwords.verify(password, hashed)
        if found is None or not matches or not found.user.is_active:
            raise Unauthenticated("the e-mail or the password is wrong")
        if better_hash:
            await self._rehash(found.user, better_hash)
        return found.user, found.tenant, self.tokens.issue(caller_of(found.user))

    async def _rehash(self, user: User, better_hash: str) -> None:
        """Imported users come with bcrypt hashes."""
        async with self.storage.tenant(user.tenant_id) as uow:
            stored = await uow.users.get(user.id)
            stored.password_hash = better_hash
            await uow.users.save([stored])
            await uow.commit()


def caller_of(user: User) -> Caller:
    return Caller(user.tenant_id, user.role, f"user:{user.id}", user.id, user.email)
