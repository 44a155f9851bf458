"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from whatsapp_hub.domain.accounts.oidc import is_protected
from whatsapp_hub.domain.errors import OidcFailure, OidcRefused

MOST_KEYS = 100


@dataclass(frozen=True, slots=True)
class Metadata:
    """`userinfo`: empty where it has none. `posts_secret`: it takes the client's secret in the form only."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    posts_secret: bool


def discovery_url(issuer: str) -> str:
    """Return where the issuer publishes its metadata (OpenID Connect Discovery 1.0, section 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def metadata_of(document: Mapping[str, Any], issuer: str) -> Metadata:
    """Read and check the metadata. Raises OidcRefused: it is another provider's, or lacks what a sign-in needs."""
    if document.get("issuer") != issuer:
        raise OidcRefused(OidcFailure.PROVIDER_REFUSED, "its discovery document names another issuer than OIDC_ISSUER")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_protected(document.get(name)):
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, f"its {name} is missing, or no https address")
    userinfo = document.get("userinfo_endpoint")
    methods = document.get("token_endpoint_auth_methods_supported")
    takes = methods if isinstance(methods, list) else ["client_secret_basic"]
    return Metadata(
        authorization=document["authorization_endpoint"],
        token=document["token_endpoint"],
        keys=document["jwks_uri"],
        userinfo=userinfo if isinstance(userinfo, str) and is_protected(userinfo) else "",
        posts_secret="client_secret_basic" not in takes and "client_secret_post" in takes,
    )


def keys_of(document: Mapping[str, Any]) -> list[Key]:
    """Return the keys that check signatures; kinds that are unknown here are left out, and so are shared secrets."""
    entries = document.get("keys")
    found = []
    for entry in entries[:MOST_KEYS] if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") == "oct" or entry.get("use", "sig") != "sig":
            continue
        try:
            found.append(JWKRegistry.import_key(entry))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found
