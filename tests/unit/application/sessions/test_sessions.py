"""Sessions: created, started, stopped, paired, unlinked, deleted; and what gateways' clients do with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import CODED, HELD, LINE, Office, text
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId
from whatsapp_hub.application.ports.operations.idleness import Listened
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.queues.commands import Answer, CommandKind
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.bind_bot import BindBot, UnbindBot, WantedBot
from whatsapp_hub.application.sessions.close_idle import CloseIdleSessions, IdleLimit
from whatsapp_hub.application.sessions.close_sessions import CloseAgentSession, DeleteInstance, UnlinkSession
from whatsapp_hub.application.sessions.create_started import CreateStartedSession
from whatsapp_hub.application.sessions.holder_commands import AskHolder, LogOut, RequestPairingCode
from whatsapp_hub.application.sessions.manage_sessions import (
    CreateSession,
    DeleteSession,
    NewSession,
    SessionChanges,
    UpdateSession,
)
from whatsapp_hub.application.sessions.open_sessions import (
    CreateInstance,
    OpenAgentSession,
    OpenRules,
    OpenSession,
    PrepareSession,
    ShowCode,
    StartNamed,
)
from whatsapp_hub.application.sessions.pair_sessions import TendPairings
from whatsapp_hub.application.sessions.run_sessions import InitSession, SessionLimit, StopSession
from whatsapp_hub.application.sessions.take_up_environment import TakeUpEnvironment
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    Invalid,
    NotFound,
    NotSupported,
    Unavailable,
)
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.environment import Environment
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

RULES = OpenRules(LINE, timedelta(seconds=60), lambda _: {}, code_wait_s=0.0)


async def stored(office: Office, session: Session) -> Session:
    async with office.world.uow() as uow:
        return await uow.sessions.get(session.id)


class TestManaging:
    async def test_a_session_is_created_with_the_providers_settings(self, office: Office) -> None:
        create = office.use(CreateSession)
        made = await create(office.admin, NewSession("Sales", LINE, {"phone": "1"}, key="sales"))
        assert (made.key, made.routing, made.status) == ("sales", Routing.DEPARTMENTS, SessionStatus.DISCONNECTED)
        assert office.told()[-1] == "session.created"
        with pytest.raises(Conflict):
            await create(office.admin, NewSession("Sales", LINE, {}, key="sales"))
        for flawed in (NewSession("", LINE), NewSession("x", "NOTHING"), NewSession("x", LINE, {"bad": 1})):
            with pytest.raises(Invalid):
                await create(office.admin, flawed)

    async def test_its_own_webhook_comes_and_goes_with_its_address(self, office: Office) -> None:
        new = NewSession("Sales", LINE, key="sales", webhook_url="https://r.example/in")
        made = await office.use(CreateSession)(office.admin, new)
        update = office.use(UpdateSession)
        async with office.world.uow() as uow:
            assert await uow.webhooks.of_session(made.id) is not None
        await update(office.admin, made.id, SessionChanges(webhook_url=""))
        async with office.world.uow() as uow:
            assert await uow.webhooks.of_session(made.id) is None

    async def test_unanswered_customers_start_to_wait_where_departments_begin_to_serve(self, office: Office) -> None:
        gateway = await office.world.add_session(LINE, routing=Routing.NONE, settings={"phone": "9"})
        conversation = await office.writes(a_phone(), "Oi", session=gateway)
        assert conversation.timeout_at is None
        await office.use(UpdateSession)(office.admin, gateway.id, SessionChanges(routing=Routing.DEPARTMENTS))
        assert (await office.get(conversation)).timeout_at is not None
        with pytest.raises(NotFound):
            await office.use(UpdateSession)(office.admin, SessionId(office.id), SessionChanges())

    async def test_a_deleted_sessions_waiting_messages_fail_and_its_conversations_stay(self, office: Office) -> None:
        conversation = await office.use(StartConversation)(office.admin, office.session.id, a_phone(), text("Hello"))
        await office.use(DeleteSession)(office.admin, office.session.id)
        assert (await office.get(conversation)).id == conversation.id
        assert "message.failed" in office.told(conversation)
        assert ("unregister", office.session.key) in office.line.shown
        with pytest.raises(NotFound):
            await office.use(DeleteSession)(office.admin, office.session.id)

    async def test_a_bot_answers_first_and_can_be_taken_away(self, office: Office) -> None:
        bind = office.use(BindBot)
        session, secret = await bind(office.admin, office.session.id, WantedBot("https://bot.example/in"))
        assert secret is not None
        assert session.bot is not None
        _, again = await bind(office.admin, office.session.id, WantedBot("https://bot.example/other"))
        assert again is None
        assert (await office.writes(a_phone(), "Oi")).bot_part is BotPart.TALKING
        await office.use(UnbindBot)(office.admin, office.session.id)
        with pytest.raises(NotFound):
            await office.use(UnbindBot)(office.admin, office.session.id)
        with pytest.raises(Invalid):
            await bind(office.admin, office.session.id, WantedBot("ftp://bot.example"))


class TestRunning:
    async def test_a_session_is_started_at_its_provider_and_stopped_there(self, office: Office) -> None:
        session = await office.world.add_session(LINE, connected=False)
        started = await office.use(InitSession)(office.admin, session.id)
        assert started.status is SessionStatus.CONNECTED
        with pytest.raises(Conflict):
            await office.use(InitSession)(office.admin, session.id)
        assert (await office.use(InitSession)(office.admin, session.id, again=True)).status is SessionStatus.CONNECTED
        stopped = await office.use(StopSession)(office.admin, session.id)
        assert (stopped.status, stopped.is_active) == (SessionStatus.DISCONNECTED, False)
        assert [what[0] for what in office.line.shown] == ["start", "start", "stop"]

    async def test_refused_credentials_are_the_reason_of_its_failure(self, office: Office) -> None:
        session = await office.world.add_session(LINE, connected=False)
        office.line.fails = [CredentialsInvalid("190", "expired")]
        failed = await office.use(InitSession)(office.admin, session.id)
        assert failed.status is SessionStatus.FAILED
        assert (failed.status_reason or "").startswith("credentials_invalid")

    async def test_a_held_session_is_only_wanted_until_a_connector_takes_it(self, office: Office) -> None:
        session = await office.world.add_session(HELD, connected=False)
        started = await office.use(InitSession)(office.admin, session.id)
        assert started.status is SessionStatus.CONNECTING
        assert await office.storage.leases.capacity(HELD) == (0, 1)
        another = await office.world.add_session(HELD, connected=False)
        with pytest.raises(Conflict) as refused:
            await office.use(InitSession, limit=SessionLimit(1))(office.admin, another.id)
        assert refused.value.code == "too_many_sessions"
        stopped = await office.use(StopSession)(office.admin, session.id)
        assert stopped.status is SessionStatus.DISCONNECTED
        assert await office.storage.leases.capacity(HELD) == (0, 0)

    async def test_a_step_of_a_connection_is_stored_with_what_it_shows(self, office: Office) -> None:
        session = await office.world.add_session(HELD, connected=False)
        follow = office.use(AdvanceConnection)
        async with office.world.uow() as uow:
            locked = await uow.sessions.get(session.id)
            await follow(uow, locked, lambda life, now: life.started(now, follow.rules))
            await uow.commit()
        assert (await stored(office, session)).status is SessionStatus.CONNECTING
        assert office.told()[-1] == "session.started"

    async def test_a_phone_that_is_linked_to_two_sessions_is_told_once(self, office: Office) -> None:
        """Each of its messages comes twice then; another company's session is not named."""
        await office.world.add_session(HELD, name="First", phone_number="5511977770001", is_active=True)
        session = await office.world.add_session(HELD, name="Second", connected=False)
        follow = office.use(AdvanceConnection)
        async with office.world.uow() as uow:
            locked = await uow.sessions.get(session.id)
            await follow(uow, locked, lambda life, now: life.started(now, follow.rules))
            for status, reason in ((SessionStatus.CONNECTING, "paired"), (SessionStatus.CONNECTED, None)):
                await follow.reported(
                    uow, locked, SessionSeen(status, datetime.now(UTC), reason, "5511977770001"), None
                )
            await uow.commit()
        events = [dict(event.detail) for event in office.storage.events(office.id)]
        twice = [detail for detail in events if detail.get("kind") == "session.linked_twice"]
        assert [(detail["session"], detail["other"]) for detail in twice] == [("Second", "First")]
        assert office.told().count("session.alert") == 1

    async def test_a_ban_is_an_alert_that_says_why_and_until_when(self, office: Office) -> None:
        session, follow = await office.world.add_session(HELD, connected=False), office.use(AdvanceConnection)
        until = datetime(2030, 1, 1, tzinfo=UTC)
        async with office.world.uow() as uow:
            locked = await uow.sessions.get(session.id)
            await follow(uow, locked, lambda life, now: life.started(now, follow.rules))
            for _ in range(2):
                seen = SessionSeen(SessionStatus.BANNED, office.clock(), "sent_to_too_many_people", until=until)
                await follow.reported(uow, locked, seen, None)
            await uow.commit()
        [alert] = [event.detail for event in office.storage.events(office.id) if event.type == "session.alert"]
        assert (alert["kind"], alert["severity"]) == ("banned", "critical")
        said = "WhatsApp has banned the number until 2030-01-01T00:00:00+00:00 (sent_to_too_many_people)"
        assert alert["detail"] == said
        kinds = [event.detail.get("kind") for event in office.storage.events(office.id)]
        assert kinds.count("session.banned") == 1

    async def test_creating_and_starting_is_one_step(self, office: Office) -> None:
        made = await office.use(CreateStartedSession)(office.admin, NewSession("Sales", LINE, key="sales"))
        assert made.status is SessionStatus.CONNECTED
        limited = office.use(InitSession, limit=SessionLimit(0))
        with pytest.raises(Conflict):
            await office.use(CreateStartedSession, start=limited)(office.admin, NewSession("Held", HELD, key="held"))
        async with office.world.uow() as uow:
            assert await uow.sessions.by_key("held") is None

    async def test_unused_sessions_are_closed_and_a_send_opens_them_again(self, office: Office) -> None:
        idle = FakeIdleness([(office.id, office.session.id)])
        close = office.use(CloseIdleSessions, idleness=idle, limit=IdleLimit(timedelta(hours=1)))
        assert await close() == 1
        assert (await stored(office, office.session)).status_reason == "idle"
        idle.unused_ones, idle.owed = [], [(office.id, office.session.id)]
        assert await close() == 0
        assert (await stored(office, office.session)).status is SessionStatus.CONNECTED
        assert await office.use(CloseIdleSessions, idleness=idle, limit=IdleLimit(None))() == 0


@dataclass
class FakeIdleness:
    """Which sessions are unused, and which owe a send, is what the test says."""

    unused_ones: list[tuple[TenantId, SessionId]]
    owed: list[tuple[TenantId, SessionId]] = field(default_factory=list)

    async def heard(self, listened: Listened) -> None: ...

    async def unused(self, idle: timedelta, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        return self.unused_ones

    async def owing(self, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        return self.owed

    async def has_traffic(self, tenant_id: TenantId, session_id: SessionId, idle: timedelta) -> bool:
        return False


class TestPairing:
    async def begun(self, office: Office) -> Session:
        line = office.plugins[CODED].line
        line.state, line.code = SessionStatus.QR_PENDING, "2@first"
        session = await office.world.add_session(CODED, connected=False)
        return await office.use(InitSession)(office.admin, session.id)

    async def tend(self, office: Office) -> None:
        tend = office.use(TendPairings)
        await tend()
        await tend.drain()

    async def test_codes_are_fetched_until_a_phone_is_linked(self, office: Office) -> None:
        session, line = await self.begun(office), office.plugins[CODED].line
        assert session.qr_code == "2@first"
        line.code = "2@second"
        office.clock.pass_(seconds=10)
        await self.tend(office)
        assert (await stored(office, session)).qr_code == "2@second"
        line.state, line.code = SessionStatus.CONNECTED, None
        office.clock.pass_(seconds=10)
        await self.tend(office)
        linked = await stored(office, session)
        assert (linked.status, linked.qr_code) == (SessionStatus.CONNECTED, None)
        office.clock.pass_(minutes=10)
        assert await office.use(TendPairings)() == 0

    async def test_who_does_not_scan_in_time_is_closed(self, office: Office) -> None:
        session = await self.begun(office)
        for _ in range(40):
            office.clock.pass_(seconds=15)
            await self.tend(office)
        closed = await stored(office, session)
        assert (closed.status, closed.status_reason) == (SessionStatus.DISCONNECTED, "qr_timeout")

    async def test_the_code_is_shown_while_it_can_be_scanned(self, office: Office) -> None:
        session = await self.begun(office)
        show = office.use(ShowCode, rules=RULES)
        code = await show(office.admin, session.key)
        assert code.session.qr_code == "2@first"
        office.clock.now = code.expires_at
        with pytest.raises(NotFound):
            await show(office.admin, session.key)
        with pytest.raises(Conflict):
            await show(office.admin, office.session.key)


class TestHolders:
    async def held(self, office: Office) -> tuple[Session, Connector]:
        """A started session, and the connector that holds it."""
        session = await office.world.add_session(HELD, connected=False)
        await office.use(InitSession)(office.admin, session.id)
        connector = Connector(ConnectorId(office.storage.new_id()), "test", (HELD,), 9)
        await office.storage.leases.enter(connector, 3600)
        await office.storage.leases.take(connector, 9)
        return session, connector

    async def answers(self, office: Office, connector: Connector, answer: Answer) -> None:
        while not (commands := await office.storage.commands.take(connector.id, [HELD], 9)):
            await asyncio.sleep(0.01)
        for command in commands:
            await office.storage.commands.answer(command.id, answer)

    async def test_a_pairing_code_comes_from_the_connector(self, office: Office) -> None:
        session, connector = await self.held(office)
        answering = asyncio.create_task(self.answers(office, connector, Answer("ABCD-EFGH")))
        request = office.use(RequestPairingCode)
        assert await request(office.admin, session.id, f"+{a_phone()}") == "ABCD-EFGH"
        await answering
        with pytest.raises(NotSupported):
            await request(office.admin, office.session.id, f"+{a_phone()}")
        with pytest.raises(Invalid):
            await request(office.admin, session.id, "1")

    async def test_a_holder_that_does_not_answer_or_refuses_is_said(self, office: Office) -> None:
        session, connector = await self.held(office)
        ask = office.use(AskHolder)
        with pytest.raises(Unavailable):
            await ask(session, CommandKind.PAIRING_CODE, "55", 0.0)
        answering = asyncio.create_task(self.answers(office, connector, Answer(error="refused", error_detail="no")))
        with pytest.raises(Conflict):
            await ask(session, CommandKind.PAIRING_CODE, "55", 5.0)
        await answering

    async def test_logging_out_ends_the_connection_even_where_the_phone_is_away(self, office: Office) -> None:
        session, _ = await self.held(office)
        out = await office.use(LogOut)(office.admin, session.id)
        assert out.status is SessionStatus.LOGGED_OUT
        with pytest.raises(NotSupported):
            await office.use(LogOut)(office.admin, office.session.id)
        assert (await office.use(UnlinkSession)(office.admin, session.id)).status is SessionStatus.LOGGED_OUT

    async def test_a_provider_unlinks_its_own(self, office: Office) -> None:
        unlinked = await office.use(UnlinkSession)(office.admin, office.session.id)
        assert (unlinked.status, unlinked.status_reason) == (SessionStatus.LOGGED_OUT, "logged_out")
        assert ("log_out",) in office.line.shown


class TestGateways:
    async def test_a_client_prepares_opens_and_starts_sessions_by_name(self, office: Office) -> None:
        prepared = await office.use(PrepareSession, rules=RULES)(office.admin, "shop", f"+{a_phone()}", None)
        assert (prepared.routing, prepared.is_active) == (Routing.NONE, False)
        started = await office.use(StartNamed)(office.admin, "shop")
        assert started.status is SessionStatus.CONNECTED
        opening = office.use(OpenSession, rules=RULES)
        with pytest.raises(Conflict):
            await opening(office.admin, "shop", None)
        assert (await opening(office.admin, "another", None)).key == "another"
        with pytest.raises(NotFound):
            await office.use(StartNamed)(office.admin, "nothing")

    async def test_an_agents_session_is_reused_and_closed(self, office: Office) -> None:
        opening = office.use(OpenAgentSession, rules=RULES)
        first = await opening(office.admin, "agent-1", None, None)
        assert first.agent_id == "agent-1"
        close = office.use(CloseAgentSession)
        await close(office.admin, "agent-1", first.key)
        assert (await stored(office, first)).status is SessionStatus.DISCONNECTED
        assert (await opening(office.admin, "agent-1", None, None)).id == first.id
        await close(office.admin, "agent-1", first.key, log_out=True)
        assert (await stored(office, first)).status is SessionStatus.LOGGED_OUT
        with pytest.raises(NotFound):
            await close(office.admin, "agent-2", first.key)

    async def test_an_instance_is_made_and_deleted_with_its_credentials(self, office: Office) -> None:
        create = office.use(CreateInstance, rules=RULES)
        made = await create(office.admin, "user-1", "main", None, None, None)
        assert (made.owner, made.name, made.key) == ("user-1", "main", str(made.id))
        with pytest.raises(Conflict):
            await create(office.admin, "user-1", "main", None, None, None)
        await office.use(DeleteInstance)(office.admin, made.key)
        with pytest.raises(NotFound):
            await stored(office, made)


class TestEnvironment:
    async def test_the_number_of_the_environment_is_made_once_and_follows_its_variables(self) -> None:
        office = await Office.opened(slug="default")
        made = await office.use(TakeUpEnvironment, environment=environment("one"))()
        assert made is not None
        assert (made.key, made.provider, made.status) == ("default", "META", SessionStatus.CONNECTED)
        assert await office.use(TakeUpEnvironment, environment=environment("one"))() is None
        changed = await office.use(TakeUpEnvironment, environment=environment("two"))()
        assert changed is not None
        assert (changed.id, changed.settings) == (made.id, {"accessToken": "two"})
        await office.use(DeleteSession)(office.admin, made.id)
        assert await office.use(TakeUpEnvironment, environment=environment("two"))() is None

    async def test_without_a_first_company_there_is_nothing_to_do(self, office: Office) -> None:
        assert await office.use(TakeUpEnvironment, environment=environment("one"))() is None


def environment(token: str) -> Environment:
    """One that describes a number of META."""
    return Environment("META", {"META": {"accessToken": token}})
