"""How many messages a campaign may put into the lanes now. Pure.

Lanes send in the order in which they became due, so what a campaign adds stands before what an agent writes a moment
later. Therefore it adds only what the number sends within a second, and nothing while that much of others waits.
"""

from datetime import datetime, timedelta
from math import ceil

from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.messaging.capabilities import Rate

AHEAD_S = 1.0
UNPACED = 200
"""Messages ahead on a number without a rate of its own."""
RESERVED = 10
"""One part in so many of the number's daily limit stays for agents, whose templates count as well."""


def room(rate: Rate | None, waiting: int) -> int:
    """Return how many messages fit before the lanes of a number in which `waiting` are due."""
    ahead = UNPACED if rate is None else max(1, ceil(AHEAD_S / rate.interval_s))
    return max(0, ahead - waiting)


def left_today(number: int | None, own: int | None, by_number: int, by_campaign: int) -> int | None:
    """Return how many people may still be written to within 24 hours; None: no limit. `number`: what WhatsApp allows
    the number, of which campaigns leave a part; `own`: the campaign's; `by_…`: written to in the last 24 hours."""
    limits = []
    if number is not None:
        limits.append(number - ceil(number / RESERVED) - by_number)
    if own is not None:
        limits.append(own - by_campaign)
    return max(0, min(limits)) if limits else None


_LOOKS = (
    (timedelta(hours=1), timedelta(seconds=15)),
    (timedelta(days=1), timedelta(minutes=2)),
    (timedelta(days=30), timedelta(hours=1)),
)
WHILE_RUNNING = timedelta(seconds=3)
WHILE_PAUSED = timedelta(hours=1)
"""After the first month."""
REST = 20
"""Counting one takes at most one part in so many of the time."""


def next_count(campaign: Campaign, now: datetime, took: timedelta = timedelta(0)) -> datetime | None:
    """Return when its recipients are counted next, if counting took so long now: receipts and answers come for weeks,
    fewer and fewer, once it writes to nobody any more; None: no more."""
    if campaign.status is CampaignStatus.RUNNING:
        apart: timedelta | None = WHILE_RUNNING
    else:
        age = now - (campaign.ended_at or campaign.started_at or now)
        ever = None if campaign.ended_at else WHILE_PAUSED
        apart = next((apart for until, apart in _LOOKS if age < until), ever)
    return None if apart is None else now + max(apart, REST * took)
