"""Campaigns in memory: each person once, in pace, stopped by trouble, counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.campaigns.campaigning import (
    ALL,
    HELLO,
    NAMED,
    created,
    fill,
    hears,
    people,
    runs,
    shown,
    started,
    states,
    with_catalogue,
)
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.campaigns import manage_campaigns
from whatsapp_hub.application.campaigns.fill_campaigns import FillCampaigns
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
from whatsapp_hub.application.campaigns.opt_out import OptContactOut
from whatsapp_hub.application.campaigns.show_campaigns import (
    CountCampaigns,
    ListCampaigns,
)
from whatsapp_hub.application.contacts.edit_contact import BlockContact, ContactChanges, EditContact
from whatsapp_hub.application.ports.provider.events import AlarmSeen, Price, ReceiptSeen, TemplateSeen
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.application.templates.fetch_templates import SyncTemplates
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import CampaignStatus, Pause, Wording
from whatsapp_hub.domain.campaigns.recipient import RecipientState
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound, NotSupported, Rejected
from whatsapp_hub.domain.ids import CampaignId
from whatsapp_hub.domain.messaging.capabilities import Feature, Rate
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.session import AlertKind, Severity
from whatsapp_hub.domain.templates.template import TemplateNews


@pytest.fixture(autouse=True)
async def catalogue(office: Office) -> None:
    await with_catalogue(office)


class TestWriting:
    async def test_everyone_gets_it_once_with_what_is_theirs(self, office: Office) -> None:
        await people(office, 3)
        campaign = await started(office)
        assert sorted(await runs(office)) == [f"Olá P{n}, promoção!" for n in range(3)]
        assert await runs(office) == []
        now, counts = await shown(office, campaign)
        assert (now.status, counts.sent, counts.total) == (CampaignStatus.COMPLETED, 3, 3)
        assert [t for t in office.told() if t.startswith("campaign.")] == [
            "campaign.created",
            "campaign.started",
            "campaign.completed",
        ]

    async def test_it_opens_no_work_for_agents_and_an_answer_does(self, office: Office) -> None:
        phone = a_phone()
        await office.world.contact(phone)
        campaign = await started(office)
        await runs(office)
        assert not (await office.round(phone)).is_live
        office.clock.pass_(minutes=1)
        await office.department()
        assert (await office.writes(phone, "Quero!")).is_live
        assert (await shown(office, campaign))[1].answered == 1

    async def test_it_goes_into_the_live_conversation_of_one_who_is_served(self, office: Office) -> None:
        conversation = await office.writes(a_phone(), "Oi", content=text("Oi"))
        await office.sends()
        await started(office, Audience((conversation.contact_id,)))
        assert len(await runs(office)) == 1
        now = await office.get(conversation)
        assert (now.is_live, now.waiting_since) == (True, conversation.waiting_since)

    async def test_a_second_campaign_is_another(self, office: Office) -> None:
        await people(office, 2)
        await started(office)
        await started(office)
        assert len(await runs(office)) == 4

    async def test_who_blocked_opted_out_or_lacks_a_field_is_left_out_with_the_reason(self, office: Office) -> None:
        one, two, three, four = await people(office, 4)
        campaign = await created(
            office, ALL, [{"type": "body", "parameters": [{"type": "text", "text": "{{fields.rota}}"}]}]
        )
        for contact in (one, two, three):
            await office.use(EditContact)(office.admin, contact.id, ContactChanges(fields={"rota": "7"}))
        await office.use(BlockContact)(office.admin, one.id, blocked=True)
        await office.use(OptContactOut)(office.admin, two.id, out=True)
        count = await office.use(MatchAudience)(office.admin, ALL)
        assert (count.matched, count.opted_out, count.blocked, count.receive) == (4, 1, 1, 2)
        await office.use(StartCampaign)(office.admin, campaign.id)
        assert await runs(office) == ["Olá 7, promoção!"]
        assert await states(office, campaign) == {
            one.id: ("SKIPPED", "blocked"),
            two.id: ("SKIPPED", "opted_out"),
            three.id: ("QUEUED", None),
            four.id: ("SKIPPED", "missing_field"),
        }
        reasons = (await shown(office, campaign))[1].reasons
        assert reasons == {"blocked": 1, "opted_out": 1, "missing_field": 1}

    async def test_a_filter_holds_who_carries_all_of_it_when_it_starts(self, office: Office) -> None:
        one, two, three = await people(office, 3)
        edit = office.use(EditContact)
        await edit(office.admin, one.id, ContactChanges(add=["VIP", "sul"], fields={"rota": "7"}))
        await edit(office.admin, two.id, ContactChanges(add=["vip"], fields={"rota": "8"}))
        campaign = await created(office, Audience(labels=("vip",), fields={"rota": "7"}))
        await edit(office.admin, three.id, ContactChanges(add=["vip"], fields={"rota": "7"}))
        await office.use(StartCampaign)(office.admin, campaign.id)
        assert set(await states(office, campaign)) == {one.id, three.id}

    async def test_two_who_turn_out_to_be_one_get_it_once(self, office: Office) -> None:
        """Before it reached either, and after it reached one."""
        phone = a_phone()
        one = await office.world.contact(phone)
        other = (await office.done(lambda uow: _lid(uow, office, "777"))).contacts[0][0]
        campaign = await started(office, Audience((one.id, other.id)))
        await office.done(lambda uow: uow.contacts.merge(one.id, other.id, office.clock()))
        assert len(await runs(office)) == 1
        assert len(await states(office, campaign)) == 1
        third, fourth = await people(office, 2)
        again = await started(office, Audience((third.id, fourth.id)))
        await fill(office, {LINE: Pacing(Rate(1.0), None)})
        [written] = [id for id, (state, _) in (await states(office, again)).items() if state == "QUEUED"]
        [waits] = {third.id, fourth.id} - {written}
        await office.done(lambda uow: uow.contacts.merge(waits, written, office.clock()))
        assert len(await runs(office)) == 1
        assert list(await states(office, again)) == [waits]


async def _lid(uow: Any, office: Office, lid: str) -> Any:
    from whatsapp_hub.application.ports.storage.contacts import Sighting

    return await uow.contacts.find_or_create([Sighting((Identity.lid(lid),), "L")], office.clock())


class TestPace:
    async def test_no_more_than_a_second_s_worth_stands_before_an_agent_s_answer(self, office: Office) -> None:
        conversation = await office.writes(a_phone(), "Oi")
        await office.sends()
        await people(office, 20)
        await started(office)
        paced = {LINE: Pacing(Rate(0.2), None)}
        await fill(office, paced)
        assert len(await office.sends()) == 5
        await office.use(SendMessage)(office.admin, conversation.id, text("Já vou"))
        await fill(office, paced)
        assert len(await office.sends()) == 5  # one less of the campaign
        await fill(office, paced)
        await fill(office, paced)
        assert len(await office.sends()) == 5

    async def test_two_campaigns_share_it(self, office: Office) -> None:
        await people(office, 20)
        first, second = await started(office), await started(office)
        await office.use(FillCampaigns, pacing={LINE: Pacing(Rate(0.1), None)})(office.id)
        queued = [
            [state for state, _ in (await states(office, one)).values()].count("QUEUED") for one in (first, second)
        ]
        assert queued == [5, 3]

    async def test_so_many_run_and_no_more(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(manage_campaigns, "MOST_ACTIVE", 2)
        await people(office, 1)
        first, _ = await started(office), await started(office)
        third = await created(office)
        with pytest.raises(Conflict, match="end one of them"):
            await office.use(StartCampaign)(office.admin, third.id)
        with pytest.raises(Conflict, match="end one of them"):
            await created(office, starts_at=office.clock() + timedelta(hours=1))
        await office.use(CancelCampaign)(office.admin, first.id)
        await office.use(StartCampaign)(office.admin, third.id)

    async def test_the_number_s_daily_limit_and_the_campaign_s_hold(self, office: Office) -> None:
        await people(office, 30)
        said = AlarmSeen(AlertKind.ACCOUNT_CHANGED, Severity.INFO, "limits", office.clock(), daily_limit=20)
        await hears(office, said)
        campaign = await started(office, daily_limit=10)
        assert len(await runs(office)) == 10
        again = await started(office)
        assert len(await runs(office)) == 8  # 20 less a tenth, less 10
        office.clock.pass_(hours=25)
        await hears(office, replace(said, at=office.clock(), daily_limit=0))
        assert len(await runs(office)) == 10 + 22
        office.clock.pass_(hours=25)
        await runs(office)
        assert [(await shown(office, one))[0].status for one in (campaign, again)] == [CampaignStatus.COMPLETED] * 2

    async def test_nothing_is_added_while_the_session_is_off(self, office: Office) -> None:
        await people(office, 2)
        campaign = await started(office)
        await office.use(StopSession)(office.admin, office.session.id)
        assert await runs(office) == []
        assert (await shown(office, campaign))[0].status is CampaignStatus.RUNNING


class TestTrouble:
    async def test_an_alarm_about_the_number_pauses_it_and_a_person_resumes_it(self, office: Office) -> None:
        await people(office, 3)
        campaign = await started(office)
        await hears(
            office, AlarmSeen(AlertKind.NUMBER_QUALITY, Severity.WARNING, "the number: flagged", office.clock())
        )
        assert await runs(office) == []
        now, _ = await shown(office, campaign)
        assert (now.status, now.pause, now.pause_detail) == (
            CampaignStatus.PAUSED,
            Pause.NUMBER_QUALITY,
            "the number: flagged",
        )
        await office.use(ResumeCampaign)(office.admin, campaign.id)
        assert len(await runs(office)) == 3

    @pytest.mark.parametrize(
        ("news", "why"),
        [
            (replace(HELLO, status="PAUSED"), Pause.TEMPLATE_PAUSED),
            (replace(HELLO, status=None, quality="RED"), Pause.TEMPLATE_QUALITY),
        ],
    )
    async def test_a_template_in_trouble_pauses_it(self, office: Office, news: TemplateNews, why: Pause) -> None:
        await people(office, 1)
        campaign = await started(office)
        other = await started(office)
        await hears(office, TemplateSeen(replace(news, name="bye"), office.clock()))
        assert (await shown(office, other))[0].status is CampaignStatus.RUNNING
        await hears(office, TemplateSeen(news, office.clock()))
        assert (await shown(office, campaign))[0].pause is why
        if why is Pause.TEMPLATE_PAUSED:
            with pytest.raises(Invalid):
                await office.use(ResumeCampaign)(office.admin, campaign.id)

    async def test_a_template_that_the_catalogue_lost_pauses_it(self, office: Office) -> None:
        await people(office, 1)
        campaign = await started(office)
        office.clock.pass_(minutes=1)
        office.line.catalogue = [replace(HELLO, name="bye")]
        await office.use(SyncTemplates)(office.admin, office.session.id)
        assert await runs(office) == []
        assert (await shown(office, campaign))[0].pause is Pause.TEMPLATE_PAUSED

    async def test_a_number_that_may_send_no_more_pauses_it(self, office: Office) -> None:
        await people(office, 2)
        campaign = await started(office)
        office.line.fails = [Rejected("131048", "spam", alert=True, stops=True)]
        await fill(office, {LINE: Pacing(Rate(1.0), None)})
        await office.sends()
        assert (await shown(office, campaign))[0].pause is Pause.SENDING_STOPPED

    async def test_a_session_that_is_deleted_ends_it(self, office: Office) -> None:
        await people(office, 1)
        campaign = await started(office)
        await office.use(DeleteSession)(office.admin, office.session.id)
        await fill(office)
        assert (await shown(office, campaign))[0].status is CampaignStatus.CANCELLED

    async def test_a_number_without_templates_is_refused(self, office: Office) -> None:
        plugin = office.plugins[LINE]
        plugin.capabilities = replace(plugin.capabilities, features=frozenset({Feature.REPLY}))
        with pytest.raises(NotSupported, match="templates"):
            await created(office)

    async def test_one_that_loses_its_templates_pauses(self, office: Office) -> None:
        await people(office, 1)
        campaign = await started(office)
        plugin = office.plugins[LINE]
        plugin.capabilities = replace(plugin.capabilities, features=frozenset({Feature.REPLY}))
        await fill(office)
        assert (await shown(office, campaign))[0].pause is Pause.NO_TEMPLATES


class TestSteering:
    async def test_it_begins_at_its_time(self, office: Office) -> None:
        await people(office, 1)
        campaign = await created(office, starts_at=office.clock() + timedelta(hours=1))
        assert await runs(office) == []
        office.clock.pass_(hours=1)
        assert office.id in await office.storage.directory.tenants_with_campaigns()
        assert len(await runs(office)) == 1
        assert (await shown(office, campaign))[0].started_at == office.clock()

    async def test_it_is_paused_resumed_cancelled_and_deleted(self, office: Office) -> None:
        await people(office, 3)
        campaign = await started(office)
        await fill(office, {LINE: Pacing(Rate(1.0), None)})
        assert len(await office.sends()) == 1
        await office.use(PauseCampaign)(office.admin, campaign.id)
        assert await runs(office) == []
        await office.use(ResumeCampaign)(office.admin, campaign.id)
        await fill(office, {LINE: Pacing(Rate(1.0), None)})
        await office.use(CancelCampaign)(office.admin, campaign.id)
        assert len(await runs(office)) == 1
        with pytest.raises(Conflict):
            await office.use(StartCampaign)(office.admin, campaign.id)
        _, counts = await shown(office, campaign)
        assert (counts.sent, counts.of(RecipientState.WAITING)) == (2, 1)
        await office.use(DeleteCampaign)(office.admin, campaign.id)
        with pytest.raises(NotFound):
            await shown(office, campaign)
        assert await office.use(ListCampaigns)(office.admin, 9, None, []) == []

    async def test_an_audience_of_nobody_and_unknown_contacts_are_refused(self, office: Office) -> None:
        campaign = await created(office)
        with pytest.raises(Conflict, match="nobody"):
            await office.use(StartCampaign)(office.admin, campaign.id)
        with pytest.raises(Invalid) as refused:
            await created(office, Audience((CampaignId(campaign.id),)))  # type: ignore[arg-type] # no contact's
        assert refused.value.flaws[0].pointer == "/audience/contactIds"

    async def test_a_template_that_would_be_refused_is(self, office: Office) -> None:
        with pytest.raises(Invalid) as refused:
            await created(office, ALL, ())
        assert refused.value.flaws[0].pointer == "/template/components"

    async def test_it_takes_the_right_to(self, office: Office) -> None:
        agent = office.as_(await office.person())
        plan = Plan("x", office.session.id, Wording("hello", "pt_BR", NAMED), ALL)
        with pytest.raises(Forbidden):
            await office.use(CreateCampaign)(agent, plan)

    async def test_the_list_is_cut_into_pages_and_states(self, office: Office) -> None:
        await people(office, 1)
        one, two = await created(office), await started(office)
        listed = office.use(ListCampaigns)
        assert [c.id for c, _ in await listed(office.admin, 9, None, [])] == [two.id, one.id]
        assert [c.id for c, _ in await listed(office.admin, 9, two.id, [])] == [one.id]
        assert [c.id for c, _ in await listed(office.admin, 9, None, [CampaignStatus.RUNNING])] == [two.id]


class TestCounting:
    async def test_receipts_failures_answers_and_charges_are_counted(self, office: Office) -> None:
        phones = [a_phone() for _ in range(4)]
        for phone in phones:
            await office.world.contact(phone)
        campaign = await started(office)
        await runs(office)
        ids = {m.chat: f"line.{n}" for n, m in enumerate(office.line.sent, start=1)}
        office.clock.pass_(minutes=1)
        at, price = office.clock(), Price("marketing", "regular", is_billable=True)
        stopped = Failure("131050", "stopped")
        await hears(
            office,
            ReceiptSeen(ids[phones[0]], MessageStatus.READ, at, price=price),
            ReceiptSeen(ids[phones[1]], MessageStatus.DELIVERED, at, price=price._replace(is_billable=False)),
            ReceiptSeen(ids[phones[2]], MessageStatus.FAILED, at, stopped),
        )
        await office.writes(phones[0], "Quero")
        await office.use(CountCampaigns)(office.id)
        [(now, counts)] = await office.use(ListCampaigns)(office.admin, 9, None, [])
        assert now.id == campaign.id
        assert (counts.sent, counts.delivered, counts.read, counts.answered) == (3, 2, 1, 1)
        assert (counts.reasons, counts.billable, counts.free) == ({"131050": 1}, 1, 1)
        contact = await office.world.contact(phones[2])
        async with office.world.uow() as uow:
            kept = (await uow.contacts.get(contact.id)).card.opted_out
        assert kept
        assert (kept.reason.value, kept.detail) == ("provider", "131050")

    async def test_it_is_counted_for_a_month(self, office: Office) -> None:
        await people(office, 1)
        await started(office)
        await runs(office)
        for _ in range(3):
            office.clock.pass_(days=11)
            await office.use(CountCampaigns)(office.id)
        office.clock.pass_(days=1)
        assert office.id not in await office.storage.directory.tenants_with_campaigns()
