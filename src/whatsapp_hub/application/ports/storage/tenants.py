"""A company itself: its settings, its health, and its removal with all its data."""

from collections.abc import Sequence
from typing import Protocol

from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.ids import SessionId, TenantId, UserId


class Tenants(Protocol):
    """The company of the transaction."""

    async def own(self) -> Tenant:
        """Return the transaction's tenant as it is now (`UnitOfWork.tenant` may be a second old), locked."""
        ...

    async def save(self, tenant: Tenant) -> None:
        """Store its name, language, greeting, texts, hours and service level."""
        ...


class TenantRemoval(Protocol):
    """Each step may be repeated after a crash. All raise Unavailable."""

    async def begin(self, tenant_id: TenantId, by: UserId) -> bool:
        """Disable the company in one transaction, with an entry in the audit of the company of `by`: its users and API
        keys lose access, lists no longer show it. False if `by` is no longer an active MASTER, or another caller was
        faster."""
        ...

    async def begun(self) -> list[Tenant]:
        """List the companies that are being removed."""
        ...

    async def sessions(self, tenant: Tenant, limit: int) -> Sequence[SessionId]:
        """List sessions that are still to be closed."""
        ...

    async def sweep(self, tenant: Tenant, limit: int) -> int:
        """Delete up to `limit` rows of each table; return the count."""
        ...

    async def finish(self, tenant: Tenant) -> None:
        """Drop the company's own schema, if it has one, and then the company itself. Must be called when nothing is
        left to sweep."""
        ...


class TenantHealth(Protocol):
    """Check that a company's tables answer."""

    async def measure(self, tenant: Tenant) -> float:
        """Return the milliseconds that a query of the company's tables takes. Raises Unavailable, also when the tables
        do not exist."""
        ...
