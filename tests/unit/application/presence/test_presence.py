"""Presence: who is there gets the queue, who leaves hands over, who falls silent is gone."""

from __future__ import annotations

import pytest

from tests.unit.application.office import Office
from whatsapp_hub.application.presence.set_presence import ExpirePresence, Heartbeat, SetPresence
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.errors import Forbidden


async def test_who_comes_online_gets_what_waits(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales, status=OnlineStatus.OFFLINE)
    conversation = await office.queued(sales)
    await office.use(SetPresence)(office.as_(ana), OnlineStatus.ONLINE)
    assert (await office.get(conversation)).assigned_user_id == ana.id
    assert "user.presence" in office.told()


async def test_who_goes_offline_hands_their_conversations_over(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    conversation = await office.queued(sales)
    bia = await office.person(sales)
    gone = await office.use(SetPresence)(office.as_(ana), OnlineStatus.OFFLINE)
    assert gone.online_status is OnlineStatus.OFFLINE
    assert (await office.get(conversation)).assigned_user_id == bia.id
    assert not (await office.user(ana)).hands_over


async def test_who_is_busy_keeps_what_they_have_and_gets_nothing_new(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    kept = await office.queued(sales)
    await office.use(SetPresence)(office.as_(ana), OnlineStatus.BUSY)
    assert (await office.get(kept)).assigned_user_id == ana.id
    assert (await office.queued(sales)).is_queued


async def test_who_falls_silent_is_offline_unless_they_beat(office: Office) -> None:
    sales = await office.department()
    silent, alive = await office.person(sales), await office.person(sales)
    conversation = await office.queued(sales)
    office.clock.pass_(minutes=10)
    await office.use(Heartbeat)(office.as_(alive))
    assert await office.use(ExpirePresence)(office.id) == 1
    assert (await office.user(silent)).online_status is OnlineStatus.OFFLINE
    assert (await office.user(alive)).online_status is OnlineStatus.ONLINE
    assert (await office.get(conversation)).assigned_user_id == alive.id


async def test_a_program_has_no_presence(office: Office) -> None:
    with pytest.raises(Forbidden):
        await office.use(SetPresence)(office.admin, OnlineStatus.ONLINE)
