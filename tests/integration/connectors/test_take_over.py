"""Several connectors: who holds what, and what happens when one dies, hangs, or ends in peace."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.connectors.conftest import UP, Process, Stage
from whatsapp_hub.application.moving.move_session import Destination, MoveSession
from whatsapp_hub.application.ports.queues.lanes import Holding
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.session import Session

FAST = {"STAGGERED_BOOT_DELAY_MS": "10", "MAX_INSTANCES": "120"}
STAGGER_S = 0.05


@pytest_asyncio.fixture(autouse=True)
async def _empty(stage: Stage) -> AsyncIterator[None]:
    yield
    await stage.owner.execute(
        "DELETE FROM hub.connectors; DELETE FROM hub.lines; UPDATE hub.sessions SET is_active = false"
    )
    stage.server.logins.clear()
    stage.server.script.clear()
    stage.server.sent.clear()


async def holders(stage: Stage) -> Counter[int]:
    """How many lines each connector process holds, by its pid."""
    rows = await stage.rows(
        """SELECT c.name FROM hub.lines l JOIN hub.connectors c ON c.id = l.connector_id
           WHERE c.until > clock_timestamp()"""
    )
    return Counter(int(row["name"].rpartition(":")[2]) for row in rows)


async def hold(stage: Stage, count: int, **settings: object) -> list[Session]:
    """So many sessions, all of them open at the server."""
    sessions = [await stage.session(**settings) for _ in range(count)]

    async def all_open() -> bool:
        return len(stage.server.open_logins()) == count

    await stage.until(all_open, 40)
    return sessions


async def two(stage: Stage, stack: AsyncExitStack, **variables: str) -> tuple[Process, Process]:
    a = await stack.enter_async_context(stage.role("connector", **{**FAST, **variables}))
    b = await stack.enter_async_context(stage.role("connector", **{**FAST, **variables}))

    async def both() -> bool:
        return len(await stage.rows("SELECT FROM hub.connectors WHERE until > clock_timestamp()")) == 2

    await stage.until(both)
    return a, b


def never_twice(stage: Stage) -> None:
    """At no time did two processes have a socket of one session open."""
    for session in {login.session for login in stage.server.logins}:
        mine = sorted((one for one in stage.server.logins if one.session == session), key=lambda one: one.at)
        for earlier, later in pairwise(mine):
            assert earlier.ended_at is not None
            assert earlier.ended_at <= later.at, (earlier, later)
            assert earlier.fence < later.fence


async def test_killed_its_hundred_sessions_are_with_the_other_within_ten_seconds(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        a, b = await two(stage, stack, STAGGERED_BOOT_DELAY_MS=str(int(STAGGER_S * 1000)))
        await hold(stage, 100)
        spread = await holders(stage)
        assert sum(spread.values()) == 100
        assert min(spread[a.pid], spread[b.pid]) >= 30, spread
        died_at = time.monotonic()
        a.process.kill()

        async def all_with_b() -> bool:
            return await holders(stage) == {b.pid: 100}

        await stage.until(all_with_b)
        assert time.monotonic() - died_at < 10

        async def all_open() -> bool:
            return len(stage.server.open_logins()) == 100

        await stage.until(all_open, 40)
        again = sorted(login.at for login in stage.server.logins if login.at > died_at)
        assert len(again) == spread[a.pid]
        apart = [later - earlier for earlier, later in pairwise(again)]
        assert sum(apart) / len(apart) >= STAGGER_S * 0.9, "one after the other"
        assert all(login.unclean for login in stage.server.logins if login.at > died_at)
        never_twice(stage)


async def test_one_that_was_paused_never_acts_on_what_is_anothers_by_now(stage: Stage) -> None:
    """SIGSTOP longer than the lease, then SIGCONT: it must not send, dial or claim under its old fence."""
    stage.server.script.append(UP)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.role("worker"))
        a, b = await two(stage, stack)
        sessions = await hold(stage, 20)
        await asyncio.gather(*(stage.is_(session, "CONNECTED") for session in sessions))
        lines = {session.id: await stage.line(session) for session in sessions}
        pids = {login.session: login.pid for login in stage.server.open_logins()}
        of_a = [session for session in sessions if pids[str(session.id)] == a.pid]
        assert of_a
        a.send(signal.SIGSTOP)

        async def all_with_b() -> bool:
            return await holders(stage) == {b.pid: 20}

        stopped_at = time.monotonic()
        await stage.until(all_with_b)
        assert time.monotonic() - stopped_at < 10
        for session in of_a:

            async def with_b(id: str = str(session.id)) -> bool:
                return [login.pid for login in stage.server.open_logins(id)] == [b.pid]

            await stage.until(with_b, 30)
            await stage.say(session, "5511933330000", "after the change")
        logins, mine = len(stage.server.logins), lines[of_a[0].id]["connector_id"]
        a.send(signal.SIGCONT)

        async def gave_up() -> bool:
            """Its watchdog ended it, or its loop was faster: it hung up everything and entered as another."""
            if a.process.returncode is not None:
                return a.process.returncode == 70
            found = await stage.rows("SELECT id, name FROM hub.connectors WHERE name LIKE '%:' || $1", str(a.pid))
            return bool(found) and found[0]["id"] != mine

        await stage.until(gave_up)

        async def all_sent() -> bool:
            return len(stage.server.sent) == len(of_a)

        await stage.until(all_sent)
        sent = {(id, fence) for id, fence, _ in stage.server.sent}
        assert sent == {(str(one.id), stage.server.login(str(one.id)).fence) for one in of_a}, "by the new holder only"
        assert a.pid not in {login.pid for login in stage.server.logins[logins:]}
        fences = {session.id: lines[session.id]["fence"] for session in of_a}
        old = Holding(lines[of_a[0].id]["connector_id"], fences)
        async with (await stage.use(Storage)).tenant(stage.caller.tenant_id) as uow:
            assert (await uow.lanes.claim({"PIGEON": Pacing(None, None)}, 9, 9, old)).claims == []
        await asyncio.gather(*(stage.is_(session, "CONNECTED") for session in sessions))


async def test_a_dead_holders_store_connections_are_ended(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        a, b = await two(stage, stack)
        await hold(stage, 10, store=stage.database_url)

        async def stores() -> dict[str, int]:
            rows = await stage.rows(
                """SELECT application_name AS name, pid FROM pg_stat_activity
                   WHERE application_name LIKE 'whatsapp-hub session %'"""
            )
            return {row["name"]: row["pid"] for row in rows}

        before = await stores()
        assert len(before) == 10
        of_a = {f"whatsapp-hub session {login.session}" for login in stage.server.logins if login.pid == a.pid}
        assert of_a
        a.send(signal.SIGSTOP)

        async def anew() -> bool:
            after = await stores()
            return len(after) == 10 and all(after[name] != before[name] for name in of_a)

        await stage.until(anew, 30)
        assert await holders(stage) == {b.pid: 10}
        after = await stores()
        assert {name for name in before if after[name] != before[name]} == of_a, "the others' are left alone"
        a.send(signal.SIGKILL)
        await a.ended()


async def test_told_to_end_it_hangs_up_first_and_the_other_goes_on_at_once(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        a, b = await two(stage, stack)
        await hold(stage, 20)
        a.send(signal.SIGTERM)
        ended_at = time.monotonic()
        assert await a.ended() == 0

        async def all_with_b() -> bool:
            return await holders(stage) == {b.pid: 20} and len(stage.server.open_logins()) == 20

        await stage.until(all_with_b)
        assert time.monotonic() - ended_at < 5, "nobody waits for a lease that was given back"
        assert not any(login.unclean for login in stage.server.logins)
        never_twice(stage)


async def test_replaced_one_by_one_the_load_stays_even_and_new_ones_go_to_whoever_has_fewer(
    stage: Stage,
) -> None:
    """A rolling restart that starts the new process before it ends the old one."""
    async with AsyncExitStack() as stack:
        old = await two(stage, stack)
        await hold(stage, 20)
        new = []
        for gone in old:
            new.append(await stack.enter_async_context(stage.role("connector", **FAST)))

            async def there() -> bool:
                return len(await stage.rows("SELECT FROM hub.connectors WHERE until > clock_timestamp()")) == 3

            await stage.until(there)
            gone.send(signal.SIGTERM)
            assert await gone.ended() == 0

            async def all_open() -> bool:
                return sum((await holders(stage)).values()) == len(stage.server.open_logins()) == 20

            await stage.until(all_open)
        spread = await holders(stage)
        assert set(spread) == {one.pid for one in new}
        assert max(spread.values()) <= 15, spread
        newcomer = await stage.login(await stage.session())
        assert spread[newcomer.pid] == min(spread.values()), spread
        never_twice(stage)


async def test_nobody_holds_more_than_its_room(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        await two(stage, stack, MAX_INSTANCES="3")
        sessions = await hold(stage, 6)
        assert sorted((await holders(stage)).values()) == [3, 3]
        with pytest.raises(Conflict) as caught:
            await stage.session()
        assert caught.value.code == "too_many_sessions"
        again = await (await stage.use(InitSession))(stage.caller, sessions[0].id, again=True)
        assert again.is_active, "one that is counted already may start again"


async def test_without_a_connector_a_session_says_so_and_starts_when_one_comes(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.role("worker"))
        session = await stage.session()
        await stage.owner.execute("UPDATE hub.lines SET deadline_at = clock_timestamp() - interval '1 s'")
        await stage.is_(session, "CONNECTING", "no_connector")
        await stack.enter_async_context(stage.role("connector", **FAST))
        (await stage.login(session)).tell(**UP)
        await stage.is_(session, "CONNECTED")


async def test_when_the_only_connector_dies_its_sessions_are_reconnecting(stage: Stage) -> None:
    stage.server.script.append(UP)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.role("worker"))
        only = await stack.enter_async_context(stage.role("connector", **FAST))
        [session] = await hold(stage, 1)
        await stage.is_(session, "CONNECTED")
        only.process.kill()
        await stage.was_down(session, "connector_lost")
        await stack.enter_async_context(stage.role("connector", **FAST))
        await stage.is_(session, "CONNECTED")
        events = await stage.events(session)
        assert events.count("session.disconnected") == 1


async def test_a_message_under_way_when_its_holder_dies_is_never_sent_again(stage: Stage) -> None:
    """The lane waits out its own lease (45 s); here only that nothing is doubled meanwhile."""
    stage.server.script.append(UP)
    stage.server.silent_about_sends = True
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.role("worker"))
        a, b = await two(stage, stack)
        [session] = await hold(stage, 1)
        await stage.is_(session, "CONNECTED")
        await stage.say(session, "5511944440000", "once")

        async def under_way() -> bool:
            return len(stage.server.sent) == 1

        await stage.until(under_way)
        holder = a if stage.server.login(str(session.id)).pid == a.pid else b
        holder.process.kill()
        await stage.was_down(session, "connector_lost")
        await stage.is_(session, "CONNECTED")
        await stage.owner.execute("UPDATE hub.lanes SET lease_until = clock_timestamp(), next_at = clock_timestamp()")

        async def unknown() -> Any:
            rows = await stage.rows("SELECT outcome FROM pooled.messages WHERE session_id = $1", session.id)
            return [row["outcome"] for row in rows] == ["unknown"]

        await stage.until(unknown)
        await asyncio.sleep(1)
        assert len(stage.server.sent) == 1
    stage.server.silent_about_sends = False


async def works(stage: Stage, process: Process) -> None:
    """As soon as it has started: starting takes its share from all others, whose leases are short."""

    async def seen() -> bool:
        names = [row["name"] for row in await stage.rows("SELECT name FROM hub.processes")]
        return any(name.rpartition(":")[2] == str(process.pid) for name in names)

    await stage.until(seen, 120)


async def test_a_number_that_was_moved_back_and_linked_anew_outlives_the_connector_that_failed_to_forget_it(
    stage: Stage,
) -> None:
    """The order to forget it failed, and would be another connector's to try once this one is gone."""
    move = await stage.use(MoveSession)
    stubborn = stage.folder / "forgotten.stubborn"
    async with AsyncExitStack() as stack:
        await works(stage, await stack.enter_async_context(stage.role("worker")))
        first = await stack.enter_async_context(stage.role("connector", **FAST))
        await works(stage, first)
        session = await stage.connected()
        stubborn.write_text(str(session.id))
        await move(stage.caller, session.id, Destination("SANDBOX"))

        async def failed() -> bool:
            found = await stage.rows("SELECT not_before FROM hub.commands WHERE session_id = $1", session.id)
            return bool(found and found[0]["not_before"])

        await stage.until(failed)
        stubborn.unlink()
        await move(stage.caller, session.id, Destination("PIGEON", stage.server.settings))
        login = await stage.login(session)
        login.tell(**UP)
        await stage.is_(session, "CONNECTED")
        assert stage.forgotten().count(str(session.id)) == 1, "before it was dialled"
        assert await stage.rows("SELECT FROM hub.commands WHERE session_id = $1", session.id) == []
        await first.stop()
        await works(stage, await stack.enter_async_context(stage.role("connector", **FAST)))
        again = await stage.login(session)
        again.tell(**UP)
        await stage.is_(session, "CONNECTED")
        assert stage.forgotten().count(str(session.id)) == 1
        assert again.is_open
