"""What a connector does with its sessions, and what becomes of them without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest

from tests.contracts.storage.world import eventually
from tests.unit.application.office import HELD, LINE, Office
from whatsapp_hub.application.connecting import reconcile_sessions
from whatsapp_hub.application.connecting.connection_records import RecordConnections, TendConnections
from whatsapp_hub.application.connecting.keep_lease import KeepLease
from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.application.connecting.run_commands import RunCommands
from whatsapp_hub.application.contacts.tell_blocks import named
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import ReadMessage
from whatsapp_hub.application.ports.queues.commands import Answer, Command, CommandKind, ReadMark, TypingSign
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.sessions.session import Session, SessionStatus


class Soon:
    """Wakes at every opportunity."""

    async def wait(self) -> None:
        await asyncio.sleep(0.005)


async def wanted(office: Office) -> Session:
    session = await office.world.add_session(HELD, connected=False)
    return await office.use(InitSession)(office.admin, session.id)


@asynccontextmanager
async def connector(office: Office) -> AsyncIterator[ReconcileSessions]:
    """A connector at work."""

    def make() -> Connector:
        return Connector(ConnectorId(office.storage.new_id()), "test", (HELD,), 9)

    lease = KeepLease(office.storage.leases, make)
    holder = ReconcileSessions(lease, office.use(RecordConnections), office.providers, Soon(), 0.0)
    running = asyncio.create_task(holder.run())
    try:
        yield holder
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def is_open(office: Office, session: Session, *, expected: bool = True) -> Callable[[], Awaitable[bool]]:
    async def looks() -> bool:
        return (session.id in office.plugins[HELD].line.open_sessions) is expected

    return looks


async def test_a_connector_opens_what_is_wanted_and_closes_what_is_not(office: Office) -> None:
    session = await wanted(office)
    async with connector(office):
        await eventually(is_open(office, session))
        await office.use(StopSession)(office.admin, session.id)
        await eventually(is_open(office, session, expected=False))
    assert await office.storage.leases.capacity(HELD) == (0, 0)


async def test_a_connector_that_ends_closes_all_and_gives_its_lease_back(office: Office) -> None:
    session = await wanted(office)
    async with connector(office):
        await eventually(is_open(office, session))
    assert not office.plugins[HELD].line.open_sessions
    assert (await office.storage.leases.loads([HELD])) == ([], 1)


async def test_commands_are_run_by_the_holder_and_answered(office: Office) -> None:
    session, line = await wanted(office), office.plugins[HELD].line
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        run = RunCommands(office.storage.commands, holder)
        code = await asked(office, session, CommandKind.PAIRING_CODE, "55")
        await asked(office, session, CommandKind.MARK_READ, ReadMark("ana", (ReadMessage("m.1"),)).as_argument())
        await asked(office, session, CommandKind.TYPING, TypingSign("ana").as_argument())
        block = await asked(office, session, CommandKind.BLOCK, named([Identity.phone("5511")], blocked=True))
        assert await run() == 4
        assert (await eventually(answer_of(office, block))).error is None
        assert ("block", "5511") in line.shown
        assert (await eventually(answer_of(office, code))).text == "ABCD-EFGH"

        async def is_shown() -> bool:
            return ("mark_read", "ana", "m.1") in line.shown and ("show_typing", "ana") in line.shown

        await eventually(is_shown)
        line.fails = [Rejected("refused", "too often")]
        again = await asked(office, session, CommandKind.PAIRING_CODE, "55")
        await run()
        assert (await eventually(answer_of(office, again))).error == "refused"
        await run.aclose()


async def left(office: Office, session: Session) -> None:
    """The session moves to a provider without sockets."""
    async with office.world.uow() as uow:
        stored = await uow.sessions.get(session.id)
        await uow.connections.forget_deleted(stored)
        stored.provider = LINE
        await uow.sessions.save(stored)
        await uow.commit()


async def came_back(office: Office, session: Session) -> None:
    async with office.world.uow() as uow:
        stored = await uow.sessions.get(session.id)
        stored.provider, stored.is_active = HELD, False
        await uow.sessions.save(stored)
        await office.use(InitSession).want(uow, stored)
        await uow.commit()


def forgot_before_it_dialled(office: Office, session: Session) -> Callable[[], Awaitable[bool]]:
    async def looks() -> bool:
        shown = [what[0] for what in office.plugins[HELD].line.shown if session.id in what or session.key in what]
        return shown == ["open", "forget", "open"]

    return looks


async def test_a_session_that_comes_back_forgets_its_old_keys_and_no_new_ones(office: Office) -> None:
    session = await wanted(office)
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        await left(office, session)
        await came_back(office, session)
        run = RunCommands(office.storage.commands, holder)
        assert await run() == 0
        await eventually(forgot_before_it_dialled(office, session))
        await eventually(is_open(office, session))


async def test_an_order_to_forget_looks_again_when_the_old_connection_is_closed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, line, gate = await wanted(office), office.plugins[HELD].line, asyncio.Event()
    original = line.close

    async def slow(session_id: SessionId) -> None:
        await gate.wait()
        await original(session_id)

    async with connector(office) as holder:
        await eventually(is_open(office, session))
        monkeypatch.setattr(line, "close", slow)
        await left(office, session)
        run = RunCommands(office.storage.commands, holder)
        assert await run() == 1
        await asyncio.sleep(0.02)
        await came_back(office, session)
        gate.set()
        await run.aclose()
        await eventually(forgot_before_it_dialled(office, session))
        await eventually(is_open(office, session))


async def test_a_session_that_cannot_be_closed_delays_nobody_and_is_told_after_a_while(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reconcile_sessions, "CLOSE_S", 0.02)
    monkeypatch.setattr(reconcile_sessions, "UNCLOSABLE_S", 0.2)
    session, line = await wanted(office), office.plugins[HELD].line
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        line.stuck.add(session.id)
        await office.use(StopSession)(office.admin, session.id)

        async def is_being_closed() -> bool:
            return "connector.close_failed" in caplog.text

        await eventually(is_being_closed)
        assert holder.unclosable() == []
        assert holder.holding() is None, "no message is sent over it any more"
        other = await wanted(office)
        await eventually(is_open(office, other))

        async def is_told() -> bool:
            return holder.unclosable() == [session.id]

        await eventually(is_told)
        assert is_open_now(office, other)
        line.stuck.clear()
        await eventually(is_open(office, session, expected=False))
        assert holder.unclosable() == []
    assert "KeyError" not in caplog.text


async def test_a_session_that_cannot_be_closed_is_told_while_its_closing_is_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_sessions, "CLOSE_S", 0.5)
    monkeypatch.setattr(reconcile_sessions, "UNCLOSABLE_S", 0.05)
    session, line = await wanted(office), office.plugins[HELD].line
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        line.stuck.add(session.id)
        await office.use(StopSession)(office.admin, session.id)

        async def is_told() -> bool:
            return holder.unclosable() == [session.id]

        await eventually(is_told, within_s=0.4)
        line.stuck.clear()


async def test_a_connector_that_hangs_up_is_cut_off_at_once_however_long_the_closing_takes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog ends a process with `exposed` connections whose lease is too old."""
    monkeypatch.setattr(reconcile_sessions, "CLOSE_S", 0.02)
    session, line = await wanted(office), office.plugins[HELD].line
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        assert holder.exposed == 1
        line.stuck.add(session.id)
        hanging_up = asyncio.create_task(holder._hang_up("cannot renew the lease"))
        await asyncio.sleep(0.1)
        assert (line.severed, holder.exposed, holder.held) == (1, 0, 1)
        line.stuck.clear()
        await hanging_up
        office.clock.pass_(seconds=7)
        await eventually(is_open(office, session))
        assert (line.severed, holder.exposed) == (1, 1)


def is_open_now(office: Office, session: Session) -> bool:
    return session.id in office.plugins[HELD].line.open_sessions


async def asked(office: Office, session: Session, order: CommandKind, argument: str) -> UUID:
    command = Command(office.storage.new_id(), office.id, session.id, HELD, order, argument)
    await office.storage.commands.ask(command, 60)
    return command.id


def answer_of(office: Office, command_id: UUID) -> Callable[[], Awaitable[Answer | None]]:
    return lambda: office.storage.commands.answer_of(command_id)


async def test_a_session_whose_connector_died_is_redialled_and_nobody_dials_in_vain_for_ever(office: Office) -> None:
    session = await wanted(office)
    tend = office.use(TendConnections)
    await tend()
    for _ in range(30):
        office.clock.pass_(minutes=10)
        await tend()
    async with office.world.uow() as uow:
        left = await uow.sessions.get(session.id)
    assert left.status is not SessionStatus.CONNECTED
    assert left.status_reason is not None


async def test_dials_and_take_overs_stand_in_the_history(office: Office) -> None:
    session, leases = await wanted(office), office.storage.leases
    lost = Connector(ConnectorId(office.storage.new_id()), "lost", (HELD,), 9)
    await leases.enter(lost, 6)
    await leases.take(lost, 9)
    office.clock.pass_(seconds=7)
    async with connector(office):
        await eventually(is_open(office, session))
    assert await history(office, session) == ["dialled", "taken_over", "CONNECTING"]
    async with connector(office):
        await eventually(is_open(office, session))
    assert await history(office, session) == ["dialled x2", "taken_over", "CONNECTING"]


async def test_a_storm_is_told_once_however_often_the_connection_drops(office: Office) -> None:
    session, advance = await wanted(office), office.use(AdvanceConnection)
    for _ in range(9):
        for status in (SessionStatus.CONNECTED, SessionStatus.RECONNECTING):
            async with office.world.uow() as uow:
                seen = SessionSeen(status, office.clock())
                await advance.reported(uow, await uow.sessions.get(session.id), seen, None)
                await uow.commit()
            office.clock.pass_(seconds=1)
    told = office.told()
    assert told[-3:] == ["session.disconnected", "session.alert", "notification.created"]
    assert (told.count("session.alert"), told.count("notification.created")) == (1, 1)
    [alert] = [event.detail for event in office.storage.events(office.id) if event.type == "session.alert"]
    assert (alert["kind"], alert["severity"]) == ("reconnect_storm", "warning")
    assert alert["detail"] == "the connection was lost 5 times within 10 minutes"


async def history(office: Office, session: Session) -> list[str]:
    """What the session's history says, the newest first."""
    async with office.world.uow() as uow:
        entries = [placed.entry for placed in await uow.session_history.newest(session.id, 50)]
    return [(e.status or e.kind.value) + (f" x{e.count}" if e.count > 1 else "") for e in entries]
