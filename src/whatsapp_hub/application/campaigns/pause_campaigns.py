"""Campaigns that pause by themselves: the number, its account or the template is in trouble."""

from collections.abc import Mapping
from datetime import datetime

from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.campaigns.campaign import Pause
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import AlertKind
from whatsapp_hub.domain.templates.template import TemplateNews

ALARMS: Mapping[AlertKind, Pause] = {
    AlertKind.NUMBER_QUALITY: Pause.NUMBER_QUALITY,
    AlertKind.ACCOUNT_RESTRICTED: Pause.ACCOUNT_RESTRICTED,
    AlertKind.ACCOUNT_DISABLED: Pause.ACCOUNT_RESTRICTED,
    AlertKind.BANNED: Pause.ACCOUNT_RESTRICTED,
    AlertKind.SENDING_STOPPED: Pause.SENDING_STOPPED,
}
"""Alarms, where they are more than information, that pause what runs over the number."""
_LOW = "RED"


async def pause_campaigns(uow: UnitOfWork, session_id: SessionId, kind: AlertKind, detail: str, now: datetime) -> None:
    """Pause what runs over a session, for an alarm of these."""
    if why := ALARMS.get(kind):
        for campaign in await uow.campaigns.running_on(session_id):
            campaign.halt(why, now, detail)
            await uow.campaigns.save(campaign)


async def pause_for_template(uow: UnitOfWork, session_id: SessionId, news: TemplateNews, now: datetime) -> None:
    """Pause what sends a template that WhatsApp has just paused, disabled or found of low quality."""
    if news.quality != _LOW and not news.is_refused:
        return
    why = Pause.TEMPLATE_PAUSED if news.is_refused else Pause.TEMPLATE_QUALITY
    for campaign in await uow.campaigns.running_on(session_id):
        if (campaign.wording.name, campaign.wording.language) == (news.name, news.language):
            campaign.halt(why, now, news.status if news.is_refused else news.quality)
            await uow.campaigns.save(campaign)
