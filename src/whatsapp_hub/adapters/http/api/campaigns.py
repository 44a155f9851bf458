"""`/api/campaigns`: one template to many contacts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.automation import (
    AudienceCountView,
    CampaignView,
    CountedCampaign,
    RecipientView,
)
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.conversations.contents import check_components
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.application.campaigns.manage_campaigns import (
    CancelCampaign,
    CreateCampaign,
    DeleteCampaign,
    MatchAudience,
    PauseCampaign,
    Plan,
    ResumeCampaign,
    StartCampaign,
)
from whatsapp_hub.application.campaigns.show_campaigns import ListCampaigns, ListRecipients, ShowCampaign
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import CampaignStatus, Wording
from whatsapp_hub.domain.campaigns.recipient import RecipientState
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId

TAGS = ["campaigns"]
MANAGE = [allows(Action.MANAGE_CAMPAIGNS)]


class AudienceBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Exactly these contacts; or every person with all of these labels and values of fields; or everybody."""

    contact_ids: list[UUID] | None = None
    labels: list[str] = msgspec.field(default_factory=list)
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    everybody: bool = False

    def decoded(self) -> Audience:
        """Check it. Raises Invalid."""
        named = None if self.contact_ids is None else [ContactId(id) for id in self.contact_ids]
        return Audience.of(named, self.labels, self.fields, everybody=self.everybody)


class CampaignTemplateBody(msgspec.Struct, forbid_unknown_fields=True):
    """A template of the session's. `components` in Meta's form, as `POST /api/messages` takes them; in their texts
    stand `{{name}}`, `{{phone}}` and `{{fields.rota|otherwise}}` for a contact's own."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=16)]
    components: list[dict[str, Any]] = msgspec.field(default_factory=list)


class CampaignBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A campaign. Without `startAt` it waits for its start by hand; `dailyLimit`: people within 24 hours at most,
    besides what WhatsApp allows the number."""

    name: str
    session_id: UUID
    template: CampaignTemplateBody
    audience: AudienceBody
    start_at: datetime | None = None
    daily_limit: int | None = None


class AudienceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The audience that is asked about."""

    audience: AudienceBody


class CreatedCampaign(View):
    """The new campaign, and whom its audience holds now."""

    campaign: CampaignView
    audience: AudienceCountView


@get("/campaigns", guards=MANAGE, tags=TAGS)
async def list_campaigns(
    caller: Asking,
    list_campaigns: FromDishka[ListCampaigns],
    status: FromQuery[str | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[CountedCampaign]]:
    """List campaigns, the newest first (ADMIN). `status`: one or several (`RUNNING,PAUSED`). What is counted is some
    seconds old, of one that is over up to an hour; one campaign is counted when it is asked for."""
    found = await list_campaigns(caller, limit, _id(cursor), _statuses(status))
    return page([CountedCampaign.of(one) for one in found], str(found[-1][0].id) if found.goes_on else None)


@post("/campaigns", guards=MANAGE, tags=TAGS)
async def create_campaign(
    caller: Asking, data: JSONBody[CampaignBody], create_campaign: FromDishka[CreateCampaign]
) -> CreatedCampaign:
    """Make a campaign (ADMIN); nothing is sent before it starts. 422 `not_supported` where the session's provider has
    no templates: only META has. Template and parameters are checked against the catalogue."""
    check_components(data.template.components, "template/components")
    wording = Wording(data.template.name, data.template.language, tuple(data.template.components))
    whom = data.audience.decoded()
    plan = Plan(data.name, SessionId(data.session_id), wording, whom, utc("start_at", data.start_at), data.daily_limit)
    campaign, counted = await create_campaign(caller, plan)
    return CreatedCampaign(CampaignView.of(campaign), AudienceCountView.of(counted))


@post("/campaigns/audience", status_code=200, guards=MANAGE, tags=TAGS)
async def match_audience(
    caller: Asking, data: JSONBody[AudienceRequest], match_audience: FromDishka[MatchAudience]
) -> AudienceCountView:
    """Say how many an audience holds now, and who of them would get nothing (ADMIN). Nothing is stored or sent."""
    return AudienceCountView.of(await match_audience(caller, data.audience.decoded()))


@get("/campaigns/{id:uuid}", guards=MANAGE, tags=TAGS)
async def get_campaign(caller: Asking, id: FromPath[UUID], show_campaign: FromDishka[ShowCampaign]) -> CountedCampaign:
    """Show one, counted now (ADMIN)."""
    return CountedCampaign.of(await show_campaign(caller, CampaignId(id)))


@get("/campaigns/{id:uuid}/recipients", guards=MANAGE, tags=TAGS)
async def list_recipients(
    caller: Asking,
    id: FromPath[UUID],
    list_recipients: FromDishka[ListRecipients],
    in_state: Annotated[RecipientState | None, QueryParameter(name="state")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[RecipientView]]:
    """List its recipients (ADMIN), all or those in one state. A filter's are settled when the campaign starts."""
    after = ContactId(found) if (found := _id(cursor)) else None
    listed = await list_recipients(caller, CampaignId(id), limit, after, in_state)
    return page([RecipientView.of(one) for one in listed], str(listed[-1].contact_id) if listed.goes_on else None)


@post("/campaigns/{id:uuid}/start", status_code=200, guards=MANAGE, tags=TAGS)
async def start_campaign(caller: Asking, id: FromPath[UUID], start_campaign: FromDishka[StartCampaign]) -> CampaignView:
    """Settle who receives it, and begin (ADMIN). 409 where it has begun, or its audience holds nobody."""
    return CampaignView.of(await start_campaign(caller, CampaignId(id)))


@post("/campaigns/{id:uuid}/pause", status_code=200, guards=MANAGE, tags=TAGS)
async def pause_campaign(caller: Asking, id: FromPath[UUID], pause_campaign: FromDishka[PauseCampaign]) -> CampaignView:
    """Pause it (ADMIN): what waits in the lanes, a second's worth, still goes."""
    return CampaignView.of(await pause_campaign(caller, CampaignId(id)))


@post("/campaigns/{id:uuid}/resume", status_code=200, guards=MANAGE, tags=TAGS)
async def resume_campaign(
    caller: Asking, id: FromPath[UUID], resume_campaign: FromDishka[ResumeCampaign]
) -> CampaignView:
    """Go on with those who wait (ADMIN)."""
    return CampaignView.of(await resume_campaign(caller, CampaignId(id)))


@post("/campaigns/{id:uuid}/cancel", status_code=200, guards=MANAGE, tags=TAGS)
async def cancel_campaign(
    caller: Asking, id: FromPath[UUID], cancel_campaign: FromDishka[CancelCampaign]
) -> CampaignView:
    """End it for good (ADMIN): those who wait get nothing."""
    return CampaignView.of(await cancel_campaign(caller, CampaignId(id)))


@delete("/campaigns/{id:uuid}", guards=MANAGE, tags=TAGS)
async def delete_campaign(caller: Asking, id: FromPath[UUID], delete_campaign: FromDishka[DeleteCampaign]) -> None:
    """Delete it with the list of its recipients (ADMIN); its messages stay in their conversations. 409 while it runs or
    is paused."""
    await delete_campaign(caller, CampaignId(id))


def _id(cursor: str | None) -> CampaignId | None:
    try:
        return CampaignId(UUID(cursor)) if cursor else None
    except ValueError:
        raise Invalid.field("cursor", "is not a cursor of this list") from None


def _statuses(text: str | None) -> list[CampaignStatus]:
    try:
        return [CampaignStatus(word.strip().upper()) for word in (text or "").split(",") if word.strip()]
    except ValueError:
        raise Invalid.field("status", f"must be of {', '.join(CampaignStatus)}") from None


HANDLERS = [
    *(list_campaigns, create_campaign, match_audience, get_campaign, list_recipients),
    *(start_campaign, pause_campaign, resume_campaign, cancel_campaign, delete_campaign),
]
