"""`/api/templates`: the message templates of sessions on WhatsApp's Cloud API."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.automation import SyncedView, TemplatePreview, TemplateView
from whatsapp_hub.adapters.http.api.conversations.contents import check_components
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.application.reading.templates import TemplateCatalogue, TemplateFilter
from whatsapp_hub.application.templates.fetch_templates import SyncTemplates
from whatsapp_hub.application.templates.manage_templates import CreateTemplate, DeleteTemplate, PreviewTemplate
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import SessionId, TemplateId

TAGS = ["templates"]
Components = list[dict[str, Any]]


class TemplateBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A template to submit; `components` in Meta's form. `namedPlaces`: places are `{{name}}` instead of `{{1}}`."""

    session_id: UUID
    name: str
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=16)]
    category: str
    components: Components
    named_places: bool = False


class PreviewBody(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of a message, as `POST /api/messages` takes them."""

    components: Components = msgspec.field(default_factory=list)


class SyncBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The session whose account is asked."""

    session_id: UUID


@get("/templates", guards=[allows(Action.READ_TEMPLATES)], tags=TAGS)
async def list_templates(
    caller: Asking,
    catalogue: FromDishka[TemplateCatalogue],
    session_id: Annotated[UUID | None, QueryParameter(name="sessionId")] = None,
    status: FromQuery[str | None] = None,
    language: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    search: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[TemplateView]]:
    """By name, then language. `status`: one or several of WhatsApp's words (`APPROVED,PAUSED`); `search`: part of the
    name or of the body."""
    session = SessionId(session_id) if session_id else None
    statuses = frozenset(word.strip().upper() for word in (status or "").split(",") if word.strip())
    wanted = TemplateFilter(session, statuses, language or None, category.upper() if category else None, search or None)
    found = await catalogue.templates(caller.tenant_id, wanted, limit, cursor)
    return page([TemplateView.of(template) for template in found.items], found.next_cursor)


@get("/templates/{id:uuid}", guards=[allows(Action.READ_TEMPLATES)], tags=TAGS)
async def get_template(caller: Asking, id: FromPath[UUID], catalogue: FromDishka[TemplateCatalogue]) -> TemplateView:
    """One of them."""
    return TemplateView.of(await catalogue.template(caller.tenant_id, TemplateId(id)))


@post("/templates", tags=TAGS)
async def create_template(
    caller: Asking, data: JSONBody[TemplateBody], create_template: FromDishka[CreateTemplate]
) -> TemplateView:
    """Submit one to WhatsApp's review (ADMIN). Its `status` is WhatsApp's answer, `PENDING` as a rule; what follows
    comes by webhook."""
    check_components(data.components, "components")
    draft = TemplateDraft(data.name, data.language, data.category, tuple(data.components), data.named_places)
    return TemplateView.of(await create_template(caller, SessionId(data.session_id), draft))


@delete("/templates/{id:uuid}", tags=TAGS)
async def delete_template(caller: Asking, id: FromPath[UUID], delete_template: FromDishka[DeleteTemplate]) -> None:
    """Delete it at WhatsApp, in this language alone (ADMIN)."""
    await delete_template(caller, TemplateId(id))


@post("/templates/{id:uuid}/preview", status_code=200, tags=TAGS)
async def preview_template(
    caller: Asking, id: FromPath[UUID], data: JSONBody[PreviewBody], preview_template: FromDishka[PreviewTemplate]
) -> TemplatePreview:
    """Show it as a customer sees it, with these parameters; nothing is sent. `errors` names those that do not fit."""
    check_components(data.components, "components")
    return TemplatePreview.of(await preview_template(caller, TemplateId(id), data.components))


@post("/templates/sync", status_code=200, tags=TAGS)
async def sync_templates(
    caller: Asking, data: JSONBody[SyncBody], sync_templates: FromDishka[SyncTemplates]
) -> SyncedView:
    """Fetch the catalogue of the session's account now (ADMIN). It comes by itself once an hour, and by webhooks."""
    return SyncedView.of(await sync_templates(caller, SessionId(data.session_id)))


HANDLERS = [
    list_templates,
    get_template,
    create_template,
    delete_template,
    preview_template,
    sync_templates,
]
