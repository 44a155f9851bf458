"""Settle who receives a campaign that has begun: the company's contacts, thousands at a time. However many there are,
nobody waits for all of them, and it can be paused in between."""

from datetime import datetime

from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.campaigns.campaign import Campaign
from whatsapp_hub.domain.campaigns.pace import next_count
from whatsapp_hub.domain.campaigns.recipient import Counts

AT_ONCE = 5_000
"""Contacts that one transaction looks at: a fraction of a second."""


async def settle(uow: UnitOfWork, campaign: Campaign, now: datetime) -> Counts | None:
    """Look at the next contacts, and store the campaign, which is locked or new; return its counts when all have been
    looked at, None before."""
    if campaign.enlisted_to is not None:
        campaign.enlisted_to = await uow.campaigns.enlist(campaign, campaign.enlisted_to, AT_ONCE)
    await uow.campaigns.save(campaign, next_count(campaign, now))
    return await uow.campaigns.count(campaign.id) if campaign.enlisted_to is None else None
