"""Login: an e-mail, a password and, of who has a second factor, a code become a sign-in and its token."""

from dataclasses import dataclass
from typing import NamedTuple

from whatsapp_hub.application.authentication.second_factors import RequireSecondFactor
from whatsapp_hub.application.authentication.sign_ins import Client, OpenSignIn
from whatsapp_hub.application.ports.edge.guesses import GuessCounts
from whatsapp_hub.application.ports.edge.security import Passwords
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import OidcRequired, SecondFactorRequired, Unauthenticated

# An argon2id hash of nothing in particular: an unknown e-mail costs as much time as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$YqGTpZOCkDWNbN3u4lMr3yjCVjOy2rz2rTQ4cZzVqbo"


class Entered(NamedTuple):
    """`must_enrol`: the token lets its person do nothing but enrol a second factor, until they have."""

    user: User
    token: str
    must_enrol: bool


@dataclass(frozen=True, slots=True)
class Login:
    """Sign a person in by e-mail and password, and by a code where a second factor is on."""

    storage: Storage
    passwords: Passwords
    open: OpenSignIn
    guesses: GuessCounts
    require_second_factor: RequireSecondFactor

    async def __call__(self, email: str, password: str, client: Client, code: str | None = None) -> Entered:
        """Return who entered, with a token. Raises Unauthenticated, which never tells what was wrong;
        SecondFactorRequired: only the code was; OidcRequired: nothing was, but the company has its people sign in
        elsewhere; and TooMany: the next guess at this account must wait."""
        email = emails.normal(email)
        guess = await self.guesses.begin(email, client.address)
        found = await self.storage.directory.credentials(email)
        hashed = found.user.password_hash if found else _NOBODY
        matches, better_hash = await self.passwords.verify(password, hashed)
        if found is None or not matches or not found.user.is_active:
            await self.guesses.failed(guess, found.user if found else None)
            raise Unauthenticated("the e-mail or the password is wrong")
        if found.tenant.oidc_required:
            await self.guesses.uncount(guess)
            raise OidcRequired
        try:
            must_enrol = await self.require_second_factor(found.user, code, client)
        except SecondFactorRequired:
            await (self.guesses.failed(guess, found.user) if code else self.guesses.uncount(guess))
            raise
        _, token = await self.open(found.user, AuthMethod.PASSWORD, client, better_hash)
        await self.guesses.take_back(guess)
        return Entered(found.user, token, must_enrol)
