"""Sign-in by an OpenID provider: who it says somebody is, and what is kept while they are there."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import OidcLinkId, TenantId, UserId

ATTEMPT_LIFETIME = timedelta(minutes=10)
"""Somebody may have to look for their phone while they are at the provider."""
CODE_LIFETIME = timedelta(seconds=60)
MOST_NEXT = 512

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PATH = re.compile(r"/(?![/\\])[!-~]*")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says has signed in there. `subject` never changes and is unique at `issuer`; an e-mail may come
    to be another person's, so it counts only once, for the first sign-in."""

    issuer: str
    subject: str
    email: str | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class OidcLink:
    """Which user of the hub somebody at the provider is."""

    id: OidcLinkId
    tenant_id: TenantId
    user_id: UserId
    issuer: str
    subject: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was begun. `challenge`: only who knows its verifier may have the token."""

    state: str
    nonce: str
    verifier: str
    next: str
    challenge: str | None
    until: datetime

    def is_answered_by(self, state: str, now: datetime) -> bool:
        """Whether a provider's redirect belongs to this attempt and came in time. Compares in constant time."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace")) and now < self.until


def checked_next(path: str) -> str:
    """Return a path to go on to: never another site. Raises Invalid."""
    if len(path) > MOST_NEXT or not _PATH.fullmatch(path) or "\\" in path or "#" in path:
        raise Invalid.field("next", f"must be a path of at most {MOST_NEXT} characters, such as /inbox")
    return path


def checked_challenge(challenge: str | None) -> str | None:
    """Return the challenge if it can be one. Raises Invalid."""
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise Invalid.field("challenge", "must be the SHA-256 of a verifier in base64url, 43 characters")
    return challenge


def challenge_of(verifier: str) -> str:
    """RFC 7636, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def proves(verifier: str | None, challenge: str | None) -> bool:
    """Whether this verifier is the challenge's; where one of them is, the other must be too."""
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    return bool(_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), challenge)


def is_protected(url: object) -> bool:
    """Whether nobody in between reads what is sent to this address: https, or this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or "#" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
