"""Check an ID token: whose signature it has, and that it is for this hub and for this very attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from whatsapp_hub.domain.accounts.oidc import Identity
from whatsapp_hub.domain.text import is_storable

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures by a key that only the provider has: never `none`, never a shared secret (HS256)."""
LEEWAY_S = 60
MOST_SUBJECT = 255
MOST_EMAIL = 254


class Untrusted(Exception):
    """The token proves nothing; the message says which check failed, and nothing of the token."""


class UnknownKey(Untrusted):
    """It is signed with a key that is not among these: the provider may have another by now."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime


def claims_of(token: str, keys: Sequence[Key], expected: Expected) -> dict[str, Any]:
    """Return what a token says, checked (OpenID Connect Core 1.0, 3.1.3.7). Raises Untrusted, UnknownKey."""
    claims = _signed(token, keys)
    known = jwt.JWTClaimsRegistry(
        now=int(expected.now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )
    try:
        known.validate(claims)
    except (JoseError, TypeError, ValueError) as error:
        raise Untrusted(_said(error)) from error
    if claims["nonce"] != expected.nonce:
        raise Untrusted("its nonce is another attempt's")
    _check_party(claims, expected.client_id)
    if not 1 <= len(claims["sub"]) <= MOST_SUBJECT or not is_storable(claims["sub"]):
        raise Untrusted("its subject is none")
    return claims


def identity_of(issuer: str, subject: str, said: dict[str, Any]) -> Identity:
    """Read the e-mail; a provider that says nothing of it has not verified it."""
    email = said.get("email")
    if not isinstance(email, str) or len(email) > MOST_EMAIL or not is_storable(email):
        return Identity(issuer, subject)
    verified = said.get("email_verified")
    return Identity(issuer, subject, email, verified is True or verified == "true")  # Cognito, Apple: a string


def _signed(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError) as error:
        raise Untrusted("it is no signed token") from error
    if header.get("alg") not in ALGORITHMS:
        raise Untrusted("its algorithm is not accepted")
    kid = header.get("kid")
    fitting = [key for key in keys if kid is None or key.kid == kid]
    if not fitting:
        raise UnknownKey("it is signed with a key that the provider does not show")
    for key in fitting:
        try:
            return jwt.decode(token, key, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError):
            continue
    if kid is None:
        raise UnknownKey("none of the provider's keys signed it")
    raise Untrusted("its signature is wrong")


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """Check whom it is for: a token for several is this hub's only if it was made for it."""
    party, audience = claims.get("azp"), claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (party is None and is_shared) or party not in (None, client_id):
        raise Untrusted("it was made for another client")


def _said(error: Exception) -> str:
    return f"{error.error}: {error.description}" if isinstance(error, JoseError) else type(error).__name__
