"""ChangeOwnPassword: somebody who is signed in sets another password."""

from dataclasses import dataclass

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.authentication.second_factors import CheckPassword
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.sign_in import EndReason
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Invalid, Unauthenticated


@dataclass(frozen=True, slots=True)
class ChangeOwnPassword:
    """A stolen token is not enough for it: the current password is asked for, and guesses at it count as at login."""

    storage: Storage
    check: CheckPassword
    new_passwords: NewPasswords
    clock: Clock

    async def __call__(self, caller: Caller, current: str, new: str, address: str | None) -> int:
        """Set it and end the caller's other sign-ins; return how many. Raises Invalid (`current_password`, `password`),
        TooMany, Forbidden (an API key), Unauthenticated (the account has changed meanwhile)."""
        user = await self._proven(caller, current, address)
        company = (await self.storage.directory.tenant(user.tenant_id)).name
        hashed = await self.new_passwords(new, (user.email, user.name, company))
        async with self.storage.tenant(user.tenant_id) as uow:
            stored = await uow.users.get(user.id)
            if not stored.is_active or stored.password_hash != user.password_hash:
                raise Unauthenticated("your account has just changed; sign in again")
            stored.password_hash = hashed
            await uow.users.save([stored])
            ended = await uow.sign_ins.end_all(user.id, self.clock(), EndReason.PASSWORD_SET, caller.sign_in_id)
            await uow.commit()
        return ended

    async def _proven(self, caller: Caller, current: str, address: str | None) -> User:
        try:
            user, guess = await self.check(caller, current, address)
        except Invalid:
            raise Invalid.field("current_password", "is wrong") from None
        await self.check.guesses.uncount(guess)
        return user
