"""CreateTemplate and DeleteTemplate: through the provider, then in the catalogue; PreviewTemplate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.templates.fetch_templates import keeper_of, new_template
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, Flaw, Invalid
from whatsapp_hub.domain.ids import SessionId, TemplateId
from whatsapp_hub.domain.templates.places import flaws_of
from whatsapp_hub.domain.templates.rendering import Shown, rendered
from whatsapp_hub.domain.templates.template import MessageTemplate, Placed, part_of, word

_NAME = re.compile(r"[a-z0-9_]{1,512}")
CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """Submit a template to WhatsApp's review, and add it to the session's catalogue."""

    storage: Storage
    providers: Providers
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, session_id: SessionId, draft: TemplateDraft) -> MessageTemplate:
        """Create it; its status is WhatsApp's answer. Raises Invalid, Conflict (`template_exists`), NotSupported,
        ProviderError."""
        caller.require(Action.MANAGE_TEMPLATES)
        _check(draft)
        ref, keeper = await keeper_of(self.storage, self.providers, caller.tenant_id, session_id)
        async with self.storage.tenant(caller.tenant_id) as uow:
            present = {t.key for t in await uow.templates.named(session_id, draft.name)}
        if Placed(draft.name, draft.language) in present:
            raise Conflict("template_exists", f"the session has a template {draft.name} in {draft.language} already")
        news = await keeper.create_template(ref, draft)
        made = new_template(TemplateId(self.new_id()), caller.tenant_id, session_id, news, self.clock())
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.templates.save([made])
            stored = [t for t in await uow.templates.named(session_id, made.name) if t.language == made.language]
            await uow.commit()
        return stored[0]


@dataclass(frozen=True, slots=True)
class DeleteTemplate:
    """Delete a template in its language, at WhatsApp and in the catalogue."""

    storage: Storage
    providers: Providers

    async def __call__(self, caller: Caller, template_id: TemplateId) -> None:
        """Delete it. Raises NotFound, NotSupported, Conflict, ProviderError."""
        caller.require(Action.MANAGE_TEMPLATES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            template = await uow.templates.get(template_id)
        ref, keeper = await keeper_of(self.storage, self.providers, caller.tenant_id, template.session_id)
        await keeper.delete_template(ref, template.name, template.provider_id)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.templates.remove(template_id)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class Preview:
    """A template as a customer would see it, and what is wrong with the parameters given."""

    shown: Shown
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True)
class PreviewTemplate:
    """Show a template with its places filled; nothing is sent."""

    storage: Storage

    async def __call__(self, caller: Caller, template_id: TemplateId, given: Sequence[object]) -> Preview:
        """Fill what is given; empty places stand in their braces. Raises NotFound."""
        caller.require(Action.READ_TEMPLATES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            template = await uow.templates.get(template_id)
        flaws = flaws_of(template.components or (), given, "components") if template.components is not None else []
        return Preview(rendered(template, given), tuple(flaws))


def _check(draft: TemplateDraft) -> None:
    """Check what WhatsApp would refuse without saying which field. Raises Invalid."""
    flaws = []
    if not _NAME.fullmatch(draft.name):
        flaws.append(Flaw("/name", "must have 1 to 512 lower-case letters, digits and underscores"))
    if draft.category not in CATEGORIES:
        flaws.append(Flaw("/category", f"must be one of {', '.join(CATEGORIES)}"))
    body = part_of(draft.components, "BODY")
    if body is None:
        flaws.append(Flaw("/components", "must have a BODY"))
    elif draft.category != "AUTHENTICATION" and not word(body, "text").strip():
        flaws.append(Flaw("/components", "must have a BODY with a text"))
    if flaws:
        raise Invalid(*flaws)
