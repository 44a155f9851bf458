"""Query port of the company's contacts."""

from typing import Protocol

from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact


class ContactBook(Protocol):
    """Each call is a transaction of its own, without locks. All raise Unavailable."""

    async def page(self, tenant_id: TenantId, search: str, limit: int, cursor: str | None) -> Page[Contact]:
        """Return the newest first; `search`: part of a name (case and accents ignored) or of a number. Raises Invalid
        for a cursor that is not ours."""
        ...

    async def one(self, tenant_id: TenantId, contact_id: ContactId) -> Contact:
        """Read one. Raises NotFound."""
        ...
