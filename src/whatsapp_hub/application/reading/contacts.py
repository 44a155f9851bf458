"""Query port of the company's contacts."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.reading.queries import Page, Sight
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What a list shows. `search`: part of a name (case and accents ignored), of a number in any spelling, or of a
    label; `label`: one label, whole; `is_blocked`, `is_group`, `is_opted_out`: None for both."""

    search: str = ""
    label: str | None = None
    is_blocked: bool | None = None
    is_group: bool | None = None
    is_opted_out: bool | None = None


class ContactBook(Protocol):
    """Each call is a transaction of its own, without locks. All raise Unavailable."""

    async def page(self, tenant_id: TenantId, wanted: ContactFilter, limit: int, cursor: str | None) -> Page[Contact]:
        """Return the newest first. Raises Invalid for a cursor that is not ours."""
        ...

    async def field_names(self, tenant_id: TenantId) -> list[str]:
        """Return the names of the fields that contacts have, in their alphabet; at most 200."""
        ...

    async def one(self, tenant_id: TenantId, contact_id: ContactId) -> Contact:
        """Read one. Raises NotFound."""
        ...

    async def rounds(
        self, tenant_id: TenantId, sight: Sight, contact_id: ContactId, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """Return the conversations with a contact, on every number, that the reader may see: the newest first. Raises
        Invalid for a cursor that is not ours."""
        ...
