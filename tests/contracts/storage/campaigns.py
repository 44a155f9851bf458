"""Campaigns and their recipients: a row and its message change together, and each person is in one once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.contracts.storage.world import NOW, World, a_phone, new_id
from whatsapp_hub.application.ports.queues.inbox import Charge
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause, Wording
from whatsapp_hub.domain.campaigns.opt_out import OptOut, OptOutReason
from whatsapp_hub.domain.campaigns.recipient import RecipientState, Skip, Taken
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import CampaignId, ContactId, MessageId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Message, MessageStatus

NAMED = ({"type": "body", "parameters": [{"type": "text", "text": "{{name}} ☀"}]},)
EVERYBODY = Audience(everybody=True)


def a_campaign(world: World, audience: Audience = EVERYBODY, **more: Any) -> Campaign:
    ids = CampaignId(new_id()), world.tenant.id, world.session.id
    return Campaign(*ids, "Natal", Wording("hello", "pt_BR", NAMED), audience, NOW, **more)


async def running(world: World, *contacts: Contact) -> Campaign:
    audience = Audience(tuple(c.id for c in contacts)) if contacts else EVERYBODY
    campaign = a_campaign(world, audience, status=CampaignStatus.RUNNING, started_at=NOW)
    await world.done(lambda uow: uow.campaigns.add(campaign))
    return campaign


async def labelled(world: World, *labels: str, **fields: str) -> Contact:
    made = await world.contact(a_phone())

    async def keep(uow: Any) -> Contact:
        contact: Contact = await uow.contacts.get(made.id)
        contact.keep(contact.card.labelled(labels).filled(fields), NOW)
        await uow.contacts.save([contact])
        return contact

    kept: Contact = await world.done(keep)
    return kept


async def taken(world: World, campaign: Campaign, *what: Taken) -> None:
    await world.done(lambda uow: uow.campaigns.take(campaign.id, what))


async def listed(world: World, campaign: Campaign) -> dict[ContactId, RecipientState]:
    async with world.uow() as uow:
        found = await uow.campaigns.recipients(campaign.id, 99, None, None)
    return {one.contact_id: one.state for one in found}


async def enlisted(world: World, campaign: Campaign) -> set[ContactId]:
    """All who are in it, once every contact was looked at."""
    upto: ContactId | None = ContactId(UUID(int=0))
    while upto is not None:
        upto = await world.done(lambda uow, after=upto: uow.campaigns.enlist(campaign, after, 500))
    return set(await listed(world, campaign))


async def written(world: World, campaign: Campaign, contact: Contact, **more: Any) -> Message:
    """A recipient whose message is written."""
    conversation = world.make_conversation(contact)
    await world.done(lambda uow: uow.conversations.add([conversation]))
    message = await world.add_message(conversation, **more)
    await taken(world, campaign, Taken(contact.id, message.id))
    return message


class CampaignContract:
    async def test_it_comes_back_as_it_was_stored_without_the_names_of_a_list(self, world: World) -> None:
        one, two = await world.contact(a_phone()), await world.contact(a_phone())
        listing = a_campaign(world, Audience((one.id, two.id)), daily_limit=9, starts_at=NOW, created_by=None)
        filtering = a_campaign(world, Audience(labels=("vip",), fields={"rota": "7"}))
        for campaign in (listing, filtering):
            await world.done(lambda uow, c=campaign: uow.campaigns.add(c))
        async with world.uow() as uow:
            assert await uow.campaigns.get(listing.id) == replace(listing, audience=Audience(named=2))
            assert await uow.campaigns.peek(filtering.id) == filtering
            with pytest.raises(NotFound):
                await uow.campaigns.peek(CampaignId(new_id()))
        assert await listed(world, listing) == dict.fromkeys((one.id, two.id), RecipientState.WAITING)
        assert await listed(world, filtering) == {}

    async def test_its_state_is_saved_and_it_is_found_by_it(self, world: World) -> None:
        campaign = a_campaign(world, status=CampaignStatus.RUNNING, started_at=NOW)
        due = a_campaign(world, status=CampaignStatus.SCHEDULED, starts_at=NOW)
        later = a_campaign(world, status=CampaignStatus.SCHEDULED, starts_at=NOW + timedelta(days=99_999))
        for one in (campaign, due, later):
            await world.done(lambda uow, c=one: uow.campaigns.add(c))
        assert world.tenant.id in await world.hub.storage.directory.tenants_with_campaigns()
        async with world.uow() as uow:
            assert set(await uow.campaigns.active()) == {(c.id, world.session.id) for c in (campaign, due)}
            assert await uow.campaigns.count_active() == 3
            assert [c.id for c in await uow.campaigns.running_on(world.session.id)] == [campaign.id]
            assert [c.id for c, _ in await uow.campaigns.page(9, None, [])] == [later.id, due.id, campaign.id]
            assert [c.id for c, _ in await uow.campaigns.page(9, due.id, [])] == [campaign.id]
            assert [c.id for c, _ in await uow.campaigns.page(9, None, [CampaignStatus.RUNNING])] == [campaign.id]
        campaign.halt(Pause.NUMBER_QUALITY, NOW, "flagged")
        campaign.enlisted_to = ContactId(new_id())
        await world.done(lambda uow: uow.campaigns.save(campaign))
        async with world.uow() as uow:
            assert await uow.campaigns.peek(campaign.id) == campaign
            assert await uow.campaigns.running_on(world.session.id) == []
        for one in (campaign, due, later):
            await world.done(lambda uow, c=one: uow.campaigns.delete(c))
        assert world.tenant.id not in await world.hub.storage.directory.tenants_with_campaigns()

    async def test_an_audience_is_counted_and_enlisted_once(self, world: World) -> None:
        vip, both = await labelled(world, "Atenção"), await labelled(world, "atencao", "sul", rota="7")
        await labelled(world, "sul")
        whom = Audience(labels=("ATENCAO",))

        async def left_out(uow: Any) -> None:
            contact = await uow.contacts.get(both.id)
            contact.opt_out(OptOut(NOW, OptOutReason.WORD, "sair"))
            await uow.contacts.save([contact])

        await world.done(left_out)
        async with world.uow() as uow:
            assert (await uow.contacts.get(both.id)).card.opted_out == OptOut(NOW, OptOutReason.WORD, "sair")
            assert await uow.campaigns.matching(whom) == AudienceCount(2, 1, 0, 0)
            assert await uow.campaigns.matching(Audience(labels=("atencao", "sul"))) == AudienceCount(1, 1)
            assert await uow.campaigns.matching(Audience(fields={"rota": "8"})) == AudienceCount()
            assert (await uow.campaigns.matching(EVERYBODY)).matched >= 3
            stranger = ContactId(new_id())
            assert await uow.campaigns.unknown([vip.id, stranger]) == {stranger}
        campaign = a_campaign(world, whom)
        await world.done(lambda uow: uow.campaigns.add(campaign))
        for _ in range(2):
            assert await enlisted(world, campaign) == {vip.id, both.id}

    async def test_contacts_are_looked_at_in_steps_behind_one_of_them(self, world: World) -> None:
        word = f"w{new_id()}"
        some = [await labelled(world, word) for _ in range(3)]
        await world.contact(a_phone())
        campaign = a_campaign(world, Audience(labels=(word,)))
        await world.done(lambda uow: uow.campaigns.add(campaign))
        before = ContactId(UUID(int=some[0].id.int - 1))
        upto = await world.done(lambda uow: uow.campaigns.enlist(campaign, before, 2))
        assert upto == some[1].id
        assert set(await listed(world, campaign)) == {some[0].id, some[1].id}
        assert await world.done(lambda uow: uow.campaigns.enlist(campaign, upto, 99)) is None
        assert set(await listed(world, campaign)) == {one.id for one in some}

    async def test_a_list_is_counted_by_its_names(self, world: World) -> None:
        one, two = await labelled(world, "x"), await world.contact(a_phone())
        async with world.uow() as uow:
            assert await uow.campaigns.matching(Audience((one.id, two.id))) == AudienceCount(2)
            assert await uow.campaigns.matching(Audience((one.id, ContactId(new_id())))) == AudienceCount(1)

    async def test_who_counts_those_that_run_is_alone(self, world: World) -> None:
        """Two that each find room for one more would both take it."""

        async def count() -> int:
            async with world.uow() as uow:
                return int(await uow.campaigns.count_active())

        async with world.uow() as uow:
            before = await uow.campaigns.count_active()
            other = asyncio.create_task(count())
            await asyncio.sleep(0.05)
            assert not other.done()
            await uow.campaigns.add(a_campaign(world, status=CampaignStatus.RUNNING, started_at=NOW))
            await uow.commit()
        assert await other == before + 1

    async def test_one_transaction_fills_it_at_a_time(self, world: World) -> None:
        campaign = await running(world, await world.contact(a_phone()))
        async with world.uow() as one, world.uow() as other:
            assert await one.campaigns.only_one(campaign.id, "fill")
            assert not await other.campaigns.only_one(campaign.id, "fill")
            assert await other.campaigns.only_one(campaign.id, "count")
        async with world.uow() as other:
            assert await other.campaigns.only_one(campaign.id, "fill")

    async def test_a_recipient_is_taken_once_and_a_rollback_takes_none(self, world: World) -> None:
        one, two = sorted([await world.contact(a_phone()), await world.contact(a_phone())], key=lambda c: c.id)
        campaign = await running(world, one, two)
        async with world.uow() as uow:
            assert await uow.campaigns.waiting(campaign.id, 9) == [one.id, two.id]
            assert await uow.campaigns.hold(campaign.id, [one.id, two.id]) == {one.id, two.id}
            await uow.campaigns.take(campaign.id, [Taken(one.id, MessageId(new_id()))])
        assert await listed(world, campaign) == dict.fromkeys((one.id, two.id), RecipientState.WAITING)
        message = MessageId(new_id())
        await taken(world, campaign, Taken(one.id, message), Taken(two.id, skip=Skip.MISSING_FIELD, detail="name"))
        await taken(world, campaign, Taken(one.id, MessageId(new_id())))
        async with world.uow() as uow:
            found = await uow.campaigns.recipients(campaign.id, 9, None, None)
            assert [(r.state.value, r.reason, r.detail, r.message_id) for r in found] == [
                ("QUEUED", None, None, message),
                ("SKIPPED", "missing_field", "name", None),
            ]
            assert await uow.campaigns.recipients(campaign.id, 9, one.id, None) == found[1:]
            assert await uow.campaigns.recipients(campaign.id, 9, None, RecipientState.QUEUED) == found[:1]
            assert await uow.campaigns.hold(campaign.id, [one.id, two.id]) == set()
            assert await uow.campaigns.written_since(NOW - timedelta(1), world.session.id, campaign.id) == (1, 1)
            assert await uow.campaigns.wrote_to(world.session.id, one.id)
            assert not await uow.campaigns.wrote_to(world.session.id, two.id)

    async def test_a_pause_waits_for_what_is_being_written_and_then_nothing_is(self, world: World) -> None:
        contact = await world.contact(a_phone())
        campaign = await running(world, contact)

        async def pause() -> None:
            async with world.uow() as uow:
                stored = await uow.campaigns.get(campaign.id)
                stored.halt(Pause.HAND, NOW)
                await uow.campaigns.save(stored)
                await uow.commit()

        async with world.uow() as uow:
            assert await uow.campaigns.hold(campaign.id, [contact.id]) == {contact.id}
            pausing = asyncio.create_task(pause())
            await asyncio.sleep(0.05)
            assert not pausing.done()
            await uow.commit()
        await pausing
        async with world.uow() as uow:
            assert await uow.campaigns.hold(campaign.id, [contact.id]) == set()

    async def test_of_two_who_are_one_person_the_further_stays(self, world: World) -> None:
        for first, second, stays in (
            (Taken, None, RecipientState.QUEUED),
            (None, Taken, RecipientState.QUEUED),
            (None, None, RecipientState.WAITING),
        ):
            one, two = await world.contact(a_phone()), await world.contact(a_phone())
            alone = await running(world, two)
            campaign = await running(world, one, two)
            what = [Taken(c.id, MessageId(new_id())) for c, has in ((one, first), (two, second)) if has]
            await taken(world, campaign, *what)
            await world.done(lambda uow, one=one, two=two: uow.contacts.merge(one.id, two.id, NOW))
            assert await listed(world, campaign) == {one.id: stays}
            assert await listed(world, alone) == {one.id: RecipientState.WAITING}

    async def test_recipients_follow_their_messages(self, world: World) -> None:
        people = [await world.contact(a_phone()) for _ in range(4)]
        campaign = await running(world, *people)
        waits, sent, read, failed = people
        await written(world, campaign, sent, status=MessageStatus.SENT, whatsapp_message_id=f"w{new_id()}")
        seen = await written(world, campaign, read, status=MessageStatus.READ, whatsapp_message_id=f"w{new_id()}")
        await written(world, campaign, failed, status=MessageStatus.FAILED, error=Failure("131026", "no"))
        assert seen.whatsapp_message_id
        charge = Charge(world.session.id, seen.whatsapp_message_id, NOW, "marketing", None, True, "BR")
        await world.done(lambda uow: uow.charges.add([charge]))
        for _ in range(2):
            counts = await world.done(lambda uow: uow.campaigns.follow(campaign, 9))
        assert counts == await world.done(lambda uow: uow.campaigns.count(campaign.id))
        assert counts.states == {
            RecipientState.WAITING: 1,
            RecipientState.SENT: 1,
            RecipientState.READ: 1,
            RecipientState.FAILED: 1,
        }
        assert (counts.reasons, counts.billable, counts.free, counts.answered) == ({"131026": 1}, 1, 0, 0)
        assert waits.id in await listed(world, campaign)
        async with world.uow() as uow:
            [(_, kept)] = await uow.campaigns.page(1, None, [])
            assert kept == counts

    async def test_it_is_counted_when_it_is_due(self, world: World) -> None:
        campaign = await running(world, await world.contact(a_phone()))
        async with world.uow() as uow:
            assert await uow.campaigns.to_count(9) == []
        await world.done(lambda uow: uow.campaigns.look_again(campaign.id, NOW))
        async with world.uow() as uow:
            assert await uow.campaigns.to_count(9) == [campaign.id]
        await world.done(lambda uow: uow.campaigns.look_again(campaign.id, None))
        async with world.uow() as uow:
            assert await uow.campaigns.to_count(9) == []

    async def test_a_number_s_daily_limit_is_kept(self, world: World) -> None:
        async with world.uow() as uow:
            assert await uow.campaigns.daily_limit(world.session.id) is None
            await uow.campaigns.limit_daily(world.session.id, 250)
            assert await uow.campaigns.daily_limit(world.session.id) == 250
            await uow.campaigns.limit_daily(world.session.id, None)
            assert await uow.campaigns.daily_limit(world.session.id) is None

    async def test_lanes_say_how_many_wait(self, world: World) -> None:
        conversation = await world.conversation(chat=a_phone())
        await world.enqueue(conversation, "one", "two")
        async with world.uow() as uow:
            assert await uow.lanes.waiting(world.session.id, 9) == 1
            assert await uow.lanes.waiting(world.session.id, 0) == 0
