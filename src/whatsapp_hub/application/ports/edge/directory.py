"""Lookups across tenants."""

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
    """A user and their tenant, as login needs them before any tenant is known."""

    user: User
    tenant: Tenant


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in and its user. `must_enrol`: the company requires a second factor, and the user has none;
    `must_use_oidc`: it requires sign-in by the OpenID provider, and this was by password."""

    sign_in: SignIn
    user: User
    must_enrol: bool = False
    must_use_oidc: bool = False


@dataclass(frozen=True, slots=True)
class MadeKey:
    """An API key and the user who created it, as they are now (None: deleted)."""

    key: ApiKey
    maker: User | None


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A session that a provider's webhook may be for."""

    session_id: SessionId
    tenant_id: TenantId
    key: str
    provider: str
    settings: object


@dataclass(frozen=True, slots=True)
class SilentSession:
    """A session that last received an update, or was polled, at `since`."""

    id: SessionId
    tenant_id: TenantId
    since: datetime


@dataclass(frozen=True, slots=True)
class DuePairing:
    """A session whose pairing has a step due."""

    session_id: SessionId
    tenant_id: TenantId


class Directory(Protocol):
    """Lookups across tenants (role hub_system). Each call is a transaction of its own."""

    async def tenants(self) -> list[Tenant]:
        """List tenants that are not being removed, by slug."""
        ...

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Return a tenant, even while it is being removed. Raises NotFound."""
        ...

    async def add_tenant(self, tenant: Tenant) -> None:
        """Store a tenant; create and migrate the schema of a dedicated one. Raises Conflict: the slug is taken."""
        ...

    async def credentials(self, email: str) -> Credentials | None:
        """Return what a login is checked against, by e-mail in any company; None for an unknown one. Raises
        Unavailable."""
        ...

    async def has_master(self, other_than: UserId | None = None) -> bool:
        """Return whether there is an active MASTER (besides one)."""
        ...

    async def user(self, user_id: UserId) -> User | None:
        """Return a user of any company, or None. Raises Unavailable."""
        ...

    async def signed_in(self, sign_in_id: SignInId) -> SignedIn | None:
        """Return it, live or ended, unless the company is being removed; updates when it was last seen."""
        ...

    async def api_key(self, digest: bytes) -> MadeKey | None:
        """Return it, valid or not; updates when it was last used."""
        ...

    async def targets(self, provider: str, routes: Collection[str]) -> dict[str, list[WebhookTarget]]:
        """Return the sessions that claim each route; where none does, those that left this provider lately and had it,
        with its settings. May answer from a cache at most one second old."""
        ...

    async def target(self, session_id: SessionId, provider: str | None = None) -> WebhookTarget | None:
        """Return where a session's webhooks belong, with its settings, or (`provider`) with those of this provider if
        it left that lately; None for an unknown session. Raises Unavailable."""
        ...

    async def all_targets(self, provider: str) -> list[WebhookTarget]:
        """Return all sessions of this provider. May answer from a cache at most one second old."""
        ...

    async def silent_sessions(self, providers: Collection[str], for_s: float) -> list[SilentSession]:
        """Find started sessions of these providers without an update for `for_s` seconds, each at most once in that
        time."""
        ...

    async def polling(self, session: SilentSession) -> None:
        """Mark a poll as begun: until `polled`, the session's updates are its answers, no sign that it posts again, and
        the session still counts as silent."""
        ...

    async def polled(self, session: SilentSession) -> None:
        """Mark a poll as finished: all its updates are in the inbox."""
        ...

    async def tenants_with_due_pairings(self) -> list[TenantId]:
        """Return tenants with pairings that have a step due, the longest due first."""
        ...

    async def due_pairings(self, tenant_id: TenantId, limit: int, for_s: float) -> list[DuePairing]:
        """Claim a tenant's pairings with a step due, the longest due first: each for one caller and so many seconds."""
        ...

    async def tenants_with_inbox(self) -> list[TenantId]:
        """Return tenants with due updates."""
        ...

    async def tenants_with_lanes(
        self, providers: Sequence[str], sessions: Sequence[SessionId] | None
    ) -> list[TenantId]:
        """Return tenants with lanes that are due or stale."""
        ...

    async def tenants_with_stale_lanes(self, providers: Sequence[str]) -> list[TenantId]:
        """Return tenants with lanes of these providers whose attempt outlived its lease."""
        ...

    async def tenants_with_fetches(self, sessions: Sequence[SessionId] | None) -> list[TenantId]:
        """Return tenants with due files to fetch: of sessions that need no connector, or of these held ones."""
        ...

    async def tenants_with_scheduled(self) -> list[TenantId]:
        """Return tenants with messages that were to be sent later and are due."""
        ...

    async def tenants_with_blocks(self) -> list[TenantId]:
        """Return tenants with blocks of which a provider is to be told now."""
        ...

    async def tenants_with_due_moves(self) -> list[TenantId]:
        """Return tenants with sessions that are to move to their planned provider by now."""
        ...

    async def tenants_with_campaigns(self) -> list[TenantId]:
        """Return tenants with campaigns that run, are to start by now, or are to be counted."""
        ...

    async def tenants_with_late_lines(self) -> list[TenantId]:
        """Return tenants with overdue connections (`Connections.late`)."""
        ...

    async def ticks(self, every_s: Mapping[str, float]) -> list[str]:
        """Claim jobs that are due: each goes to exactly one caller in so many seconds."""
        ...
