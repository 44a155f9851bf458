"""What is looked up across tenants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.api_key import ApiKey
from whatsapp_hub.domain.accounts.sign_in import SignIn
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.ids import SessionId, SignInId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class Credentials:
    """What login needs to know about a user before any tenant is chosen."""

    user: User
    tenant: Tenant


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in and whose it is. `must_enrol`: the company requires a second factor, and the user has none."""

    sign_in: SignIn
    user: User
    must_enrol: bool = False


@dataclass(frozen=True, slots=True)
class MadeKey:
    """An API key and who made it, as they are now (None: they are no more)."""

    key: ApiKey
    maker: User | None


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A session that a webhook may be for."""

    session_id: SessionId
    tenant_id: TenantId
    key: str
    provider: str
    settings: object


@dataclass(frozen=True, slots=True)
class SilentSession:
    """A session that was last heard, or asked, at `since`."""

    id: SessionId
    tenant_id: TenantId
    since: datetime


@dataclass(frozen=True, slots=True)
class DuePairing:
    """A session to which a phone may be linked, with something to be done."""

    session_id: SessionId
    tenant_id: TenantId


class Directory(Protocol):
    """What is looked up across tenants (role hub_system). Each call is a transaction of its own."""

    async def tenants(self) -> list[Tenant]:
        """Return all that are not being removed, by slug."""
        ...

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Return it, also while it is being removed. Raises NotFound."""
        ...

    async def add_tenant(self, tenant: Tenant) -> None:
        """Raises Conflict: the slug is taken. Makes and migrates the schema of a dedicated tenant."""
        ...

    async def credentials(self, email: str) -> Credentials | None: ...

    async def has_master(self, other_than: UserId | None = None) -> bool:
        """Whether anybody (else), who is active, administers this hub."""
        ...

    async def user(self, user_id: UserId) -> User | None: ...

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        """Whether live or not, unless the company is being removed; that it was asked for is remembered as when it was
        last seen."""
        ...

    async def api_key(self, digest: bytes) -> MadeKey | None:
        """Whether valid or not; that it was asked for is remembered as its use."""
        ...

    async def targets(self, provider: str, routes: Collection[str]) -> dict[str, list[WebhookTarget]]:
        """By route, the sessions that claim it. May answer from a cache at most one second old."""
        ...

    async def target(self, session_id: SessionId) -> WebhookTarget | None: ...

    async def all_targets(self, provider: str) -> list[WebhookTarget]:
        """All sessions of this provider. May answer from a cache at most one second old."""
        ...

    async def silent_sessions(self, providers: Collection[str], for_s: float) -> list[SilentSession]:
        """Started sessions of these providers that brought nothing for so long, `for_s` seconds apart."""
        ...

    async def polling(self, session: SilentSession) -> None:
        """What it brings from now on was asked for: until `polled`, it is no sign that the session posts again, and the
        session is silent since then still."""
        ...

    async def polled(self, session: SilentSession) -> None:
        """All that it has brought until now is in the inbox."""
        ...

    async def due_pairings(self, limit: int, for_s: float) -> list[DuePairing]:
        """Claim those with something to be done now, the longest due first: each for one caller and so many seconds."""
        ...

    async def tenants_with_inbox(self) -> list[TenantId]:
        """Those with pending updates that are due."""
        ...

    async def tenants_with_lanes(
        self, providers: Sequence[str], sessions: Sequence[SessionId] | None
    ) -> list[TenantId]:
        """Those with lanes that are due or stale."""
        ...

    async def tenants_with_stale_lanes(self, providers: Sequence[str]) -> list[TenantId]:
        """Those with lanes of these providers whose attempt outlived its lease."""
        ...

    async def tenants_with_late_lines(self) -> list[TenantId]:
        """Those with lines that somebody must see to (`Lines.late`)."""
        ...

    async def ticks(self, every_s: Mapping[str, float]) -> list[str]:
        """Of these jobs, those that the caller is to do: each is told to exactly one caller in so many seconds."""
        ...
