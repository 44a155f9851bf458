"""What tests of campaigns do: people, a campaign to them, filling and sending until nothing more goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.campaigns.fill_campaigns import FillCampaigns
from whatsapp_hub.application.campaigns.manage_campaigns import CreateCampaign, Plan, StartCampaign
from whatsapp_hub.application.campaigns.show_campaigns import ListRecipients, ShowCampaign
from whatsapp_hub.application.templates.fetch_templates import SyncTemplates
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import Campaign, Wording
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.templates.template import TemplateNews

BODY = {"type": "BODY", "text": "Olá {{1}}, promoção!"}
HELLO = TemplateNews("hello", "pt_BR", "17", "APPROVED", "MARKETING", "GREEN", components=(BODY,))
NAMED = ({"type": "body", "parameters": [{"type": "text", "text": "{{name|cliente}}"}]},)
ALL = Audience(everybody=True)
FREE = {LINE: Pacing(None, None)}


async def with_catalogue(office: Office) -> None:
    """The office's session has the template."""
    office.line.catalogue = [HELLO]
    await office.use(SyncTemplates)(office.admin, office.session.id)


async def people(office: Office, n: int) -> list[Contact]:
    return [await office.world.contact(a_phone(), f"P{number}") for number in range(n)]


async def created(
    office: Office, audience: Audience = ALL, components: Sequence[object] = NAMED, **more: Any
) -> Campaign:
    plan = Plan("Natal", office.session.id, Wording("hello", "pt_BR", tuple(components)), audience, **more)
    campaign, _ = await office.use(CreateCampaign)(office.admin, plan)
    return campaign


async def started(office: Office, *given: Any, **more: Any) -> Campaign:
    campaign = await created(office, *given, **more)
    return await office.use(StartCampaign)(office.admin, campaign.id)


async def fill(office: Office, pacing: Any = None) -> None:
    filling = office.use(FillCampaigns, pacing=pacing or FREE)
    while await filling(office.id):
        pass


async def runs(office: Office) -> list[str]:
    """Fill and send until nothing more goes."""
    sent: list[str] = []
    while True:
        await fill(office)
        if not (more := await office.sends()):
            return sent
        sent += more


async def shown(office: Office, campaign: Campaign) -> tuple[Campaign, Any]:
    return await office.use(ShowCampaign)(office.admin, campaign.id)


async def states(office: Office, campaign: Campaign) -> dict[Any, Any]:
    listed = await office.use(ListRecipients)(office.admin, campaign.id, 99, None, None)
    return {r.contact_id: (r.state.value, r.reason) for r in listed}


def hears(office: Office, *events: Any) -> Any:
    return office.sees(office.plugins[LINE].sees("account", *events))
