"""Sign-in by an OpenID provider: the provider, and what is looked up before anybody knows whose it is."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.accounts.oidc import Identity
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class OidcOffer:
    """Whether this hub has an OpenID provider, and for the people of which `companies` (slugs; none: of all)."""

    is_set: bool
    companies: frozenset[str] = frozenset()

    def admits(self, slug: str) -> bool:
        """Whether the people of this company may sign in by it."""
        return self.is_set and (not self.companies or slug in self.companies)


class OpenIdProvider(Protocol):
    """Both ask the provider, within bounds of bytes and time, and raise OidcRefused."""

    @property
    def issuer(self) -> str:
        """The provider's issuer URL, by which links of users are stored."""
        ...

    @property
    def label(self) -> str:
        """What a button that leads there says."""
        ...

    async def authorization_url(self, state: str, nonce: str, challenge: str) -> str:
        """Return the provider's address to which the browser goes."""
        ...

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Exchange the code that the browser came back with; it works once."""
        ...


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The hub's OpenID provider, where one is set."""

    offered: OpenIdProvider | None

    @property
    def provider(self) -> OpenIdProvider:
        """Return the provider. Raises NotFound."""
        if self.offered is None:
            raise NotFound("sign-in method", "oidc")
        return self.offered


class OidcAccounts(Protocol):
    """Looked up across tenants (role hub_system). All raise Unavailable."""

    async def linked(self, issuer: str, subject: str) -> User | None:
        """Return who is linked to this person at the provider, active or not."""
        ...

    async def keep_code(self, digest: bytes, state: bytes, user: User, challenge: str | None, for_s: float) -> bool:
        """Keep a code that signs this user in once, as they are now; False: this state brought one before."""
        ...

    async def take_code(self, digest: bytes) -> tuple[User, str | None] | None:
        """Use a code up: return its user and its challenge. None: it is unknown, used or too old, or the user's role,
        password or e-mail is another by now."""
        ...
