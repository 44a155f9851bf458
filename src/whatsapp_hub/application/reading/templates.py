"""Lists of message templates, in transactions of their own, without locks."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.ids import SessionId, TemplateId, TenantId
from whatsapp_hub.domain.templates.template import MessageTemplate


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """Filter of templates; None: any. `search`: part of the name or of the body, case ignored."""

    session_id: SessionId | None = None
    statuses: frozenset[str] = frozenset()
    language: str | None = None
    category: str | None = None
    search: str | None = None


class TemplateCatalogue(Protocol):
    """The catalogues of a tenant's sessions."""

    async def templates(
        self, tenant_id: TenantId, filter: TemplateFilter, limit: int, cursor: str | None
    ) -> Page[MessageTemplate]:
        """List templates by name, then language. Raises Invalid (`/cursor`)."""
        ...

    async def template(self, tenant_id: TenantId, template_id: TemplateId) -> MessageTemplate:
        """Return one. Raises NotFound."""
        ...
