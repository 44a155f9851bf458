"""Sessions, pairings, the environment's number, idempotency keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.contracts.storage.world import HELD, NOW, World, new_id
from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.conversations.bot import Bot
from whatsapp_hub.domain.errors import Conflict, KeyReused, NotFound
from whatsapp_hub.domain.ids import MessageId, SessionId, WebhookId
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind
from whatsapp_hub.domain.sessions.moving import OtherProvider, OtherRole
from whatsapp_hub.domain.sessions.pairing import Pairing
from whatsapp_hub.domain.sessions.session import SessionStatus

FREE = {"SANDBOX": Pacing(None, None), "META": Pacing(None, None)}


class SessionContract:
    async def test_a_session_comes_back_as_it_went_in(self, world: World) -> None:
        everything: dict[str, Any] = {
            "settings": {"token": "s3cret", "routes": ["phone:1"]}, "qr_code": "2@x", "phone_number": "5511988887777",
            "owner": "user-1", "bot": Bot(WebhookId(new_id()), "https://bot.example"),
        }  # fmt: skip
        session = await world.add_session(**everything)
        async with world.uow() as uow:
            assert await uow.sessions.get(session.id) == session
            assert await uow.sessions.by_key(session.key) == session
            unknown = SessionId(new_id())
            assert await uow.sessions.peek([session.id, unknown]) == {session.id: session}
            with pytest.raises(NotFound):
                await uow.sessions.get(unknown)
            assert await uow.sessions.by_key("another") is None

    async def test_started_sessions_of_a_number_are_found(self, world: World) -> None:
        number = f"5511{new_id().int % 10**9:09d}"
        b = await world.add_session(phone_number=number, name="b", is_active=True)
        a = await world.add_session(phone_number=number, name="a", is_active=True)
        await world.add_session(phone_number=number, name="stopped", is_active=False)
        await world.add_session(phone_number="5511900000000", name="another", is_active=True)
        async with world.uow() as uow:
            assert await uow.sessions.started_with(number) == [a, b]
            assert await uow.sessions.started_with("1") == []

    async def test_a_key_is_taken_once(self, world: World) -> None:
        with pytest.raises(Conflict) as refused:
            await world.add_session(key=world.session.key)
        assert refused.value.code == "session_exists"

    async def test_a_user_of_a_gateways_client_has_one_instance_a_name(self, world: World) -> None:
        await world.add_session(owner="user-1", name="main")
        await world.add_session(owner="user-2", name="main")
        with pytest.raises(Conflict) as refused:
            await world.add_session(owner="user-1", name="main")
        assert "instance 'main'" in str(refused.value)

    async def test_a_change_is_saved_and_found_by_its_new_routes(self, world: World) -> None:
        directory = world.hub.storage.directory
        session, route = await world.add_session(settings={"routes": ["phone:old"]}), f"phone:{new_id()}"
        async with world.uow() as uow:
            changed = await uow.sessions.get(session.id)
            changed.settings, changed.name = {"routes": [route]}, "Renamed"
            await uow.sessions.save(changed)
            await uow.commit()
        found = await directory.targets("SANDBOX", [route, "phone:none"])
        assert {key: [t.session_id for t in targets] for key, targets in found.items()} == {
            route: [session.id],
            "phone:none": [],
        }
        target = await directory.target(session.id)
        assert (target.key, target.settings) == (session.key, {"routes": [route]})
        assert session.id in [t.session_id for t in await directory.all_targets("SANDBOX")]
        assert await directory.target(SessionId(new_id())) is None

    async def test_a_provider_that_was_left_is_kept_for_a_while(self, world: World) -> None:
        directory, now = world.hub.storage.directory, datetime.now(UTC)
        session, route = await world.add_session("META", settings={"routes": [f"phone:{new_id()}"]}), ""
        route = session.settings["routes"][0]
        left = OtherProvider(session.id, OtherRole.LEFT, "META", session.settings, NOW, now + timedelta(days=1))

        async def moved(uow: UnitOfWork) -> None:
            present = await uow.sessions.get(session.id)
            await uow.other_providers.keep(left)
            present.provider, present.settings = "WAHA", {"routes": [f"name:{new_id()}"]}
            await uow.sessions.save(present)

        await world.done(moved)
        async with world.uow() as uow:
            assert await uow.other_providers.beside(session.id, "META") == left
            assert await uow.other_providers.beside(session.id, "WAHA") is None
            assert await uow.other_providers.planned(session.id) is None
        [target] = (await directory.targets("META", [route]))[route]
        assert (target.session_id, target.provider, target.settings) == (session.id, "META", session.settings)
        assert (await directory.target(session.id)).provider == "WAHA"
        assert (await directory.target(session.id, "META")).settings == session.settings
        assert (await directory.target(session.id, "SANDBOX")).provider == "WAHA"
        await world.done(lambda uow: uow.other_providers.keep(replace(left, until=now - timedelta(seconds=1))))
        async with world.uow() as uow:
            assert await uow.other_providers.beside(session.id, "META") is None
        assert (await directory.target(session.id, "META")).provider == "WAHA"

    async def test_a_provider_that_a_session_is_moving_to_is_heard_until_the_move_has_ended(self, world: World) -> None:
        directory, until = world.hub.storage.directory, datetime.now(UTC) + timedelta(minutes=5)
        session, route = await world.add_session("WAHA", settings={"routes": []}), f"phone:{new_id()}"
        assert (await directory.targets("META", [route]))[route] == []
        arriving = OtherProvider(session.id, OtherRole.ARRIVING, "META", {"routes": [route]}, NOW, until)
        left = replace(arriving, role=OtherRole.LEFT, settings={"routes": ["phone:earlier"]})
        for one in (arriving, left):
            await world.done(lambda uow, one=one: uow.other_providers.keep(one))
        [target] = (await directory.targets("META", [route]))[route]
        assert (target.session_id, target.provider, target.settings) == (session.id, "META", {"routes": [route]})
        assert (await directory.target(session.id, "META")).settings == {"routes": [route]}
        assert (await directory.target(session.id)).provider == "WAHA"
        async with world.uow() as uow:
            assert await uow.other_providers.beside(session.id, "META") == arriving
        await world.done(lambda uow: uow.other_providers.arrived(session.id))
        async with world.uow() as uow:
            assert await uow.other_providers.beside(session.id, "META") == left
        assert (await directory.target(session.id, "META")).settings == left.settings

    async def test_a_session_that_has_a_route_comes_before_one_that_had_it(self, world: World) -> None:
        directory, route = world.hub.storage.directory, f"phone:{new_id()}"
        until = datetime.now(UTC) + timedelta(days=1)
        gone = await world.add_session("WAHA", settings={"routes": []})
        left = OtherProvider(gone.id, OtherRole.LEFT, "META", {"routes": [route]}, NOW, until)
        await world.done(lambda uow: uow.other_providers.keep(left))
        present = await world.add_session("META", settings={"routes": [route]})
        assert [t.session_id for t in (await directory.targets("META", [route]))[route]] == [present.id]

    async def test_a_session_moves_by_itself_to_one_provider_when_it_is_restricted(self, world: World) -> None:
        session = await world.add_session("WAHA")
        for kind in ("META", "SANDBOX"):
            plan = OtherProvider(session.id, OtherRole.PLANNED, kind, {"token": kind}, NOW)
            await world.done(lambda uow, plan=plan: uow.other_providers.keep(plan))
        async with world.uow() as uow:
            assert await uow.other_providers.planned(session.id) == plan
            assert session.id not in await uow.other_providers.due(9)
        assert world.tenant.id not in await world.hub.storage.directory.tenants_with_due_moves()

        async def restricted(uow: UnitOfWork) -> None:
            present = await uow.sessions.get(session.id)
            present.status_reason = "reachout_timelock"
            await uow.sessions.save(present)

        await world.done(restricted)
        async with world.uow() as uow:
            assert session.id in await uow.other_providers.due(9)
            assert await uow.other_providers.due(0) == []
        assert world.tenant.id in await world.hub.storage.directory.tenants_with_due_moves()
        assert await world.done(lambda uow: uow.other_providers.cancel(session.id)) is True
        assert await world.done(lambda uow: uow.other_providers.cancel(session.id)) is False

    async def test_what_a_move_touches_is_counted(self, world: World) -> None:
        session = await world.add_session()
        round_ = await world.conversation(session=session, window_closes_at=datetime.now(UTC) + timedelta(hours=1))
        await world.conversation(session=session, window_closes_at=datetime.now(UTC) - timedelta(hours=1))
        await world.conversation(session=session)
        [first] = await world.enqueue(round_, "um")
        await world.enqueue(round_, "dois")
        async with world.uow() as uow:
            touched = await uow.lanes.affected(session.id, 1)
        assert (touched.queued, touched.groups, touched.windows_shut, touched.files) == (2, 0, 2, 0)
        [waiting] = touched.waiting
        assert (waiting.content, waiting.reply_to) == (first.content, None)
        assert [identity.kind.value for identity in waiting.recipient] == ["phone"]
        assert waiting.window_closes_at == round_.window_closes_at
        async with world.uow() as uow:
            assert (await uow.lanes.affected(session.id, 0)).waiting == ()

    async def test_lanes_of_a_session_that_cannot_send_wait(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "hello")

        async def claimed() -> int:
            return len((await world.done(lambda uow: uow.lanes.claim(FREE, 9, 30))).claims)

        async def becomes(*, on: bool) -> None:
            async with world.uow() as uow:
                session = await uow.sessions.get(world.session.id)
                session.is_active = on
                await uow.sessions.save(session)
                await uow.commit()

        await becomes(on=False)
        assert await claimed() == 0
        await becomes(on=True)
        assert await claimed() == 1

    async def test_a_removed_session_takes_its_lanes_with_it(self, world: World) -> None:
        session = await world.add_session("META")
        await world.done(lambda uow: uow.sessions.remove(session.id))
        async with world.uow() as uow:
            with pytest.raises(NotFound):
                await uow.sessions.get(session.id)
        assert await world.hub.storage.directory.target(session.id) is None

    async def test_pairings_are_kept_until_they_end(self, world: World) -> None:
        session = await world.add_session("WAHA", connected=False)
        pairing = Pairing.begun(datetime.now(UTC), ReconnectPolicy(), can_ask=True)
        async with world.uow() as uow:
            assert await uow.pairings.of(session.id) is None
            await uow.pairings.save(session.id, pairing)
            await uow.pairings.save(session.id, replace(pairing, code="2@x"))
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.pairings.of(session.id) == replace(pairing, code="2@x")
            await uow.pairings.end(session.id)
            await uow.pairings.end(session.id)
            assert await uow.pairings.of(session.id) is None

    async def test_a_due_pairing_is_one_callers_for_a_while(self, world: World) -> None:
        session = await world.add_session("WAHA", connected=False)
        pairing = Pairing.begun(datetime.now(UTC) - timedelta(minutes=1), ReconnectPolicy(), can_ask=True)
        await world.done(lambda uow: uow.pairings.save(session.id, pairing))
        directory = world.hub.storage.directory
        tenant_id = world.tenant.id
        assert tenant_id in await directory.tenants_with_due_pairings()
        assert [due.session_id for due in await directory.due_pairings(tenant_id, 9, 60)] == [session.id]
        assert await directory.due_pairings(tenant_id, 9, 60) == []
        assert tenant_id not in await directory.tenants_with_due_pairings()

    async def test_the_environments_number_is_marked_until_it_is_deleted(self, world: World) -> None:
        session = await world.add_session()
        async with world.uow() as uow:
            assert await uow.environment.get() is None
            await uow.environment.save(EnvironmentMark(session.id, b"sealed"))
            assert await uow.environment.get() == EnvironmentMark(session.id, b"sealed")
            assert await uow.environment.is_unused(session.id)
            await uow.sessions.remove(session.id)
            assert await uow.environment.get() == EnvironmentMark(None, b"sealed")
        await world.conversation()
        async with world.uow() as uow:
            assert not await uow.environment.is_unused(world.session.id)

    async def test_a_change_of_provider_frees_a_held_connection(self, world: World) -> None:
        session = await world.add_session(HELD)
        async with world.uow() as uow:
            line = await uow.connections.of(session)
            line.state = line.state.restarted(NOW, ReconnectPolicy())
            await uow.connections.save(line, session)
            moved = await uow.sessions.get(session.id)
            moved.provider, moved.status = "META", SessionStatus.CONNECTED
            await uow.sessions.save(moved)
            await uow.commit()
        assert (await world.hub.leases.capacity("META"))[1] == 0


class SessionHistoryContract:
    async def test_what_a_session_notes_is_stored_with_it(self, world: World) -> None:
        session = world.make_session(connected=False)
        session.start(NOW)
        await world.done(lambda uow: uow.sessions.add(session))
        async with world.uow() as uow:
            changed = await uow.sessions.get(session.id)
            changed.move(SessionStatus.FAILED, NOW + timedelta(minutes=1), "no_network")
            await uow.sessions.save(changed)
            await uow.sessions.save(changed)
            await uow.commit()
        assert [(e.status, e.reason, e.at) for e in await self._entries(world, session.id)] == [
            ("FAILED", "no_network", NOW + timedelta(minutes=1)),
            ("CONNECTING", None, NOW),
        ]

    async def test_what_says_the_same_within_an_hour_is_added_up(self, world: World) -> None:
        here = world.session.id
        for minutes, kind, reason, count in (
            (0, HistoryKind.UNDECRYPTABLE, None, 2),
            (10, HistoryKind.STORE_FAILED, "gone", 1),
            (20, HistoryKind.UNDECRYPTABLE, None, 3),
            (30, HistoryKind.STORE_FAILED, "slow", 1),
            (40, HistoryKind.TAKEN_OVER, None, 1),
            (50, HistoryKind.TAKEN_OVER, None, 1),
            (61, HistoryKind.UNDECRYPTABLE, None, 5),
        ):
            entry = HistoryEntry.of(kind, NOW + timedelta(minutes=minutes), reason, count=count)
            await world.done(partial(add, here, entry))
        found = await self._entries(world, here)
        assert [(e.kind, e.reason, e.count, (e.until - e.at) / timedelta(minutes=1)) for e in found] == [
            (HistoryKind.UNDECRYPTABLE, None, 5, 0),
            (HistoryKind.TAKEN_OVER, None, 1, 0),
            (HistoryKind.TAKEN_OVER, None, 1, 0),
            (HistoryKind.STORE_FAILED, "slow", 1, 0),
            (HistoryKind.STORE_FAILED, "gone", 1, 0),
            (HistoryKind.UNDECRYPTABLE, None, 5, 20),
        ]

    async def test_pages_follow_each_other(self, world: World) -> None:
        for minute in range(5):
            entry = HistoryEntry.of(HistoryKind.TAKEN_OVER, NOW + timedelta(minutes=minute))
            await world.done(partial(add, world.session.id, entry))
        async with world.uow() as uow:
            first = await uow.session_history.newest(world.session.id, 2)
            rest = await uow.session_history.newest(world.session.id, 9, first[-1].place)
        minutes = [(placed.entry.at - NOW) / timedelta(minutes=1) for placed in (*first, *rest)]
        assert (len(first), minutes) == (2, [4, 3, 2, 1, 0])

    async def test_it_goes_with_its_session_and_is_not_anothers(self, world: World, other: World) -> None:
        entry = HistoryEntry.of(HistoryKind.DIALLED, NOW)
        await world.done(partial(add, world.session.id, entry))
        async with other.uow() as uow:
            assert await uow.session_history.newest(world.session.id, 9) == []
        await other.done(partial(add, world.session.id, entry))
        assert [e.count for e in await self._entries(world, world.session.id)] == [1]
        await world.done(lambda uow: uow.sessions.remove(world.session.id))
        await world.done(partial(add, world.session.id, entry))
        assert await self._entries(world, world.session.id) == []

    async def _entries(self, world: World, session_id: SessionId) -> list[HistoryEntry]:
        async with world.uow() as uow:
            return [placed.entry for placed in await uow.session_history.newest(session_id, 50)]


async def add(session_id: SessionId, entry: HistoryEntry, uow: UnitOfWork) -> None:
    await uow.session_history.add(session_id, [entry])


class IdempotencyContract:
    async def test_a_key_is_for_one_request_of_one_caller(self, world: World) -> None:
        first, second = MessageId(new_id()), MessageId(new_id())
        async with world.uow() as uow:
            assert await uow.idempotency.claim("ana", "key", b"hash", first) is None
            assert await uow.idempotency.claim("ana", "key", b"hash", second) == first
            assert await uow.idempotency.claim("bia", "key", b"other", second) is None
            with pytest.raises(KeyReused):
                await uow.idempotency.claim("ana", "key", b"another", second)

    async def test_a_key_that_was_rolled_back_is_new(self, world: World) -> None:
        first, second = MessageId(new_id()), MessageId(new_id())
        async with world.uow() as uow:
            await uow.idempotency.claim("ana", "key", b"hash", first)
        async with world.uow() as uow:
            assert await uow.idempotency.claim("ana", "key", b"hash", second) is None

    async def test_a_second_claim_waits_for_the_first(self, world: World) -> None:
        first, second = MessageId(new_id()), MessageId(new_id())

        async def claim() -> MessageId | None:
            async with world.uow() as uow:
                return await uow.idempotency.claim("ana", "key", b"hash", second)

        async with world.uow() as uow:
            await uow.idempotency.claim("ana", "key", b"hash", first)
            waiting = asyncio.create_task(claim())
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await uow.commit()
        assert await asyncio.wait_for(waiting, 5) == first
