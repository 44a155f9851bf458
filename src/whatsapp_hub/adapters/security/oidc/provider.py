"""The hub's OpenID provider, over HTTP: authorization code flow with PKCE."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from joserfc.jwk import Key

from whatsapp_hub.adapters.security.oidc.fetching import Answer, Fetching
from whatsapp_hub.adapters.security.oidc.id_token import Expected, UnknownKey, Untrusted, claims_of, identity_of
from whatsapp_hub.adapters.security.oidc.metadata import Metadata, discovery_url, keys_of, metadata_of
from whatsapp_hub.domain.accounts.oidc import Identity
from whatsapp_hub.domain.errors import OidcFailure, OidcRefused

log = logging.getLogger(__name__)

V = TypeVar("V")

KEPT_S = 3600.0
"""For so long the provider's document and keys count; if it is away then, for as long as it is."""
ASKED_AGAIN_S = 10.0
"""A token with an unknown key has the keys asked for again, but only so often."""
NEVER = float("-inf")
AWAY_S = 3.0
"""For so long nobody asks again after a failure."""


@dataclass(frozen=True, slots=True)
class OidcClient:
    """How the hub is known to the provider. `secret` None: it has none, PKCE alone protects the code."""

    issuer: str
    client_id: str
    secret: str | None
    scopes: str
    label: str
    redirect_uri: str


class _Kept(Generic[V]):
    """Something that the provider was asked for: by one at a time, while the others wait for the same answer."""

    def __init__(self, ask: Callable[[], Awaitable[V]], now: Callable[[], float]) -> None:
        self._ask, self._now = ask, now
        self._lock = asyncio.Lock()
        self._value: V | None = None
        self._got_at = self._failed_at = NEVER
        self._refused = (OidcFailure.PROVIDER_AWAY, "it was not asked yet")

    async def __call__(self, at_most_s: float = KEPT_S) -> V:
        """Return what is not older than so much, or what there is while the provider is away. Raises OidcRefused."""
        async with self._lock:
            if self._value is not None and self._now() - self._got_at < at_most_s:
                return self._value
            if self._now() - self._failed_at >= AWAY_S:
                await self._renew()
            if self._value is None:
                raise OidcRefused(*self._refused)
            return self._value

    async def _renew(self) -> None:
        try:
            self._value, self._got_at, self._failed_at = await self._ask(), self._now(), NEVER
        except OidcRefused as failure:
            self._refused, self._failed_at = (failure.failure, failure.because), self._now()


class HttpOpenIdProvider:
    """Implements `OpenIdProvider`."""

    def __init__(
        self,
        client: OidcClient,
        fetching: Fetching,
        clock: Callable[[], datetime],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: by which tokens expire; `now`: one that cannot be stepped, in seconds."""
        self._client = client
        self._fetching = fetching
        self._clock = clock
        self._metadata = _Kept(self._discover, now)
        self._keys = _Kept(self._fetch_keys, now)

    @property
    def issuer(self) -> str:
        """The issuer as configured, which its tokens must name."""
        return self._client.issuer

    @property
    def label(self) -> str:
        """What the button of the login page says."""
        return self._client.label

    async def authorization_url(self, state: str, nonce: str, challenge: str) -> str:
        """Build the address to which the browser is sent, with state, nonce and PKCE challenge."""
        where = (await self._metadata()).authorization
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Exchange the code, verify the ID token, and return who it names. Raises OidcRefused."""
        answer = await self._exchange(await self._metadata(), code, verifier)
        token = answer.document.get("id_token")
        if answer.status != 200 or not isinstance(token, str):
            log.warning("oidc.code_refused", extra={"status": answer.status, "error": _word(answer.document)})
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, "it did not take the code")
        try:
            claims = await self._claims(token, nonce)
        except Untrusted as error:
            log.warning("oidc.token_refused", extra={"error": str(error)})
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, "its token proves nothing") from error
        said = claims if "email" in claims else await self._userinfo(claims["sub"], answer.document)
        return identity_of(self._client.issuer, claims["sub"], said)

    async def look(self) -> int:
        """Return how many keys the provider shows, as `doctor` asks. Raises OidcRefused."""
        return len(await self._keys())

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> Answer:
        client, basic = self._client, None
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        if client.secret and not metadata.posts_secret:
            basic = (client.client_id, client.secret)
        else:
            fields |= {"client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}
        return await self._fetching.post(metadata.token, fields, basic)

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        expected = Expected(self._client.issuer, self._client.client_id, nonce, self._clock())
        try:
            return claims_of(token, await self._keys(), expected)
        except UnknownKey:
            return claims_of(token, await self._keys(ASKED_AGAIN_S), expected)

    async def _userinfo(self, subject: str, tokens: dict[str, Any]) -> dict[str, Any]:
        """Ask for the e-mail where the token does not say it. Only what is said of the same subject counts."""
        where, bearer = (await self._metadata()).userinfo, tokens.get("access_token")
        if not where or not isinstance(bearer, str) or not bearer.isascii() or not bearer.isprintable():
            return {}
        answer = await self._fetching.get(where, bearer)
        return answer.document if answer.status == 200 and answer.document.get("sub") == subject else {}

    async def _discover(self) -> Metadata:
        answer = await self._fetching.get(discovery_url(self._client.issuer))
        if answer.status != 200:
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, f"its discovery document answers {answer.status}")
        return metadata_of(answer.document, self._client.issuer)

    async def _fetch_keys(self) -> list[Key]:
        answer = await self._fetching.get((await self._metadata()).keys)
        if answer.status != 200 or not (keys := keys_of(answer.document)):
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, "it shows no key that checks a signature")
        return keys


def _word(document: dict[str, Any]) -> str:
    """Return the error's name (RFC 6749, 5.2) for the log, where it is one."""
    error = document.get("error")
    return error if isinstance(error, str) and len(error) <= 64 and error.replace("_", "").isalnum() else ""
