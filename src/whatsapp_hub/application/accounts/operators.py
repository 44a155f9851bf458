"""What an operator does to users from the command line, without a caller."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.acting import Actor, acting_as
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.sign_in import EndReason
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class ListUsers:
    """List users of all companies, or of one."""

    storage: Storage

    async def __call__(self, slug: str | None = None) -> Mapping[str, Sequence[User]]:
        """Return each company's (or one's) users by e-mail, by the company's slug. Raises NotFound."""
        tenants = [t for t in await self.storage.directory.tenants() if slug in (None, t.slug)]
        if not tenants:
            raise NotFound("tenant", slug)
        found: dict[str, Sequence[User]] = {}
        for tenant in tenants:
            async with self.storage.tenant(tenant.id) as uow:
                found[tenant.slug] = await uow.users.all()
        return found


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Set a user's password, and end their sign-ins."""

    storage: Storage
    new_passwords: NewPasswords
    clock: Clock

    async def __call__(self, email: str, password: str) -> User:
        """Set a user's password and end their sign-ins. Raises Invalid, NotFound."""
        found, tenant = await named(self.storage, email)
        hashed = await self.new_passwords(password, (found.email, found.name, tenant.name))
        with operating(tenant, "whatsapp-hub user reset-password"):
            async with self.storage.tenant(tenant.id) as uow:
                user = await uow.users.get(found.id)
                user.password_hash = hashed
                await uow.users.save([user])
                await uow.sign_ins.end_all(user.id, self.clock(), EndReason.PASSWORD_SET)
                await uow.commit()
        return user


@dataclass(frozen=True, slots=True)
class ResetSecondFactor:
    """Remove the second factor of somebody who lost the app and the recovery codes."""

    storage: Storage
    clock: Clock

    async def __call__(self, email: str) -> bool:
        """Remove a user's second factor and end their sign-ins; return whether there was one. Raises NotFound."""
        user, tenant = await named(self.storage, email)
        with operating(tenant, "whatsapp-hub user reset-second-factor"):
            async with self.storage.tenant(tenant.id) as uow:
                await uow.users.get(user.id)
                had_one = await uow.second_factors.remove(user.id)
                await uow.sign_ins.end_all(user.id, self.clock(), EndReason.SECOND_FACTOR_RESET)
                await uow.commit()
        return had_one


@dataclass(frozen=True, slots=True)
class SignOutUser:
    """End a user's sign-ins everywhere."""

    storage: Storage
    clock: Clock

    async def __call__(self, email: str) -> int:
        """End all sign-ins of a user; return how many. Raises NotFound."""
        user, tenant = await named(self.storage, email)
        with operating(tenant, "whatsapp-hub user sign-out"):
            async with self.storage.tenant(tenant.id) as uow:
                await uow.users.get(user.id)
                ended = await uow.sign_ins.end_all(user.id, self.clock(), EndReason.ENDED_BY_OPERATOR)
                await uow.commit()
        return ended


async def named(storage: Storage, email: str) -> tuple[User, Tenant]:
    """Find a user by e-mail, in whatever company. Raises NotFound."""
    found = await storage.directory.credentials(email)
    if found is None:
        raise NotFound("user", email)
    return found.user, found.tenant


def operating(tenant: Tenant, doing: str) -> AbstractContextManager[None]:
    """Name the operator in the company's audit."""
    return acting_as(operator(tenant, doing))


def operator(tenant: Tenant, doing: str) -> Actor:
    """Return the operator, as the company's audit names them."""
    return Actor(Caller(tenant.id, Role.MASTER, "operator"), doing)
