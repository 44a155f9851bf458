"""OpenSignIn, ListSignIns, EndSignIn, EndSignIns: people enter, see where they are signed in, and end it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from whatsapp_hub.application.accounts.users import may_change
from whatsapp_hub.application.acting import Actor, acting_as
from whatsapp_hub.application.authentication.callers import caller_of
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller, Tokens
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.sign_in import AuthMethod, EndReason, SignIn
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Forbidden, NotFound, Unauthenticated
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId

AT_MOST = 200
"""Live sign-ins of one user; a program that signs in for every request ends its own oldest."""


@dataclass(frozen=True, slots=True)
class Client:
    """From where somebody signs in, and by which request (`POST /api/auth/login`)."""

    address: str | None
    user_agent: str | None
    doing: str


@dataclass(frozen=True, slots=True)
class OpenSignIn:
    """The last step of every way to sign in."""

    storage: Storage
    tokens: Tokens
    clock: Clock
    new_id: NewId

    async def __call__(
        self,
        user: User,
        how: AuthMethod,
        client: Client,
        better_hash: str | None = None,
        lifetime: timedelta | None = None,
        actor: Actor | None = None,
    ) -> tuple[SignIn, str]:
        """Open a sign-in of `user`, as they were when they proved who they are, and return it with its token.
        `better_hash`: their password's in today's scheme; `actor`: who does it, if not the user. Raises
        Unauthenticated: they are another by now."""
        now = self.clock()
        lifetime = lifetime or self.tokens.lifetime
        sign_in = SignIn(
            *(SignInId(self.new_id()), user.tenant_id, user.id, how),
            made_at=now,
            expires_at=now + lifetime,
            last_seen_at=now,
            address=client.address,
            user_agent=client.user_agent,
        )
        caller = replace(caller_of(user), sign_in_id=sign_in.id)
        with acting_as(actor or Actor(caller, client.doing, client.address)):
            async with self.storage.tenant(user.tenant_id) as uow:
                await self._require_unchanged(uow, user, better_hash)
                await uow.sign_ins.add(sign_in, AT_MOST)
                await uow.commit()
        return sign_in, self.tokens.issue(caller, lifetime)

    async def _require_unchanged(self, uow: UnitOfWork, user: User, better_hash: str | None) -> None:
        """Lock the user: a new password, a new role or a dismissal ends existing sign-ins, and this one comes before or
        after it, never in between."""
        stored = await uow.users.get(user.id)
        if (
            uow.tenant.is_removed
            or not stored.is_active
            or (stored.password_hash, stored.role) != (user.password_hash, user.role)
        ):
            raise Unauthenticated("your account has just changed; sign in again")
        if better_hash:
            stored.password_hash = better_hash
            await uow.users.save([stored])


@dataclass(frozen=True, slots=True)
class ListSignIns:
    """List where a person is signed in."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, user_id: UserId | None = None) -> list[SignIn]:
        """Return the live ones, the last seen first: the caller's own, or (ADMIN) those of a user. Raises NotFound,
        Forbidden."""
        tenant_id, user_id = await _whose(self.storage, caller, user_id)
        async with self.storage.tenant(tenant_id) as uow:
            await _require_power(caller, uow, user_id)
            return await uow.sign_ins.of_user(user_id, self.clock())


@dataclass(frozen=True, slots=True)
class EndSignIn:
    """What it let in is out within seconds, in every process."""

    storage: Storage
    clock: Clock

    async def __call__(
        self, caller: Caller, sign_in_id: SignInId, user_id: UserId | None = None, reason: EndReason | None = None
    ) -> None:
        """End one of the caller's own, or (ADMIN) of a user. Idempotent. Raises NotFound, Forbidden."""
        tenant_id, whose = await _whose(self.storage, caller, user_id)
        async with self.storage.tenant(tenant_id) as uow:
            await _require_power(caller, uow, whose)
            sign_in = await uow.sign_ins.get(whose, sign_in_id)
            sign_in.end(self.clock(), reason or _reason(caller, whose))
            await uow.sign_ins.save(sign_in)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class EndSignIns:
    """End all sign-ins of a person, the caller's own excepted where wanted."""

    storage: Storage
    clock: Clock

    async def __call__(
        self,
        caller: Caller,
        user_id: UserId | None = None,
        but: SignInId | None = None,
        reason: EndReason | None = None,
    ) -> int:
        """End all of the caller's own (`but` one), or (ADMIN) of a user; return how many. Raises NotFound,
        Forbidden."""
        tenant_id, whose = await _whose(self.storage, caller, user_id)
        async with self.storage.tenant(tenant_id) as uow:
            await _require_power(caller, uow, whose)
            ended = await uow.sign_ins.end_all(whose, self.clock(), reason or _reason(caller, whose), but)
            await uow.commit()
        return ended


def _reason(caller: Caller, user_id: UserId) -> EndReason:
    return EndReason.ENDED_BY_USER if user_id == caller.user_id else EndReason.ENDED_BY_ADMIN


async def _whose(storage: Storage, caller: Caller, user_id: UserId | None) -> tuple[TenantId, UserId]:
    """Say whose sign-ins are meant, and where they are: one's own are at home, whatever company a MASTER chose."""
    if user_id is not None:
        caller.require(Action.MANAGE_USERS)
        return caller.tenant_id, user_id
    if caller.user_id is None:
        raise Forbidden("have sign-ins: an API key is not a person")
    user = await storage.directory.user(caller.user_id)
    if user is None:
        raise NotFound("user", caller.user_id)
    return user.tenant_id, user.id


async def _require_power(caller: Caller, uow: UnitOfWork, user_id: UserId) -> None:
    if user_id != caller.user_id:
        may_change(caller, await uow.users.peek(user_id))
