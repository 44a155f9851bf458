"""Passwords, tokens and secrets at rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from whatsapp_hub.domain.accounts.access import POLICY, Action, name_of
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import SignInId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller of a tenant: a person, or (without `user_id`) a program with an API key, whose `scopes`
    may allow less than its role; the user `maker_id` created the key. `key` names the caller for idempotency and rate
    limits; `sign_in_id` is the sign-in of the person's credential."""

    tenant_id: TenantId
    role: Role
    key: str
    user_id: UserId | None = None
    email: str | None = None
    scopes: frozenset[Action] | None = None
    sign_in_id: SignInId | None = None
    maker_id: UserId | None = None

    @property
    def powers(self) -> frozenset[Action]:
        """All actions that the caller may do."""
        return POLICY[self.role] if self.scopes is None else POLICY[self.role] & self.scopes

    def may(self, action: Action) -> bool:
        """Whether the role allows the action and, for an API key, a scope does too."""
        return action in POLICY[self.role] and (self.scopes is None or action in self.scopes)

    def require_powers_of(self, role: Role) -> None:
        """Prevent privilege escalation through a new account. Raises Forbidden, naming what the caller lacks."""
        if lacking := POLICY[role] - self.powers - {Action.SET_OWN_STATUS}:  # a person's own, which gives nothing
            names = ", ".join(sorted(map(name_of, lacking)))
            raise Forbidden(f"this would give more than the caller has ({names})")

    def require(self, action: Action) -> None:
        """Raise Forbidden unless the caller may do it."""
        if not self.may(action):
            raise Forbidden(action)


class Passwords(Protocol):
    """Password hashing, slow on purpose; both run outside the event loop."""

    async def hash(self, password: str) -> str:
        """Hash a password with argon2id, on a thread: it takes some 50 ms of CPU."""
        ...

    async def verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        """Return whether it matches, and a new hash if the old one's scheme is outdated."""
        ...


class CommonPasswords(Protocol):
    """The list of passwords that guessers try first."""

    async def all(self) -> Collection[str]:
        """Return common passwords, folded; membership tests are fast."""
        ...


class Tokens(Protocol):
    """Sign and read the tokens of sign-ins (JWT). No I/O."""

    @property
    def lifetime(self) -> timedelta:
        """How long a token is valid by default."""
        ...

    def issue(self, caller: Caller, lifetime: timedelta | None = None) -> str:
        """Make a token of the caller's sign-in."""
        ...

    def read(self, token: str) -> Caller:
        """Verify a token. Raises Unauthenticated for a bad, expired or foreign one, and for one without a sign-in."""
        ...


class SecretBox(Protocol):
    """Encryption of small secrets at rest, bound to a context so that a cipher text cannot be moved."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt and authenticate. `context` must be given again to open it, so that one row's secret serves in no
        other."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. Raises ValueError if the text, the key or the context is wrong."""
        ...


class KeyRing(SecretBox, Protocol):
    """A box with several keys: it decrypts with any of them and encrypts with one, the key in force. Cipher texts and
    the database name keys by ids, which reveal nothing of the keys."""

    @property
    def ids(self) -> Sequence[str]:
        """The keys' ids, HUB_SECRET_KEY's first."""
        ...

    @property
    def in_force(self) -> str:
        """The id of the key that seals now."""
        ...

    def use(self, key_id: str) -> None:
        """Encrypt with this key from now on. Raises KeyError for an unknown one."""
        ...

    def opens(self, sealed: bytes, context: str) -> str | None:
        """Return the id of the key that decrypts it; None: no known one does."""
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Check that it was encrypted with the key in force."""
        ...
