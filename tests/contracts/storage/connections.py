"""Connections, connectors' leases, commands to holders."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tests.contracts.storage.world import HELD, World, eventually, new_id
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId, DesiredConnection
from whatsapp_hub.application.ports.queues.commands import Answer, Command, CommandKind
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Session, SessionStatus

POLICY = ReconnectPolicy()
SHORT_S = 0.02


async def wanted(world: World) -> Session:
    """A session that a connector is to hold."""
    session = await world.add_session(HELD)
    async with world.uow() as uow:
        line = await uow.connections.of(session)
        line.state = line.state.restarted(datetime.now(UTC), POLICY)
        await uow.connections.save(line, session)
        await uow.commit()
    return session


async def enter(world: World, lease_s: float = 30, room: int = 1000) -> Connector:
    connector = Connector(ConnectorId(new_id()), "test", (HELD,), room)
    await world.hub.leases.enter(connector, lease_s)
    return connector


async def desired(world: World, connector: Connector, session: Session) -> DesiredConnection | None:
    held = await world.hub.leases.held(connector.id)
    return next((one for one in held if one.session_id == session.id), None)


async def leaves(world: World, session: Session) -> None:
    """The session moves to a provider that holds no sockets."""
    async with world.uow() as uow:
        stored = await uow.sessions.get(session.id)
        await uow.connections.forget_deleted(stored)
        stored.provider, stored.settings = "SANDBOX", {"token": "there"}
        await uow.sessions.save(stored)
        await uow.commit()


async def comes_back(world: World, session: Session) -> None:
    async with world.uow() as uow:
        stored = await uow.sessions.get(session.id)
        stored.provider, stored.settings = HELD, session.settings
        await uow.sessions.save(stored)
        await uow.connections.of(stored)
        await uow.commit()


class ConnectionContract:
    async def test_a_connections_state_is_kept(self, world: World) -> None:
        session = await world.add_session(HELD)
        now = datetime.now(UTC)
        async with world.uow() as uow:
            line = await uow.connections.of(session)
            first = line.state.fence
            assert (line.holder, line.state.is_on, line.state.must_forget) == (None, True, False)
            line.state = line.state.restarted(now, POLICY)
            await uow.connections.save(line, session)
            await uow.commit()
        async with world.uow() as uow:
            kept = (await uow.connections.of(session)).state
        assert (kept.fence, kept.deadline_at) == (first + 1, now + POLICY.answer)

    async def test_a_session_that_comes_back_forgets_before_its_first_dial_and_under_a_higher_fence(
        self, world: World
    ) -> None:
        session, connector = await wanted(world), await enter(world)
        async with world.uow() as uow:
            before = (await uow.connections.of(session)).state
        await leaves(world, session)
        await comes_back(world, session)
        async with world.uow() as uow:
            after = (await uow.connections.of(session)).state
        assert (after.must_forget, after.has_paired) == (True, False)
        assert after.fence > before.fence
        taken = await world.hub.commands.take(connector.id, [HELD], 99)
        assert session.id not in [c.session_id for c in taken], "what a phone links from now on stays"
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_a_session_whose_credentials_are_gone_has_nothing_to_forget_when_it_comes_back(
        self, world: World
    ) -> None:
        session, connector = await wanted(world), await enter(world)
        await leaves(world, session)
        [command] = [c for c in await world.hub.commands.take(connector.id, [HELD], 99) if c.session_id == session.id]
        assert await world.hub.commands.is_asked(command.id)
        await world.hub.commands.answer(command.id, Answer())
        assert not await world.hub.commands.is_asked(command.id)
        await comes_back(world, session)
        async with world.uow() as uow:
            assert not (await uow.connections.of(session)).state.must_forget
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_a_passed_deadline_is_found(self, world: World) -> None:
        late, early = await world.add_session(HELD, connected=False), await wanted(world)
        async with world.uow() as uow:
            line = await uow.connections.of(late)
            line.state = line.state.restarted(datetime.now(UTC) - timedelta(hours=1), POLICY)
            await uow.connections.save(line, late)
            await uow.commit()
        async with world.uow() as uow:
            found = await uow.connections.late(9)
        assert late.id in found
        assert world.tenant.id in await world.hub.storage.directory.tenants_with_late_lines()
        async with world.uow() as uow:
            session = await uow.sessions.get(early.id)
            session.status = SessionStatus.CONNECTING
            await uow.sessions.save(session)
            assert await uow.connections.late(9) == [late.id]


class LeaseContract:
    async def test_two_connectors_never_hold_the_same_session(self, world: World) -> None:
        sessions = {(await wanted(world)).id for _ in range(6)}
        one, two = await enter(world), await enter(world)
        taken = await asyncio.gather(*(world.hub.leases.take(c, 2) for c in (one, two) * 20))
        ids = [claimed.session_id for some in taken for claimed in some if claimed.session_id in sessions]
        assert sorted(ids) == sorted(sessions)
        for connector in (one, two):
            await world.hub.leases.leave(connector.id, clean=True)

    async def test_an_expired_lease_frees_its_sessions_under_a_higher_fence(self, world: World) -> None:
        session, first = await wanted(world), await enter(world, lease_s=60)
        await world.hub.leases.take(first, 1000)
        before = await desired(world, first, session)
        assert before is not None
        assert await world.hub.leases.renew(first.id, SHORT_S)

        async def has_ended() -> bool:
            return await world.hub.leases.reap_expired() > 0

        await eventually(has_ended)
        assert not await world.hub.leases.renew(first.id, 30)
        second = await enter(world)
        claimed = {c.session_id: c for c in await world.hub.leases.take(second, 1000)}
        assert claimed[session.id].unclean
        after = await desired(world, second, session)
        assert after is not None
        assert after.fence > before.fence
        assert await world.hub.leases.take(first, 9) == []
        await world.hub.leases.leave(second.id, clean=True)

    async def test_a_released_connection_is_free_and_was_closed(self, world: World) -> None:
        session, connector = await wanted(world), await enter(world)
        await world.hub.leases.take(connector, 1000)
        await world.hub.leases.let_go(connector.id, [session.id])
        assert await desired(world, connector, session) is None
        again = {c.session_id: c for c in await world.hub.leases.take(connector, 1000)}
        assert not again[session.id].unclean
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_loads_and_room_are_counted(self, world: World) -> None:
        connector = await enter(world, room=3)
        before, wanted_before = await world.hub.leases.capacity(HELD)
        assert before >= 3
        session = await wanted(world)
        assert await world.hub.leases.capacity(HELD) == (before, wanted_before + 1)
        loads, free = await world.hub.leases.loads([HELD])
        assert connector.id in {load.connector_id for load in loads}
        assert free >= 1
        await world.done(lambda uow: uow.sessions.remove(session.id))
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_a_stopped_session_is_no_longer_wanted_by_its_holder(self, world: World) -> None:
        session, connector = await wanted(world), await enter(world)
        await world.hub.leases.take(connector, 1000)
        async with world.uow() as uow:
            stored = await uow.sessions.get(session.id)
            line = await uow.connections.of(stored)
            line.state = line.state.stopped()
            await uow.connections.save(line, stored)
            await uow.commit()
        held = await desired(world, connector, session)
        assert held is not None
        assert not held.is_wanted
        await world.hub.leases.leave(connector.id, clean=True)


class CommandContract:
    def command(self, world: World, session: Session, order: CommandKind = CommandKind.PAIRING_CODE) -> Command:
        return Command(new_id(), world.tenant.id, session.id, HELD, order, "5511")

    async def test_the_holder_takes_a_command_once_and_its_answer_is_read_once(self, world: World) -> None:
        session, connector, other = await wanted(world), await enter(world), await enter(world)
        await world.hub.leases.take(connector, 1000)
        command, commands = self.command(world, session), world.hub.commands
        await commands.ask(command, 30)
        assert await commands.answer_of(command.id) is None
        assert command.id not in [c.id for c in await commands.take(other.id, [HELD], 99)]
        assert command in await commands.take(connector.id, [HELD], 99)
        assert await commands.take(connector.id, [HELD], 99) == []
        await commands.answer(command.id, Answer("ABCD-EFGH"))
        assert await commands.answer_of(command.id) == Answer("ABCD-EFGH")
        gone = await commands.answer_of(command.id)
        assert gone is not None
        assert gone.error == "withdrawn"
        for one in (connector, other):
            await world.hub.leases.leave(one.id, clean=True)

    async def test_a_command_whose_taker_died_says_so(self, world: World) -> None:
        session, connector = await wanted(world), await enter(world)
        await world.hub.leases.take(connector, 1000)
        command = self.command(world, session)
        await world.hub.commands.ask(command, 30)
        await world.hub.commands.take(connector.id, [HELD], 99)
        await world.hub.leases.leave(connector.id, clean=False)
        answer = await world.hub.commands.answer_of(command.id)
        assert answer is not None
        assert answer.error == "holder_died"

    async def test_a_withdrawn_or_expired_command_is_not_taken(self, world: World) -> None:
        session, connector = await wanted(world), await enter(world)
        await world.hub.leases.take(connector, 1000)
        withdrawn, expired = self.command(world, session), self.command(world, session)
        await world.hub.commands.ask(withdrawn, 30)
        await world.hub.commands.ask(expired, -1)
        await world.hub.commands.withdraw(withdrawn.id)
        assert await world.hub.commands.take(connector.id, [HELD], 99) == []
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_a_deleted_sessions_credentials_are_forgotten_by_any_connector(self, world: World) -> None:
        session, connector = await wanted(world), await enter(world)
        async with world.uow() as uow:
            await uow.connections.forget_deleted(session)
            await uow.commit()
        [command] = [c for c in await world.hub.commands.take(connector.id, [HELD], 99) if c.session_id == session.id]
        assert command.order is CommandKind.FORGET
        await world.hub.commands.answer(command.id, Answer())
        assert await world.hub.commands.take(connector.id, [HELD], 99) == []
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_a_forget_that_failed_is_tried_again_later_and_not_at_once(self, world: World) -> None:
        session, connector, other = await wanted(world), await enter(world), await enter(world)
        async with world.uow() as uow:
            await uow.connections.forget_deleted(session)
            await uow.commit()
        commands = world.hub.commands
        [command] = [c for c in await commands.take(connector.id, [HELD], 99) if c.session_id == session.id]
        await commands.answer(command.id, Answer(error="unavailable"))
        assert await commands.is_asked(command.id)
        for one in (connector, other):
            assert command.id not in [c.id for c in await commands.take(one.id, [HELD], 99)]
            await world.hub.leases.leave(one.id, clean=True)
