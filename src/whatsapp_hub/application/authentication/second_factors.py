"""Second factors: asked for at login; begun, confirmed, shown and ended by the person whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.acting import Actor, acting_as
from whatsapp_hub.application.authentication.callers import caller_of
from whatsapp_hub.application.authentication.sign_ins import Client
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.guesses import Guess, GuessCounts
from whatsapp_hub.application.ports.edge.one_time_codes import OneTimeCodes
from whatsapp_hub.application.ports.edge.security import Caller, Passwords
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.second_factor import RECOVERY_CODES, SecondFactor
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound, SecondFactorRequired

ISSUER = "whatsapp_hub"


@dataclass(frozen=True, slots=True)
class RequireSecondFactor:
    """What login asks for after the password, of who has a second factor."""

    storage: Storage
    codes: OneTimeCodes
    clock: Clock

    async def __call__(self, user: User, code: str | None, client: Client) -> bool:
        """Use the code up; return whether the user must enrol before anything else. Of many logins with one code one
        gets in. Raises SecondFactorRequired: it is missing or wrong."""
        with acting_as(Actor(caller_of(user), client.doing, client.address)):
            async with self.storage.tenant(user.tenant_id) as uow:
                factor = await uow.second_factors.get(user.id)
                if factor and factor.is_on:
                    self._use(factor, code)
                    await uow.second_factors.save(factor)
                    await uow.commit()
                    return False
        return (await self.storage.directory.tenant(user.tenant_id)).second_factor_required

    def _use(self, factor: SecondFactor, code: str | None) -> None:
        if not code:
            raise SecondFactorRequired("a code of your authenticator is needed, or a recovery code")
        if factor.accept(code, self.clock(), self.codes.code) is None:
            raise SecondFactorRequired("the code is wrong, too old or was used already")


@dataclass(frozen=True, slots=True)
class ShownSecondFactor:
    """`is_required`: by the company."""

    confirmed_at: datetime | None
    recovery_codes_left: int
    is_required: bool


@dataclass(frozen=True, slots=True)
class ShowSecondFactor:
    """Show whether the caller has a second factor, since when, and how many recovery codes are left."""

    storage: Storage

    async def __call__(self, caller: Caller) -> ShownSecondFactor:
        """Show the caller's own. Raises Forbidden: an API key has none."""
        user = await _person(self.storage, caller)
        async with self.storage.tenant(user.tenant_id) as uow:
            factor = await uow.second_factors.get(user.id)
        is_required = (await self.storage.directory.tenant(user.tenant_id)).second_factor_required
        if factor is None or not factor.is_on:
            return ShownSecondFactor(None, 0, is_required)
        return ShownSecondFactor(factor.confirmed_at, len(factor.recovery_digests), is_required)


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """Before somebody changes how they sign in, so that a stolen token is not enough; guesses count as at login."""

    storage: Storage
    passwords: Passwords
    guesses: GuessCounts

    async def __call__(self, caller: Caller, password: str, address: str | None) -> tuple[User, Guess]:
        """Return who it is, and the guess, which is still counted. Raises Invalid, TooMany, Forbidden."""
        user = await _person(self.storage, caller)
        guess = await self.guesses.begin(user.email, address)
        matches, _ = await self.passwords.verify(password, user.password_hash)
        if not matches:
            await self.guesses.failed(guess, user)
            raise Invalid.field("password", "is wrong")
        return user, guess


@dataclass(frozen=True, slots=True)
class BeginSecondFactor:
    """Make a secret for the caller's app. It counts once a code has confirmed it."""

    storage: Storage
    codes: OneTimeCodes
    check: CheckPassword

    async def __call__(self, caller: Caller, password: str, address: str | None) -> tuple[str, str]:
        """Make a secret, and return it with its address for authenticators. It counts once it is confirmed; one that
        was begun before is void. Raises Invalid, TooMany, Forbidden, Conflict (the second factor is on)."""
        user, guess = await self.check(caller, password, address)
        await self.check.guesses.uncount(guess)
        secret = self.codes.new_secret()
        async with self.storage.tenant(user.tenant_id) as uow:
            await uow.users.get(user.id)
            factor = await uow.second_factors.get(user.id)
            if factor and factor.is_on:
                raise Conflict("second_factor_on", "the second factor is on: disable it first")
            await uow.second_factors.begin(SecondFactor(user.id, user.tenant_id, secret))
            await uow.commit()
        return secret, self.codes.uri(secret, user.email, ISSUER)


@dataclass(frozen=True, slots=True)
class ConfirmSecondFactor:
    """Turn the second factor on, given a code of the app, and make recovery codes. Guesses count as at login: who has
    only a token could else turn on what its owner began."""

    storage: Storage
    codes: OneTimeCodes
    clock: Clock
    guesses: GuessCounts

    async def __call__(self, caller: Caller, code: str, address: str | None) -> Sequence[str]:
        """Turn it on by a first code; return the recovery codes, which nobody can tell afterwards. Raises Invalid,
        TooMany, Conflict (nothing was begun, it is on)."""
        user = await _person(self.storage, caller)
        guess = await self.guesses.begin(user.email, address)
        try:
            recovery_codes = await self._confirm(user, code)
        except Invalid:
            await self.guesses.failed(guess, user)
            raise
        except Conflict:
            await self.guesses.uncount(guess)
            raise
        await self.guesses.uncount(guess)
        return recovery_codes

    async def _confirm(self, user: User, code: str) -> Sequence[str]:
        recovery_codes = self.codes.new_recovery_codes(RECOVERY_CODES)
        async with self.storage.tenant(user.tenant_id) as uow:
            factor = await uow.second_factors.get(user.id)
            if factor is None:
                raise Conflict("second_factor_not_begun", "begin it first: POST /api/auth/second-factor")
            factor.confirm(code, self.clock(), self.codes.code, recovery_codes)
            await uow.second_factors.save(factor)
            await uow.commit()
        return recovery_codes


@dataclass(frozen=True, slots=True)
class ProveSecondFactor:
    """Password and code, before the second factor is changed; guesses at either count as at login."""

    storage: Storage
    check: CheckPassword
    codes: OneTimeCodes
    clock: Clock

    async def __call__(self, caller: Caller, password: str, code: str, address: str | None) -> SecondFactor:
        """Use the code up. Raises Invalid, TooMany, Forbidden, Conflict (it is off)."""
        user, guess = await self.check(caller, password, address)
        async with self.storage.tenant(user.tenant_id) as uow:
            factor = await uow.second_factors.get(user.id)
            accepted = factor and factor.accept(code, self.clock(), self.codes.code)
            if factor and accepted:
                await uow.second_factors.save(factor)
                await uow.commit()
        if factor and factor.is_on and not accepted:
            await self.check.guesses.failed(guess, user)
            raise Invalid.field("code", "is wrong, too old or was used already")
        await self.check.guesses.uncount(guess)
        if factor is None or not factor.is_on:
            raise Conflict("second_factor_off", "the second factor is off")
        return factor


@dataclass(frozen=True, slots=True)
class ReplaceRecoveryCodes:
    """Make new recovery codes; the earlier ones end."""

    storage: Storage
    prove: ProveSecondFactor
    codes: OneTimeCodes

    async def __call__(self, caller: Caller, password: str, code: str, address: str | None) -> Sequence[str]:
        """Return new ones; the earlier ones are void. Raises Invalid, TooMany, Forbidden, Conflict (it is off)."""
        proven = await self.prove(caller, password, code, address)
        recovery_codes = self.codes.new_recovery_codes(RECOVERY_CODES)
        async with self.storage.tenant(proven.tenant_id) as uow:
            factor = await uow.second_factors.get(proven.user_id)
            if factor is None or factor.secret != proven.secret:
                raise Conflict("second_factor_off", "the second factor is off")
            factor.replace_recovery_codes(recovery_codes)
            await uow.second_factors.save(factor)
            await uow.commit()
        return recovery_codes


@dataclass(frozen=True, slots=True)
class DisableSecondFactor:
    """Turn the caller's second factor off."""

    storage: Storage
    prove: ProveSecondFactor

    async def __call__(self, caller: Caller, password: str, code: str, address: str | None) -> None:
        """Turn it off, given password and code. Raises Invalid, TooMany, Forbidden, Conflict (it is off, or the
        company requires it)."""
        user = await _person(self.storage, caller)
        if (await self.storage.directory.tenant(user.tenant_id)).second_factor_required:
            raise Conflict("second_factor_required", "the company requires a second factor")
        proven = await self.prove(caller, password, code, address)
        async with self.storage.tenant(proven.tenant_id) as uow:
            await uow.second_factors.remove(proven.user_id)
            await uow.commit()


async def _person(storage: Storage, caller: Caller) -> User:
    """Return the caller, at home, whatever company a MASTER chose."""
    if caller.user_id is None:
        raise Forbidden("have a second factor: an API key is not a person")
    if (user := await storage.directory.user(caller.user_id)) is None:
        raise NotFound("user", caller.user_id)
    return user
