"""The OpenID provider asked over real HTTP: which tokens prove something, and what becomes of a provider that fails."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, Lies, OpenId, shared_secret
from whatsapp_hub.adapters.security.oidc.fetching import Fetching
from whatsapp_hub.adapters.security.oidc.provider import ASKED_AGAIN_S, AWAY_S, KEPT_S, HttpOpenIdProvider, OidcClient
from whatsapp_hub.domain.accounts.oidc import Identity, challenge_of
from whatsapp_hub.domain.errors import OidcFailure, OidcRefused

CALLBACK = "https://hub.example.com/api/auth/oidc/callback"
VERIFIER, NONCE = "v" * 64, "the nonce"
ANA = {"sub": "a-1", "email": "ana@example.com", "email_verified": True}
WITHIN_S = 0.5


class Site:
    """The hub's side and the provider's; `passed` moves the hub's steady clock."""

    def __init__(self, fake: OpenId, fetching: Fetching) -> None:
        self.fake, self.at = fake, 1000.0
        client = OidcClient(fake.issuer, CLIENT_ID, CLIENT_SECRET, "openid email", "Sign in", CALLBACK)
        self.provider = HttpOpenIdProvider(client, fetching, lambda: datetime.now(UTC), lambda: self.at)

    async def code(self, **claims: Any) -> str:
        url = await self.provider.authorization_url("the state", NONCE, challenge_of(VERIFIER))
        back = self.fake.comes_back(url, **(claims or ANA))
        return back.partition("code=")[2].partition("&")[0]

    async def identity(self, **claims: Any) -> Identity:
        return await self.provider.identity(await self.code(**claims), NONCE, VERIFIER)

    async def refused(self, **claims: Any) -> OidcFailure:
        with pytest.raises(OidcRefused) as refusal:
            await self.identity(**claims)
        return refusal.value.failure


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    fetching = Fetching(WITHIN_S)
    async with OpenId() as fake:
        yield Site(fake, fetching)
    await fetching.aclose()


async def test_it_says_who_signed_in(site: Site) -> None:
    assert await site.identity() == Identity(site.fake.issuer, "a-1", "ana@example.com", True)


async def test_a_token_for_several_names_the_hub_as_its_party(site: Site) -> None:
    site.fake.lies.claims = {"aud": ["others", CLIENT_ID], "azp": CLIENT_ID}
    assert (await site.identity()).subject == "a-1"


@pytest.mark.parametrize(
    "claims",
    [
        *({"nonce": "of another"}, {"nonce": None}, {"nonce": [NONCE]}, {"iss": "https://evil.example"}, {"iss": None}),
        *({"aud": "others"}, {"aud": []}, {"aud": None}, {"aud": ["others", CLIENT_ID]}, {"azp": "others"}, {"aud": 7}),
        *({"aud": ["others", CLIENT_ID], "azp": "others"}, {"exp": 1000}, {"exp": None}, {"exp": "soon"}),
        *({"iat": 99_999_999_999}, {"iat": None}, {"nbf": 99_999_999_999}, {"exp": float("nan")}),
        *({"sub": None}, {"sub": ""}, {"sub": "a" * 256}, {"sub": "a\x00b"}, {"sub": 7}, {"sub": ["a-1"]}),
    ],
)
async def test_a_token_that_is_not_for_this_attempt_proves_nothing(site: Site, claims: dict[str, Any]) -> None:
    site.fake.lies.claims = claims
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


async def test_what_is_out_by_a_minute_is_forgiven(site: Site) -> None:
    now = int(datetime.now(UTC).timestamp())
    site.fake.lies.claims = {"iat": now + 45, "exp": now - 30}
    assert (await site.identity()).subject == "a-1"


@pytest.mark.parametrize(
    "lies",
    [
        Lies(header={"alg": "none"}),
        Lies(header={"alg": "HS256"}, key=shared_secret()),
        Lies(key=RSAKey.generate_key(2048, {"kid": "first"})),
        Lies(key=RSAKey.generate_key(2048, {"kid": "unknown"})),
        Lies(header={"kid": None}, key=RSAKey.generate_key(2048, {"kid": "unknown"})),
        Lies(header={"alg": "ES256"}, key=ECKey.generate_key("P-256", {"kid": "first"})),
    ],
    ids=["none", "shared secret", "another's key", "unknown key", "no key named", "another kind of key"],
)
async def test_only_the_providers_own_signature_counts(site: Site, lies: Lies) -> None:
    site.fake.lies = lies
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


async def test_a_public_key_is_no_shared_secret(site: Site) -> None:
    """The old confusion: HS256 with the text of the provider's public key."""
    text = site.fake.key.as_pem(private=False)
    site.fake.lies = Lies(header={"alg": "HS256", "kid": "first"}, key=OctKey.import_key(text.replace(b"-----", b"")))
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


async def test_a_key_that_is_not_named_is_found(site: Site) -> None:
    site.fake.shown = [RSAKey.generate_key(2048, {"kid": "other"}), site.fake.key]
    site.fake.lies.header = {"kid": None}
    assert (await site.identity()).subject == "a-1"


async def test_another_key_is_asked_for_once(site: Site) -> None:
    await site.identity()
    site.at += ASKED_AGAIN_S
    site.fake.rotate()
    assert (await site.identity()).subject == "a-1"
    assert site.fake.asked.count("/jwks") == 2


async def test_unknown_keys_have_the_provider_asked_now_and_then_only(site: Site) -> None:
    site.fake.lies.key = RSAKey.generate_key(2048, {"kid": "unknown"})
    for _ in range(20):
        assert await site.refused() is OidcFailure.PROVIDER_REFUSED
    assert site.fake.asked.count("/jwks") == 1
    site.at += ASKED_AGAIN_S
    for _ in range(20):
        assert await site.refused() is OidcFailure.PROVIDER_REFUSED
    assert site.fake.asked.count("/jwks") == 2


async def test_document_and_keys_are_kept(site: Site) -> None:
    for _ in range(3):
        await site.identity()
    assert (site.fake.asked.count("/jwks"), len([p for p in site.fake.asked if "well-known" in p])) == (1, 1)
    site.at += KEPT_S
    await site.identity()
    assert (site.fake.asked.count("/jwks"), len([p for p in site.fake.asked if "well-known" in p])) == (2, 2)


async def test_what_is_kept_outlives_its_time_while_the_provider_does_not_tell_it(site: Site) -> None:
    await site.identity()
    site.at += KEPT_S
    for path in ("/realm/.well-known/openid-configuration", "/jwks"):
        site.fake.fail_next("status", status=503, to=path)
    assert (await site.identity()).subject == "a-1"


@pytest.mark.parametrize("how", ["reset", "hang", "status"])
async def test_a_provider_that_fails_is_away(site: Site, how: str) -> None:
    for path in ("/realm/.well-known/openid-configuration", "/jwks", "/token"):
        site.fake.faults.clear()
        site.fake.fail_next(how, status=503, times=100, to=path)
        async with asyncio.timeout(10 * WITHIN_S):
            assert await site.refused() is OidcFailure.PROVIDER_AWAY
        site.at += AWAY_S
    site.fake.faults.clear()
    assert (await site.identity()).subject == "a-1"


async def test_a_provider_that_is_away_is_not_asked_by_everybody(site: Site) -> None:
    site.fake.fail_next("hang", times=100)
    async with asyncio.timeout(10 * WITHIN_S):
        failures = await asyncio.gather(*(site.refused() for _ in range(50)))
    assert set(failures) == {OidcFailure.PROVIDER_AWAY}
    assert len(site.fake.asked) == 1


@pytest.mark.parametrize("path", ["/realm/.well-known/openid-configuration", "/jwks", "/token"])
async def test_an_answer_without_end_is_given_up(site: Site, path: str) -> None:
    site.fake.huge.add(path)
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


@pytest.mark.parametrize(("how", "status"), [("text", 200), ("empty", 200), ("text", 302), ("status", 200)])
@pytest.mark.parametrize("path", ["/realm/.well-known/openid-configuration", "/jwks", "/token"])
async def test_an_answer_that_is_none_is_refused(site: Site, path: str, how: str, status: int) -> None:
    site.fake.fail_next(how, status=status, times=100, to=path)
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://id.example.com/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
async def test_a_document_that_leads_astray_is_refused(site: Site, document: dict[str, Any]) -> None:
    site.fake.document = document
    assert await site.refused() is OidcFailure.PROVIDER_REFUSED


async def test_a_code_works_once_and_only_with_its_verifier(site: Site) -> None:
    code = await site.code()
    assert (await site.provider.identity(code, NONCE, VERIFIER)).subject == "a-1"
    with pytest.raises(OidcRefused):
        await site.provider.identity(code, NONCE, VERIFIER)
    with pytest.raises(OidcRefused):
        await site.provider.identity(await site.code(), NONCE, "w" * 64)


async def test_an_email_that_the_token_lacks_is_asked_for(site: Site) -> None:
    site.fake.says_email = False
    assert await site.identity() == Identity(site.fake.issuer, "a-1", "ana@example.com", True)


async def test_what_is_said_of_somebody_else_does_not_count(site: Site) -> None:
    site.fake.says_email, site.fake.lies.claims = False, {"sub": "b-2"}
    assert await site.identity() == Identity(site.fake.issuer, "b-2")


@pytest.mark.parametrize(
    ("verified", "is_verified"),
    [
        (True, True),
        ("true", True),
        (False, False),
        ("false", False),
        (None, False),
        (2, False),
        (1, False),
        ([True], False),
    ],
)
async def test_only_a_verified_email_is_verified(site: Site, verified: object, is_verified: bool) -> None:
    found = await site.identity(sub="a-1", email="ana@example.com", email_verified=verified)
    assert found.is_verified is is_verified


@pytest.mark.parametrize("email", [7, None, "a" * 255, "a\x00@example.com"])
async def test_an_email_that_is_none_is_not_taken(site: Site, email: object) -> None:
    assert await site.identity(sub="a-1", email=email, email_verified=True) == Identity(site.fake.issuer, "a-1")
