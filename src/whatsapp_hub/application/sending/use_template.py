"""Templates in messages: checked against the catalogue, and stored as the customer sees them; and which ones WhatsApp
takes where it takes nothing else."""

from dataclasses import replace
from datetime import datetime

from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Invalid, WindowClosed
from whatsapp_hub.domain.messaging.content import Content, Template
from whatsapp_hub.domain.sessions.session import Session
from whatsapp_hub.domain.templates.places import require_filled
from whatsapp_hub.domain.templates.rendering import rendered
from whatsapp_hub.domain.templates.template import MessageTemplate

MOST_NAMED = 20
"""Templates that a refused text names: enough to choose from, and an answer of bounded size."""


async def as_shown(uow: UnitOfWork, session: Session, content: Content, at: str = "content") -> Content:
    """Return a template with the text that the customer sees, and any other content as it is. `at`: where the template
    stands in the request.

    Raises Invalid, which names the field: a name or language that the session's catalogue does not have, a template
    that WhatsApp refuses now, parameters that do not fill it. A session without a catalogue sends what it is given.
    """
    if not isinstance(content, Template) or not await uow.templates.is_known(session.id):
        return content
    languages = await uow.templates.named(session.id, content.name)
    template = _chosen(languages, content, at)
    if template.is_refused:
        raise Invalid.field(f"{at}/name", f"is a template that WhatsApp does not send now: it is {template.status}")
    require_filled(template, content.components, f"{at}/components")
    return (
        content if template.components is None else replace(content, text=rendered(template, content.components).text)
    )


def _chosen(languages: list[MessageTemplate], content: Template, at: str) -> MessageTemplate:
    if not languages:
        said = "is no template of this session; POST /api/templates/sync fetches what is new at WhatsApp"
        raise Invalid.field(f"{at}/name", said)
    for template in languages:
        if template.language == content.language:
            return template
    raise Invalid.field(f"{at}/language", f"must be one of {', '.join(t.language for t in languages)}")


async def require_window(
    uow: UnitOfWork, providers: Providers, session: Session, conversation: Conversation, content: Content, now: datetime
) -> None:
    """Raise WindowClosed, with templates that may be sent instead, for what is taken inside the window only."""
    try:
        providers.require_window(session.provider, conversation, content, now)
    except WindowClosed as closed:
        allowed = await uow.templates.approved(session.id, MOST_NAMED)
        raise WindowClosed(closed.closed_at, tuple((one.name, one.language) for one in allowed)) from None
