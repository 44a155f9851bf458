"""Providers that keep message templates (feature `templates`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.templates.template import Part, TemplateNews


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """A template to create. `is_named`: its places have names instead of numbers."""

    name: str
    language: str
    category: str
    components: tuple[Part, ...]
    is_named: bool = False


@runtime_checkable
class KeepsTemplates(Protocol):
    """Providers whose account has a catalogue of templates."""

    async def templates(self, session: SessionRef) -> Sequence[TemplateNews]:
        """Fetch the whole catalogue of the session's account. Idempotent. Raises as `send` does, and Rejected
        (`no_account`) for a session whose account is not known."""
        ...

    async def create_template(self, session: SessionRef, draft: TemplateDraft) -> TemplateNews:
        """Submit a template for review. Not idempotent. Raises as `templates` does."""
        ...

    async def delete_template(self, session: SessionRef, name: str, provider_id: str | None) -> None:
        """Delete a template in one language, or (`provider_id` None) in all. Raises as `templates` does; Rejected also
        where there is none."""
        ...
