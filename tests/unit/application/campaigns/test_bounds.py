"""However many campaigns, contacts and fields a company has, no piece of work depends on them, and others go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.application.campaigns.campaigning import (
    ALL,
    FREE,
    created,
    fill,
    people,
    runs,
    shown,
    started,
    states,
    with_catalogue,
)
from tests.unit.application.office import LINE, Office
from whatsapp_hub.adapters.memory.repositories.campaigns import MemoryCampaigns
from whatsapp_hub.application.campaigns import fill_campaigns, manage_campaigns, settle_recipients, show_campaigns
from whatsapp_hub.application.campaigns.fill_campaigns import FillCampaigns
from whatsapp_hub.application.campaigns.manage_campaigns import (
    CancelCampaign,
    DeleteCampaign,
    PauseCampaign,
    ResumeCampaign,
    StartCampaign,
)
from whatsapp_hub.application.campaigns.show_campaigns import CountCampaigns
from whatsapp_hub.application.contacts.edit_contact import ContactChanges, EditContact
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import CampaignStatus
from whatsapp_hub.domain.campaigns.pace import WHILE_PAUSED, WHILE_RUNNING
from whatsapp_hub.domain.errors import Conflict, Invalid, TookTooLong
from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.contact import FIELD_LENGTH
from whatsapp_hub.domain.messaging.pacing import Pacing


@pytest.fixture(autouse=True)
async def catalogue(office: Office) -> None:
    await with_catalogue(office)


def body(*texts: str) -> list[object]:
    return [{"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}]


class TestHowMany:
    async def test_those_that_are_to_start_later_count_too(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(manage_campaigns, "MOST_ACTIVE", 2)
        await people(office, 1)
        later = office.clock() + timedelta(hours=1)
        first = await created(office, starts_at=later)
        await created(office, starts_at=later)
        third = await created(office)
        for refused in (created(office, starts_at=later), office.use(StartCampaign)(office.admin, third.id)):
            with pytest.raises(Conflict, match="end one of them"):
                await refused
        await office.use(StartCampaign)(office.admin, first.id)
        await office.use(PauseCampaign)(office.admin, first.id)
        await office.use(StartCampaign)(office.admin, third.id)
        with pytest.raises(Conflict, match="end one of them"):
            await office.use(ResumeCampaign)(office.admin, first.id)

    async def test_who_asks_at_once_is_counted_one_after_the_other(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(manage_campaigns, "MOST_ACTIVE", 3)
        await people(office, 1)
        later = office.clock() + timedelta(hours=1)
        asked = (created(office, starts_at=later) for _ in range(8))
        made = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(one, Conflict) for one in made) == 5

    async def test_a_company_has_so_many_campaigns_and_recipients_until_it_deletes_some(self, office: Office) -> None:
        await people(office, 3)
        await office.done(lambda uow: _allow(uow, {Quota.CAMPAIGNS: 3, Quota.RECIPIENTS: 4}))
        one, two, three = [await created(office) for _ in range(3)]
        with pytest.raises(Conflict, match="quota campaigns"):
            await created(office)
        await office.use(DeleteCampaign)(office.admin, three.id)
        for campaign in (one, two):
            await office.use(StartCampaign)(office.admin, campaign.id)
        with pytest.raises(Conflict, match="quota campaignRecipients"):
            await created(office)
        await office.use(CancelCampaign)(office.admin, one.id)
        await office.use(DeleteCampaign)(office.admin, one.id)
        await created(office)

    async def test_many_that_are_due_at_once_take_several_pieces_and_each_has_its_turn(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fill_campaigns, "TURN_S", 0)
        await people(office, 2)
        later = office.clock() + timedelta(hours=1)
        campaigns = [await created(office, starts_at=later) for _ in range(6)]
        office.clock.pass_(hours=1)
        filling = office.use(FillCampaigns, pacing=FREE)
        for pieces in range(1, 7):
            assert await filling(office.id)
            begun = [(await shown(office, one))[0].has_begun for one in campaigns]
            assert begun.count(True) == pieces
        assert len(await runs(office)) == 12


async def _allow(uow: Any, quotas: dict[Quota, int]) -> None:
    tenant = await uow.tenants.own()
    tenant.quotas = quotas
    await uow.tenants.save(tenant)


class TestSettling:
    async def test_contacts_are_looked_at_some_at_a_time_and_nobody_is_written_to_before_all_are(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settle_recipients, "AT_ONCE", 2)
        await people(office, 5)
        campaign = await started(office)
        assert len(await states(office, campaign)) == 2
        filling = office.use(FillCampaigns, pacing=FREE)
        for looked_at in (4, 5):
            assert await office.sends() == []
            assert await filling(office.id)
            assert len(await states(office, campaign)) == looked_at
        assert len(await runs(office)) == 5
        assert (await shown(office, campaign))[0].status is CampaignStatus.COMPLETED

    async def test_it_can_be_paused_in_between_and_goes_on_where_it_was(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settle_recipients, "AT_ONCE", 2)
        await people(office, 5)
        campaign = await started(office)
        await office.use(PauseCampaign)(office.admin, campaign.id)
        await fill(office)
        assert len(await states(office, campaign)) == 2
        await office.use(ResumeCampaign)(office.admin, campaign.id)
        assert len(await runs(office)) == 5

    async def test_one_for_nobody_among_very_many_ends_at_once(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settle_recipients, "AT_ONCE", 2)
        await people(office, 5)
        campaign = await started(office, Audience(labels=("nobody",)))
        assert await runs(office) == []
        assert (await shown(office, campaign))[0].status is CampaignStatus.COMPLETED


class TestTroubleOfOne:
    async def test_one_that_cannot_begin_or_be_filled_stops_no_other(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await people(office, 2)
        later = office.clock() + timedelta(hours=1)
        bad = await created(office, starts_at=later)
        good = await created(office, starts_at=later)
        whole = MemoryCampaigns.enlist

        async def enlist(self: MemoryCampaigns, campaign: Any, *given: Any) -> Any:
            if campaign.id == bad.id:
                raise KeyError("a fault")
            return await whole(self, campaign, *given)

        monkeypatch.setattr(MemoryCampaigns, "enlist", enlist)
        office.clock.pass_(hours=1)
        assert len(await runs(office)) == 2
        assert (await shown(office, good))[0].status is CampaignStatus.COMPLETED
        assert (await shown(office, bad))[0].status is CampaignStatus.SCHEDULED

    async def test_it_is_left_alone_for_a_while(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        await people(office, 1)
        await started(office)
        tries = 0

        async def waiting(*_: Any) -> Any:
            nonlocal tries
            tries += 1
            raise KeyError("a fault")

        monkeypatch.setattr(MemoryCampaigns, "waiting", waiting)
        filling = office.use(FillCampaigns, pacing=FREE)
        for _ in range(3):
            assert not await filling(office.id)
        assert tries == 1


class TestLongWords:
    async def test_fields_of_an_audience_are_bounded_as_contacts_are(self) -> None:
        for fields in ({"a" * 65: "x"}, {"a": "x" * (FIELD_LENGTH + 1)}, {"a": "\0"}, {"\0": "x"}):
            with pytest.raises(Invalid) as refused:
                Audience.of(None, [], fields, everybody=False)
            assert refused.value.flaws[0].pointer.startswith("/audience/fields/")

    async def test_who_has_words_that_are_too_long_for_a_message_is_left_out(self, office: Office) -> None:
        one, two = await people(office, 2)
        for contact, words in ((one, "x" * 600), (two, "x" * 500)):
            await office.use(EditContact)(office.admin, contact.id, ContactChanges(fields={"a": words}))
        campaign = await started(office, ALL, body("{{fields.a}} {{fields.a}}"))
        assert len(await runs(office)) == 1
        assert (await states(office, campaign))[one.id] == ("SKIPPED", "not_filled")

    async def test_names_in_braces_are_so_many(self, office: Office) -> None:
        with pytest.raises(Invalid, match="250 names"):
            await created(office, ALL, body("{{name}}" * 251))


class TestCounting:
    async def test_a_paused_one_is_counted_less_and_less(self, office: Office) -> None:
        await people(office, 3)
        campaign = await started(office)
        await fill(office, {LINE: Pacing(Rate(1.0), None)})
        await office.use(PauseCampaign)(office.admin, campaign.id)
        apart = []
        for age in (timedelta(minutes=5), timedelta(hours=3), timedelta(days=3), timedelta(days=50)):
            office.clock.pass_(seconds=age.total_seconds())
            await office.use(CountCampaigns)(office.id)
            apart.append(await next_look(office))
        assert apart == [timedelta(seconds=15), timedelta(minutes=2), timedelta(hours=1), WHILE_PAUSED]
        await office.use(ResumeCampaign)(office.admin, campaign.id)
        assert await next_look(office) == WHILE_RUNNING

    async def test_one_that_takes_too_long_is_put_off_and_stops_no_other(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await people(office, 1)
        bad, good = await started(office), await started(office)
        await runs(office)
        office.clock.pass_(minutes=1)
        whole = MemoryCampaigns.follow

        async def follow(self: MemoryCampaigns, campaign: Any, within_s: float) -> Any:
            if campaign.id == bad.id:
                raise TookTooLong("a very long list")
            return await whole(self, campaign, within_s)

        monkeypatch.setattr(MemoryCampaigns, "follow", follow)
        await office.use(CountCampaigns)(office.id)
        assert (await shown(office, good))[1].sent == 1
        assert office.id not in await office.storage.directory.tenants_with_campaigns()
        office.clock.pass_(hours=1)
        assert office.id in await office.storage.directory.tenants_with_campaigns()

    async def test_many_that_are_due_take_several_pieces(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(show_campaigns, "TURN_S", 0)
        await people(office, 1)
        for _ in range(3):
            await started(office)
        office.clock.pass_(minutes=1)
        count = office.use(CountCampaigns)
        assert [await count(office.id) for _ in range(4)] == [True, True, False, False]


async def next_look(office: Office) -> timedelta:
    from whatsapp_hub.adapters.memory.repositories.campaigns import CAMPAIGNS

    async with office.world.uow() as uow:
        [stored] = uow.campaigns._rows.each(CAMPAIGNS)
    assert stored.count_at
    return stored.count_at - office.clock()
