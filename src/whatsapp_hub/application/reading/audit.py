"""Query port of the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.ids import TenantId, UserId


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One audited change. `before` and `after` hold the changed fields only; secrets are masked."""

    id: int
    at: datetime
    caller: str
    user_id: UserId | None
    email: str | None
    address: str | None
    action: str
    change: str
    entity: str
    entity_id: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filter of the audit trail; None: any. `since` included, `until` not."""

    user_id: UUID | None = None
    entity: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditTrail(Protocol):
    """Read who changed what in a company."""

    async def entries(
        self, tenant_id: TenantId, filter: AuditFilter, limit: int, cursor: str | None
    ) -> Page[AuditEntry]:
        """Return a page of entries, the newest first."""
        ...
