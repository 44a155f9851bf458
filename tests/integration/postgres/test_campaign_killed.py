"""What fills a campaign is killed, again and again: each person's message is in its lane once, and no one is left
out."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.contracts.storage.campaigns import a_campaign
from tests.contracts.storage.world import NOW, a_phone, seen
from tests.integration.postgres import fill_and_die
from whatsapp_hub.domain.campaigns.campaign import CampaignStatus

from .conftest import World

KILLED = Path(fill_and_die.__file__)
PEOPLE = 140
MOMENTS = (
    ("INTO hub.campaign_recipients", 1),
    ("COMMIT", 1),
    ("FOR NO KEY UPDATE", 20),
    ("COMMIT", 1),
    ("UPDATE hub.campaign_recipients", 1),
    ("messages", 1),
    ("COMMIT", 1),
)
OF_THE_CAMPAIGN = """
    SELECT r.contact_id, r.state, count(m.id) AS messages, count(m.queue_seq) AS queued
    FROM hub.campaign_recipients r LEFT JOIN pooled.messages m ON m.contact_id = r.contact_id
    WHERE r.campaign_id = $1 GROUP BY r.contact_id, r.state"""


async def test_killed_at_any_point_each_person_is_written_to_once(world: World) -> None:
    phones = [a_phone() for _ in range(PEOPLE)]
    await world.done(lambda uow: uow.contacts.find_or_create([seen(phone, name="Ana") for phone in phones], NOW))
    campaign = a_campaign(world)
    campaign.start(NOW)
    await world.done(lambda uow: uow.campaigns.add(campaign))
    for words, nth in MOMENTS:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(KILLED), world.hub.url, str(world.tenant.id), words, str(nth)),
            env={**os.environ, "PYTHONPATH": str(KILLED.parents[3])},
        )
        assert await process.wait() == -9, words
    fill = fill_and_die.filling(world.hub.storage)
    for _ in range(PEOPLE):
        await fill(world.tenant.id)
    rows = await world.hub.owner.fetch(OF_THE_CAMPAIGN, campaign.id)
    assert {(row["state"], row["messages"], row["queued"]) for row in rows} == {("QUEUED", 1, 1)}
    assert len(rows) == PEOPLE
    async with world.uow() as uow:
        assert (await uow.campaigns.peek(campaign.id)).status is CampaignStatus.COMPLETED
