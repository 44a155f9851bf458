"""From a provider's webhook to messages: stored once, applied in order, set aside where they cannot be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast

import pytest

from tests.contracts.storage.world import World, a_phone, eventually
from tests.unit.application.office import LINE, Office
from whatsapp_hub.adapters.memory.tables.receipts import CHARGES
from whatsapp_hub.adapters.numbering.plans import LibraryPlans
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.operations.housekeeping import Trimming
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    MessageSeen,
    NumberChanged,
    Origin,
    Price,
    RawUpdate,
    ReceiptSeen,
    SessionSeen,
)
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.receiving.accept_webhook import AcceptWebhook, AnswerHandshake
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.application.receiving.receive_events import MAX_TRIES, ReceiveEvents
from whatsapp_hub.application.receiving.warn_unassigned import WarnUnassigned
from whatsapp_hub.application.receiving.write_as_customer import ReadPhone, WriteAsCustomer
from whatsapp_hub.application.routing.hand_off_to_people import HandOffToPeople
from whatsapp_hub.domain.errors import Conflict, NotFound, Scope, Transient, Unauthenticated
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import Session, SessionStatus


async def gateway(office: Office, **settings: object) -> Session:
    return await office.world.add_session(LINE, settings=settings)


class SlowHost:
    """Takes five milliseconds to store what it is given, and counts how long it did nothing else."""

    def __init__(self) -> None:
        self.storing_s, self.stored = 0.0, 0

    async def receive(self, _session: SessionRef, updates: Sequence[RawUpdate]) -> None:
        began = time.monotonic()
        await asyncio.sleep(0.005)
        self.storing_s += time.monotonic() - began
        self.stored += len(updates)


async def waiting(office: Office) -> int:
    async with office.world.uow() as uow:
        return len((await uow.inbox.claim(99)).items)


class TestWebhooks:
    async def test_a_body_is_stored_for_the_session_that_it_names(self, office: Office) -> None:
        session = await gateway(office, phone="49170", secret="s3cret")
        update = office.plugins[LINE].sees("ana", route="phone:49170")
        office.plugins[LINE].webhooks.bodies[b"body"] = [update]
        accept = office.use(AcceptWebhook)
        await accept(LINE, None, {"x-secret": "s3cret"}, b"body")
        await accept(LINE, session.id, {"x-secret": "s3cret"}, b"body")
        assert await waiting(office) == 1
        assert accept.counts.accepted == 2

    async def test_a_body_that_nobody_signed_is_refused(self, office: Office) -> None:
        await gateway(office, phone="49170", secret="s3cret")
        office.plugins[LINE].webhooks.bodies[b"body"] = [office.plugins[LINE].sees("ana", route="phone:49170")]
        with pytest.raises(Unauthenticated):
            await office.use(AcceptWebhook)(LINE, None, {}, b"body")
        with pytest.raises(NotFound):
            await office.use(AcceptWebhook)("NOTHING", None, {}, b"body")
        assert await waiting(office) == 0

    async def test_a_handshake_is_answered_by_the_secret_that_the_operator_set(self, office: Office) -> None:
        session = await gateway(office, phone="49170", secret="s3cret")
        answer = office.use(AnswerHandshake)
        assert await answer(LINE, session.id, {"token": "s3cret", "challenge": "42"}) == "42"
        assert await answer(LINE, session.id, {"token": "wrong", "challenge": "42"}) is None

    async def test_supervisors_hear_once_of_updates_that_two_sessions_claim(self, office: Office) -> None:
        sessions = [await gateway(office, phone="49170") for _ in range(2)]
        targets = (await office.storage.directory.targets(LINE, ["phone:49170"]))["phone:49170"]
        for _ in range(2):
            office.use(WarnUnassigned)(targets)

        async def told() -> bool:
            return len(office.told()) >= len(sessions)

        await eventually(told)
        assert office.told() == ["notification.created"] * 2


class TestApplying:
    async def test_a_message_is_received_once_however_often_it_comes(self, office: Office) -> None:
        phone = a_phone()
        update = office.says(phone, "Oi")
        await office.sees(update)
        again = office.plugins[LINE].sees(phone, *office.plugins[LINE].translate(update.body))
        await office.sees(again)
        conversation = await office.round(phone)
        assert conversation.unread_count == 1
        assert office.told(conversation).count("message.received") == 1

    async def test_receipts_move_a_message_forward_only(self, office: Office) -> None:
        conversation = await office.writes(a_phone(), "Oi")
        message = await office.world.add_message(conversation, status=MessageStatus.SENT, whatsapp_message_id="wamid.1")
        for status in (MessageStatus.READ, MessageStatus.DELIVERED):
            receipt = ReceiptSeen("wamid.1", status, office.clock())
            await office.sees(office.plugins[LINE].sees(conversation.chat, receipt))
        async with office.world.uow() as uow:
            assert (await uow.messages.get(message.id)).status is MessageStatus.READ

    async def test_a_message_is_charged_once_when_it_is_delivered_whichever_receipt_says_so(
        self, office: Office
    ) -> None:
        conversation = await office.writes(a_phone(), "Oi")
        price = Price("marketing", "regular", True, "5511987654321")
        line, receive = office.plugins[LINE], office.use(ReceiveEvents, country_of=LibraryPlans().country)
        for id, status in (
            ("1", MessageStatus.SENT),
            ("2", MessageStatus.SENT),
            ("2", MessageStatus.DELIVERED),
            ("2", MessageStatus.READ),
            ("3", MessageStatus.READ),
        ):
            receipt = ReceiptSeen(id, status, office.clock(), price=price)
            update = line.sees(conversation.chat, receipt)
            await office.world.update(update.body.decode(), update.chat, office.session)
        while await receive(office.id):
            pass
        async with office.storage.database.transaction() as transaction:
            charges = sorted(transaction.of(office.id).each(CHARGES), key=lambda c: c.provider_message_id)
        assert [(c.provider_message_id, c.category, c.country) for c in charges] == [
            ("2", "marketing", "BR"),
            ("3", "marketing", "BR"),
        ]

    async def test_history_opens_no_menu_and_awaits_no_answer(self, office: Office) -> None:
        await office.department("Vendas")
        conversation = await office.writes(a_phone(), "Oi", origin=Origin.HISTORY)
        assert conversation.waiting_since is None
        assert await office.sends() == []

    @pytest.mark.parametrize("is_asked_for", [False, True])
    async def test_a_contacts_status_is_stored_only_where_it_is_asked_for(
        self, office: Office, is_asked_for: bool
    ) -> None:
        session = await gateway(office, statuses=is_asked_for)
        chat = "status@broadcast"
        status = office.says(chat, "Na praia", session, kind=ChatKind.STATUS, chat_names=(Identity.chat(chat),))
        await office.sees(status, session=session)
        assert office.told().count("message.received") == int(is_asked_for)

    async def test_a_customer_who_changed_their_number_stays_the_same(self, office: Office) -> None:
        old, new = a_phone(), a_phone()
        conversation = await office.writes(old, "Oi")
        changed = NumberChanged((Identity.phone(old),), (Identity.phone(new),), office.clock())
        office.clock.pass_(seconds=1)
        said = office.plugins[LINE].translate(office.says(new, "Sou eu").body)
        await office.sees(office.plugins[LINE].sees(new, changed, *said))
        assert (await office.round(new)).id == conversation.id

    async def test_a_hopeless_update_is_set_aside_and_its_chat_goes_on(self, office: Office) -> None:
        phone = a_phone()
        await office.world.update("nonsense", phone)
        await office.sees(office.says(phone, "Oi"))
        assert (await office.round(phone)).unread_count == 1
        assert await waiting(office) == 0

    async def test_an_update_that_fails_is_tried_again_and_then_set_aside(self, office: Office) -> None:
        nothing: Any = None
        update = office.plugins[LINE].sees("ana", MessageSeen("x", "ana", nothing, (), nothing, office.clock()))
        await office.sees(update)
        assert await waiting(office) == 0  # its chat waits
        office.clock.pass_(minutes=1)
        for _ in range(MAX_TRIES):
            await office.sees()
            office.clock.pass_(minutes=1)
        [aside] = await office.use(Trimming).list(9)
        assert (aside.state, aside.body) == ("quarantined", update.body)

    async def test_a_sessions_own_state_is_followed(self, office: Office) -> None:
        lost = SessionSeen(SessionStatus.RECONNECTING, office.clock(), "network")
        await office.sees(office.plugins[LINE].sees("", lost))
        async with office.world.uow() as uow:
            session = await uow.sessions.get(office.session.id)
        assert (session.status, session.status_reason) == (SessionStatus.RECONNECTING, "network")
        assert "session.disconnected" in office.told()

    async def test_the_bots_customers_go_to_people_with_the_reason(self, office: Office) -> None:
        root = await office.department("Geral", is_root=True)
        ana = await office.person(root)
        conversation = await office.writes(a_phone(), "Oi")
        async with office.world.uow() as uow:
            changes = Changes(uow, office.storage.new_id, office.clock())
            found = await uow.conversations.get(conversation.id)
            found.start_bot()
            await HandOffToPeople(changes)(found, office.session, "asks for a person", None, "angry")
            await changes.write()
            await uow.commit()
        assert (await office.get(conversation)).assigned_user_id == ana.id


class TestPolling:
    async def test_a_silent_sessions_missed_messages_are_fetched(self, office: Office) -> None:
        phone = a_phone()
        office.line.pages = [[office.says(phone, "missed")]]
        office.clock.pass_(minutes=10)
        assert await office.use(PollSilent)() == 1
        await office.sees()
        assert (await office.round(phone)).unread_count == 1
        assert await office.use(PollSilent)() == 0

    async def test_a_session_whose_provider_is_away_is_polled_again(self, office: Office) -> None:
        office.clock.pass_(minutes=10)
        office.line.fails = [Transient("503", "away", retry_after_s=1, scope=Scope.SESSION)]
        for _ in range(2):
            assert await office.use(PollSilent)() == 1
        assert [what[0] for what in office.line.shown] == ["poll", "poll"]
        assert await office.use(PollSilent)() == 0

    async def test_an_endless_answer_is_stored_in_a_small_share_of_the_time(self, office: Office) -> None:
        """Whatever a tenant's server sends, and on however many sessions: the processors are the others' meanwhile."""
        host, shown = SlowHost(), cast("Any", office.plugins)
        await gateway(office)
        office.line.pages = [[office.says(a_phone(), f"flood {n}")] for n in range(12)]
        office.clock.pass_(minutes=10)
        began = time.monotonic()
        assert await PollSilent(office.storage, Providers(shown, host), 60)() == 2
        assert host.stored == 24
        assert host.storing_s <= 0.5 * (time.monotonic() - began)


class TestSandbox:
    async def test_a_simulated_customer_writes_and_reads(self, office: Office) -> None:
        world = await World.of(office, office.world.tenant, "SANDBOX")
        phone = a_phone()
        update = office.plugins[LINE].sees(phone, route="")
        write = office.use(WriteAsCustomer, wrote=lambda *_: update)
        await write(office.admin, world.session.id, phone, "Oi", None)
        assert await waiting(office) == 1
        assert await office.use(ReadPhone)(office.admin, world.session.id, phone) == []
        with pytest.raises(Conflict):
            await write(office.admin, office.session.id, phone, "Oi", None)
