"""A company itself: as its own transaction changes it, its health, and removing it with everything that it had."""

from collections.abc import Sequence
from typing import Protocol

from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.ids import SessionId, TenantId, UserId


class Tenants(Protocol):
    async def own(self) -> Tenant:
        """The transaction's own tenant as it is now (`UnitOfWork.tenant` may be a second old), locked."""
        ...

    async def save(self, tenant: Tenant) -> None:
        """Its name, language, greeting, texts, hours and service level."""
        ...


class TenantRemoval(Protocol):
    """Each step may be taken again after a crash. All raise Unavailable."""

    async def begin(self, tenant_id: TenantId, by: UserId) -> bool:
        """Take the company away from everybody in one transaction, with its entry in the audit of the company of `by`:
        its users and API keys no longer enter, lists no longer show it. False if `by` is no active MASTER any more, or
        somebody else was faster."""
        ...

    async def begun(self) -> list[Tenant]:
        """Return the companies that are being removed."""
        ...

    async def sessions(self, tenant: Tenant, limit: int) -> Sequence[SessionId]:
        """Return sessions that are still to be closed."""
        ...

    async def sweep(self, tenant: Tenant, limit: int) -> int:
        """Remove up to `limit` rows of each table; return how many there were."""
        ...

    async def finish(self, tenant: Tenant) -> None:
        """Drop the company's own schema, if it has one, and then the company itself. Must be called when nothing is
        left to sweep."""
        ...


class TenantHealth(Protocol):
    async def measure(self, tenant: Tenant) -> float:
        """Return the milliseconds that a look into the company's own tables takes. Raises Unavailable, also when the
        tables are not there."""
        ...
