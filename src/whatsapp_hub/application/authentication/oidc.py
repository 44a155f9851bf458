"""BeginOidc, FinishOidc, ExchangeOidcCode: people enter by the hub's OpenID provider.

What belongs to an attempt is not stored here but sealed in a cookie, so that strangers fill nothing and any API process
can finish what another began. Only what the provider vouched for is stored: a link, and a code that signs in once.
"""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from whatsapp_hub.application.accounts.users import may_change
from whatsapp_hub.application.acting import Actor, acting_as
from whatsapp_hub.application.authentication.callers import caller_of
from whatsapp_hub.application.authentication.sign_ins import Client, OpenSignIn
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.oidc import OidcAccounts, OidcOffer, SingleSignOn
from whatsapp_hub.application.ports.edge.security import Caller, SecretBox
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import digest_of
from whatsapp_hub.domain.accounts.oidc import (
    ATTEMPT_LIFETIME,
    CODE_LIFETIME,
    Attempt,
    Identity,
    OidcLink,
    challenge_of,
    checked_challenge,
    checked_next,
    proves,
)
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import NotFound, OidcFailure, OidcRefused, Unauthenticated
from whatsapp_hub.domain.ids import OidcLinkId, UserId

_SEALED_AS = "oidc-attempt"
_DENIED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})


@dataclass(frozen=True, slots=True)
class BeginOidc:
    """Begin a sign-in at the OpenID provider."""

    sign_on: SingleSignOn
    box: SecretBox
    clock: Clock

    async def __call__(self, next: str = "/", challenge: str | None = None) -> tuple[str, str]:
        """Return the provider's address for the browser, and the cookie that binds the attempt to it. Raises Invalid,
        OidcRefused, NotFound: no provider is set."""
        provider = self.sign_on.provider
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next=checked_next(next),
            challenge=checked_challenge(challenge),
            until=self.clock() + ATTEMPT_LIFETIME,
        )
        url = await provider.authorization_url(attempt.state, attempt.nonce, challenge_of(attempt.verifier))
        return url, _sealed(self.box, attempt)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser came back with from the provider, and its cookie."""

    cookie: str
    state: str
    code: str
    error: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class FinishOidc:
    """Check the provider's answer, find or link the user, and make the code that becomes a token."""

    sign_on: SingleSignOn
    box: SecretBox
    clock: Clock
    new_id: NewId
    storage: Storage
    accounts: OidcAccounts
    offer: OidcOffer

    async def __call__(self, returned: Returned, client: Client) -> tuple[str, str]:
        """Return the path to go on to, and a code that signs in once, within a minute. Raises OidcRefused, NotFound: no
        provider is set."""
        provider = self.sign_on.provider
        attempt = _opened(self.box, returned.cookie)
        if attempt is None or not attempt.is_answered_by(returned.state, self.clock()):
            raise OidcRefused(OidcFailure.ATTEMPT_UNKNOWN)
        if returned.issuer not in ("", provider.issuer):  # RFC 9207: the answer of another provider
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, "the answer names another issuer")
        if returned.error or not returned.code:
            denied = returned.error in _DENIED
            raise OidcRefused(OidcFailure.ACCESS_DENIED if denied else OidcFailure.PROVIDER_REFUSED)
        user = await self._user(await provider.identity(returned.code, attempt.nonce, attempt.verifier), client)
        code = secrets.token_urlsafe(32)
        row = (digest_of(code), digest_of(attempt.state), user, attempt.challenge)
        if not await self.accounts.keep_code(*row, for_s=CODE_LIFETIME.total_seconds()):
            raise OidcRefused(OidcFailure.ATTEMPT_UNKNOWN)
        return attempt.next, code

    async def _user(self, identity: Identity, client: Client) -> User:
        user = await self.accounts.linked(identity.issuer, identity.subject)
        if user is None:
            user = await self._link(identity, client)
        tenant = await self.storage.directory.tenant(user.tenant_id)
        self._require_admitted(tenant)
        if not user.is_active or tenant.is_removed:
            raise OidcRefused(OidcFailure.INACTIVE_USER)
        return user

    def _require_admitted(self, tenant: Tenant) -> None:
        """Refuse the users of companies that the provider is not for: any of them can make a user of anybody's e-mail,
        and would get the person who has that e-mail at the provider."""
        if not self.offer.admits(tenant.slug):
            raise OidcRefused(OidcFailure.UNKNOWN_USER)

    async def _link(self, identity: Identity, client: Client) -> User:
        """Link somebody who comes for the first time to the user whose e-mail they have at the provider."""
        if not identity.email or not identity.is_verified:
            raise OidcRefused(OidcFailure.EMAIL_UNVERIFIED)
        found = await self.storage.directory.credentials(identity.email)
        if found is None:
            raise OidcRefused(OidcFailure.UNKNOWN_USER)
        self._require_admitted(found.tenant)
        user = found.user
        if not user.is_active:
            raise OidcRefused(OidcFailure.INACTIVE_USER)
        if await self._add(user, identity, client):
            return user
        other = await self.accounts.linked(identity.issuer, identity.subject)  # another tab was faster
        if other is None:
            raise OidcRefused(OidcFailure.LINKED_OTHERWISE)
        return other

    async def _add(self, user: User, identity: Identity, client: Client) -> bool:
        whose = (user.tenant_id, user.id, identity.issuer, identity.subject)
        link = OidcLink(OidcLinkId(self.new_id()), *whose, made_at=self.clock())
        with acting_as(Actor(caller_of(user), client.doing, client.address)):
            async with self.storage.tenant(user.tenant_id) as uow:
                added = await uow.oidc_links.add(link)
                await uow.commit()
        return added


@dataclass(frozen=True, slots=True)
class ExchangeOidcCode:
    """Exchange the one-time code of a finished sign-in for a token."""

    accounts: OidcAccounts
    open: OpenSignIn

    async def __call__(self, code: str, verifier: str | None, client: Client) -> tuple[User, str]:
        """Return the user and a token. A code works once, also where the verifier is wrong. Raises Unauthenticated."""
        found = await self.accounts.take_code(digest_of(code)) if code.isascii() else None
        if found is None or not proves(verifier, found[1]):
            raise Unauthenticated("the code is unknown, used or too old; sign in again")
        user, _ = found
        _, token = await self.open(user, AuthMethod.OIDC, client)
        return user, token


@dataclass(frozen=True, slots=True)
class UnlinkOidc:
    """Remove the link between a user and the person at the OpenID provider."""

    storage: Storage

    async def __call__(self, caller: Caller, user_id: UserId) -> None:
        """Forget who the user is at the provider (ADMIN): their next sign-in links anew. Raises NotFound, Forbidden."""
        caller.require(Action.MANAGE_USERS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            may_change(caller, await uow.users.peek(user_id))
            if not await uow.oidc_links.remove(user_id):
                raise NotFound("link to the provider of user", user_id)
            await uow.commit()


def _sealed(box: SecretBox, attempt: Attempt) -> str:
    document = {**asdict(attempt), "until": attempt.until.isoformat()}
    sealed = base64.urlsafe_b64encode(box.seal(json.dumps(document).encode(), _SEALED_AS))
    return sealed.rstrip(b"=").decode()  # a cookie with = would have to be quoted


def _opened(box: SecretBox, cookie: str) -> Attempt | None:
    """Return None for a cookie that is none of ours."""
    try:
        padded = cookie + "=" * (-len(cookie) % 4)
        document = json.loads(box.open(base64.urlsafe_b64decode(padded), _SEALED_AS))
    except ValueError:
        return None
    return Attempt(**{**document, "until": datetime.fromisoformat(document["until"])})
