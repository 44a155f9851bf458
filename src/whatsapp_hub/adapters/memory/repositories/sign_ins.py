"""How people authenticate: sign-ins, second factors, password resets, links to an OpenID provider."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.tables.entities import USERS
from whatsapp_hub.domain.accounts.oidc import OidcLink
from whatsapp_hub.domain.accounts.second_factor import SecondFactor
from whatsapp_hub.domain.accounts.sign_in import EndReason, SignIn
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import OidcLinkId, SignInId, UserId

SIGN_INS: Table[SignInId, SignIn] = Table("sign_ins")
SECOND_FACTORS: Table[UserId, SecondFactor] = Table("second_factors")
OIDC_LINKS: Table[OidcLinkId, OidcLink] = Table("oidc_links")


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """A token, and the user's access (`access_of`) for which it was made."""

    user_id: UserId
    digest: bytes
    expires_at: datetime
    made_for: object


PASSWORD_RESETS: Table[UserId, PasswordReset] = Table("password_resets")


def access_of(user: User) -> object:
    """Return what a token or code is made for: another role, password or e-mail makes it void."""
    return user.role, user.is_active, user.email, user.password_hash


class MemorySignIns:
    """Implements `SignIns`."""

    def __init__(self, rows: Rows) -> None:
        self.changed = False
        self._rows = rows

    def _of(self, user_id: UserId) -> list[SignIn]:
        """Return those that were not ended, the last seen first."""
        own = [s for s in self._rows.each(SIGN_INS) if s.user_id == user_id and s.ended_at is None]
        return sorted(own, key=lambda s: (s.last_seen_at, s.id), reverse=True)

    async def add(self, sign_in: SignIn, at_most: int) -> None:
        await self._rows.put(SIGN_INS, sign_in.id, sign_in)
        await self._end(self._of(sign_in.user_id)[at_most:], sign_in.made_at, EndReason.TOO_MANY)

    async def of_user(self, user_id: UserId, now: datetime) -> list[SignIn]:
        return [copied(s) for s in self._of(user_id) if s.is_live(now)]

    async def get(self, user_id: UserId, sign_in_id: SignInId) -> SignIn:
        found = await self._rows.get(SIGN_INS, sign_in_id)
        if found is None or found.user_id != user_id:
            raise NotFound("sign-in", sign_in_id)
        return found

    async def save(self, sign_in: SignIn) -> None:
        await self._rows.save(SIGN_INS, sign_in.id, sign_in)
        self.changed = True

    async def end_all(self, user_id: UserId, at: datetime, reason: EndReason, but: SignInId | None = None) -> int:
        ended = [s for s in self._of(user_id) if s.id != but]
        await self._end(ended, at, reason)
        return len(ended)

    async def _end(self, sign_ins: Iterable[SignIn], at: datetime, reason: EndReason) -> None:
        for sign_in in sign_ins:
            ended = copied(sign_in)
            ended.end(at, reason)
            await self._rows.put(SIGN_INS, ended.id, ended)
            self.changed = True


class MemorySecondFactors:
    """Implements `SecondFactors`. Its secrets are not sealed: nothing leaves the process."""

    def __init__(self, rows: Rows) -> None:
        self.changed = False
        self._rows = rows

    async def get(self, user_id: UserId) -> SecondFactor | None:
        return await self._rows.get(SECOND_FACTORS, user_id)

    async def begin(self, factor: SecondFactor) -> None:
        before = await self._rows.get(SECOND_FACTORS, factor.user_id)
        if before is None or not before.is_on:
            await self._rows.put(SECOND_FACTORS, factor.user_id, replace(factor, used_step=-1))

    async def save(self, factor: SecondFactor) -> None:
        before = await self._rows.get(SECOND_FACTORS, factor.user_id)
        if before:
            await self._rows.put(SECOND_FACTORS, factor.user_id, replace(factor, secret=before.secret))
        self.changed = True

    async def remove(self, user_id: UserId) -> bool:
        self.changed = True
        return await self._rows.drop(SECOND_FACTORS, user_id)


class MemoryPasswordResets:
    """Implements `PasswordResets`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        if user := self._rows.peek(USERS, user_id):
            await self._rows.put(PASSWORD_RESETS, user_id, PasswordReset(user_id, digest, expires_at, access_of(user)))

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        user_id = await self.pending(digest, now)
        return user_id if user_id and await self._rows.drop(PASSWORD_RESETS, user_id) else None

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        for reset in self._rows.each(PASSWORD_RESETS):
            user = self._rows.peek(USERS, reset.user_id)
            is_due = reset.digest == digest and reset.expires_at > now
            if is_due and user and access_of(user) == reset.made_for:
                return reset.user_id
        return None


class MemoryOidcLinks:
    """Implements `OidcLinks`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, link: OidcLink) -> bool:
        await self._rows.transaction.of(None).lock_name("openid", link.issuer, link.subject)
        await self._rows.transaction.of(None).lock_name("openid", link.issuer, link.user_id)
        for _, known in self._rows.transaction.everywhere(OIDC_LINKS):
            is_same = known.subject == link.subject or known.user_id == link.user_id
            if known.issuer == link.issuer and is_same:
                return False
        await self._rows.put(OIDC_LINKS, link.id, link)
        return True

    async def remove(self, user_id: UserId) -> bool:
        return bool(await self._rows.drop_where(OIDC_LINKS, lambda link: link.user_id == user_id, lambda link: link.id))
