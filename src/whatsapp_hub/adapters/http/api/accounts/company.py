"""`/api/companies/me`, `/api/quick-replies`, `/api/audit`: what a company sets for itself, and who set it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.accounts import OwnCompany, TenantView
from whatsapp_hub.adapters.contracts.views.audit import AuditView
from whatsapp_hub.adapters.contracts.views.automation import FilledReply, QuickReplyView
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import HoursSent, LevelPatch, RetentionPatch, given, hours_given, utc
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.accounts.default_session import CredentialChanges, SetCredentials
from whatsapp_hub.application.accounts.quick_replies import (
    CreateQuickReply,
    DeleteQuickReply,
    FillQuickReply,
    UpdateQuickReply,
)
from whatsapp_hub.application.reading.audit import AuditFilter, AuditTrail
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.ids import ConversationId, QuickReplyId


class CompanyFields(LevelPatch, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What may be changed of a company."""

    name: str | None = None
    language: Language | None = None
    greeting_message: str | None = None
    texts: dict[str, str] | None = None
    hours: HoursSent | msgspec.UnsetType | None = msgspec.UNSET
    country: str | msgspec.UnsetType | None = msgspec.UNSET
    retention: RetentionPatch = msgspec.field(default_factory=RetentionPatch)
    second_factor_required: bool | None = None
    oidc_required: bool | None = None
    resolve_reasons: list[str] | None = None
    resolve_reason_required: bool | None = None
    agent_name_before_texts: bool | None = None

    def changes(self) -> CompanyChanges:
        """Convert to the use case's form. Raises Invalid (`/hours/…`)."""
        hours, country = hours_given(self.hours), given(self.country)
        said = (self.name, self.language, self.greeting_message, self.texts, hours, country, self.level())
        return CompanyChanges(
            *said,
            retention=self.retention.days(),
            second_factor_required=self.second_factor_required,
            oidc_required=self.oidc_required,
            resolve_reasons=self.resolve_reasons,
            resolve_reason_required=self.resolve_reason_required,
            agent_name_before_texts=self.agent_name_before_texts,
        )


class CompanyPatch(CompanyFields, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`phone_number_id` and `access_token` are the credentials of the session `default`."""

    phone_number_id: str | None = None
    access_token: str | None = None


class QuickReplyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new quick reply; its text may contain placeholders."""

    shortcut: str
    content: str


class QuickReplyPatch(msgspec.Struct, forbid_unknown_fields=True):
    """Changes of a quick reply; what is left out stays."""

    shortcut: str | None = None
    content: str | None = None


class FillBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The conversation for which placeholders are filled in."""

    conversation_id: UUID


@get("/companies/me", guards=[allows(Action.READ_COMPANY)], tags=["company"])
async def get_company(
    caller: Asking, queries: FromDishka[Queries], credentials: FromDishka[SetCredentials]
) -> OwnCompany:
    """Show the company with its texts (ADMIN). Its access token is never shown."""
    tenant = await queries.tenant(caller.tenant_id)
    return extended(OwnCompany, TenantView.of(tenant), phone_number_id=await credentials.shown(caller))


@patch("/companies/me", tags=["company"])
async def update_company(
    caller: Asking,
    data: JSONBody[CompanyPatch],
    update_company: FromDishka[UpdateCompany],
    credentials: FromDishka[SetCredentials],
) -> OwnCompany:
    """Change it (ADMIN). What is not given stays; an empty text brings ours back. `country` (ISO 3166; null: that of
    the language) is where phone numbers without a country code are read. `firstResponseTargetMinutes`,
    `resolutionTargetMinutes` (null: none), `targetWarningPercent` (80) and `asksRating` (false: nobody is asked for a
    rating from 1 to 5 after resolving) hold for departments that set none of their own.
    `resolveQuietAfterHours` (0: never): after how many hours without a word a conversation that the company answered
    last is resolved by itself. `resolveReasons`: what `POST …/resolve` takes as `reason`, which it must be given where
    `resolveReasonRequired` is set. `retention`: for how many days
    closed conversations, messages, files, words in events, the record of changes and raw updates are kept.
    `secondFactorRequired`: who has no second factor may only enrol one. `oidcRequired`: its users sign in
    by the OpenID provider only (409 where the hub has none). `agentNameBeforeTexts`: the name of the person who writes
    stands in bold before each text to a customer."""
    changes = data.changes()
    if data.phone_number_id is not None or data.access_token is not None:
        await update_company.check(caller, changes)
        with renamed(**{f"settings/{name}": name for name in ("phoneNumberId", "accessToken")}):
            await credentials(caller, CredentialChanges(data.phone_number_id, data.access_token))
    tenant = await update_company(caller, changes)
    return extended(OwnCompany, TenantView.of(tenant), phone_number_id=await credentials.shown(caller))


@get("/quick-replies", guards=[allows(Action.READ_QUICK_REPLIES)], tags=["quick replies"])
async def list_quick_replies(
    caller: Asking,
    queries: FromDishka[Queries],
    search: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[QuickReplyView]]:
    """By shortcut; `search` is the beginning of one."""
    found = await queries.quick_replies(caller.tenant_id, search or "", limit, cursor)
    return page([QuickReplyView.of(reply) for reply in found.items], found.next_cursor)


@get("/quick-replies/{id:uuid}", guards=[allows(Action.READ_QUICK_REPLIES)], tags=["quick replies"])
async def get_quick_reply(caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries]) -> QuickReplyView:
    """One of them."""
    return QuickReplyView.of(await queries.quick_reply(caller.tenant_id, QuickReplyId(id)))


@post("/quick-replies", tags=["quick replies"])
async def create_quick_reply(
    caller: Asking, data: JSONBody[QuickReplyBody], create_quick_reply: FromDishka[CreateQuickReply]
) -> QuickReplyView:
    """Create one (ADMIN). `{{customerName}}`, `{{agentName}}` … stand for what differs."""
    return QuickReplyView.of(await create_quick_reply(caller, data.shortcut, data.content))


@patch("/quick-replies/{id:uuid}", tags=["quick replies"])
async def update_quick_reply(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[QuickReplyPatch],
    update_quick_reply: FromDishka[UpdateQuickReply],
) -> QuickReplyView:
    """Change it (ADMIN)."""
    return QuickReplyView.of(await update_quick_reply(caller, QuickReplyId(id), data.shortcut, data.content))


@delete("/quick-replies/{id:uuid}", tags=["quick replies"])
async def delete_quick_reply(
    caller: Asking, id: FromPath[UUID], delete_quick_reply: FromDishka[DeleteQuickReply]
) -> None:
    """Remove it (ADMIN)."""
    await delete_quick_reply(caller, QuickReplyId(id))


@post("/quick-replies/{id:uuid}/fill", status_code=200, tags=["quick replies"])
async def fill_quick_reply(
    caller: Asking, id: FromPath[UUID], data: JSONBody[FillBody], fill_quick_reply: FromDishka[FillQuickReply]
) -> FilledReply:
    """Fill in the text for this conversation, ready to be sent or changed."""
    return FilledReply(await fill_quick_reply(caller, QuickReplyId(id), ConversationId(data.conversation_id)))


@get("/audit", guards=[allows(Action.READ_AUDIT)], tags=["audit"])
async def list_audit(
    caller: Asking,
    trail: FromDishka[AuditTrail],
    user_id: Annotated[UUID | None, QueryParameter(name="userId")] = None,
    entity: FromQuery[str | None] = None,
    entity_id: Annotated[str | None, QueryParameter(name="entityId")] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[AuditView]]:
    """Who changed what, the newest first (ADMIN): before and after, and where it came from."""
    wanted = AuditFilter(user_id, entity, entity_id, utc("since", since), utc("until", until))
    found = await trail.entries(caller.tenant_id, wanted, limit, cursor)
    return page([AuditView.of(entry) for entry in found.items], found.next_cursor)


HANDLERS = [
    get_company,
    update_company,
    list_quick_replies,
    get_quick_reply,
    create_quick_reply,
    update_quick_reply,
    delete_quick_reply,
    fill_quick_reply,
    list_audit,
]
