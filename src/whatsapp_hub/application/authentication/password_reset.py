"""OfferPasswordReset and ResetPassword: an administrator gives somebody a link that sets a new password once."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.accounts.users import may_change
from whatsapp_hub.application.acting import Actor, acting_as
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.sign_in import EndReason
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import TenantId, UserId

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class OfferPasswordReset:
    """Make a link that sets a user's password once."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, user_id: UserId) -> tuple[str, datetime]:
        """Return the token, which nobody can tell afterwards, and when it ends. An earlier one ends now. Raises
        NotFound, Forbidden."""
        caller.require(Action.MANAGE_USERS)
        secret, expires_at = secrets.token_urlsafe(32), self.clock() + LIFETIME
        async with self.storage.tenant(caller.tenant_id) as uow:
            user = await uow.users.get(user_id)
            may_change(caller, user)
            caller.require_powers_of(user.role)
            await uow.password_resets.offer(user_id, _digest(secret), expires_at)
            await uow.commit()
        return f"{caller.tenant_id.hex}.{secret}", expires_at


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked (`POST /api/auth/reset-password`), and from where: for the record of changes."""

    doing: str
    address: str | None


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Recorded as the doing of the person whose link it is."""

    storage: Storage
    new_passwords: NewPasswords
    clock: Clock

    async def __call__(self, token: str, password: str, asked: Asked) -> None:
        """Set it, and end the user's sign-ins. Raises Invalid: a password that is none, a token that is unknown, used,
        too old, or for somebody who is another by now."""
        async with _transaction(self.storage, token) as (uow, digest):
            user = await _user_of(uow, await uow.password_resets.pending(digest, self.clock()))
            company = uow.tenant.name
        person = Caller(user.tenant_id, user.role, f"user:{user.id}", user.id, user.email)
        hashed = await self.new_passwords(password, (user.email, user.name, company))
        with acting_as(Actor(person, asked.doing, asked.address)):
            async with _transaction(self.storage, token) as (uow, digest):
                user = await _user_of(uow, await uow.password_resets.use(digest, self.clock()))
                user.password_hash = hashed
                await uow.users.save([user])
                await uow.sign_ins.end_all(user.id, self.clock(), EndReason.PASSWORD_SET)
                await uow.commit()


@dataclass(frozen=True, slots=True)
class ReadPasswordReset:
    """Show whose password a link sets, for the page that asks for the new one."""

    storage: Storage
    clock: Clock

    async def __call__(self, token: str) -> tuple[User, Tenant]:
        """Return the user whose password the link sets, and the company, without using the link up. Raises Invalid."""
        async with _transaction(self.storage, token) as (uow, digest):
            return await _user_of(uow, await uow.password_resets.pending(digest, self.clock())), uow.tenant


async def _user_of(uow: UnitOfWork, user_id: UserId | None) -> User:
    """Find whose link it is. Raises Invalid where no link leads to anybody."""
    if user_id is None:
        raise _unknown()
    return await uow.users.get(user_id)


@asynccontextmanager
async def _transaction(storage: Storage, token: str) -> AsyncIterator[tuple[UnitOfWork, bytes]]:
    """Open a transaction of the token's tenant. Raises Invalid for a token that names none."""
    tenant, _, secret = token.partition(".")
    try:
        async with storage.tenant(TenantId(UUID(hex=tenant))) as uow:
            yield uow, _digest(secret)
    except (ValueError, NotFound):
        raise _unknown() from None


def _unknown() -> Invalid:
    return Invalid.field("token", "is unknown, used or too old")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
