"""Receivers of every kind: what they take is complete, in order and signed, and none of them holds up another."""

import asyncio
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from tests.fakes.receiver import CUT, GARBAGE, HANG, OK, FakeReceiver, Posted, status
from tests.integration.webhooks.conftest import CALL_S, PATIENT_S, Desk, until
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.integrations.subscription import WebhookFormat


async def test_everything_arrives_once_in_order_and_signed(desk: Desk) -> None:
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        lanes: dict[int, list[int]] = defaultdict(list)
        for n in range(60):
            lanes[n % 5] += await desk.happens(n % 5, count=2)
        await until(lambda: len(receiver.taken) == 120)
        await asyncio.sleep(0.1)
        assert sorted(receiver.numbers()) == list(range(1, 121))
        assert desk.in_order(receiver.numbers(), lanes)
        assert receiver.refused_signatures == 0
        for posted in receiver.taken:
            assert posted.id == posted.json()["id"] == f"evt_{posted.json()['position']}"
            assert posted.headers["content-type"] == "application/json"
        rows = await desk.deliveries(webhook)
        assert {(row["state"], row["tries"]) for row in rows} == {("delivered", 1)}


@pytest.mark.parametrize(
    "bad",
    [status(500), status(503, "Retry-After: 0"), status(429), GARBAGE, CUT, HANG, status(302, "Location: /other"),
     status(400), status(100)],
    ids=["500", "503", "429", "garbage", "cut", "hang", "redirect", "400", "100"],
)  # fmt: skip
async def test_whatever_it_answers_first_every_event_arrives_in_order_with_one_id(desk: Desk, bad: bytes) -> None:
    tries: dict[str, int] = defaultdict(int)

    def twice_badly(posted: Posted) -> bytes:
        tries[posted.id] += 1
        return bad if tries[posted.id] <= 2 else OK

    call_s = CALL_S if bad in (HANG, status(100)) else PATIENT_S
    async with FakeReceiver(twice_badly) as receiver, desk.working(call_s=call_s):
        webhook = await desk.subscribe(receiver)
        lanes = {lane: await desk.happens(lane, count=3) for lane in range(3)}

        async def all_there() -> bool:
            await desk.pass_time(0.02)
            return len(receiver.taken) >= 9

        await until(all_there, 40)
        assert sorted(receiver.numbers()) == list(range(1, 10))
        assert desk.in_order(receiver.numbers(), lanes)
        assert all(posted.path == "/hook" for posted in receiver.posted)
        assert receiver.refused_signatures == 0

        async def all_recorded() -> bool:
            return {row["state"] for row in await desk.deliveries(webhook)} == {"delivered"}

        await until(all_recorded)
        assert [len(json.loads(row["attempts"])) for row in await desk.deliveries(webhook)] == [3] * 9
        assert set(tries.values()) == {3}


@pytest.mark.parametrize("rest", [b"short", b"", b"x" * 98])
async def test_a_status_is_an_answer_even_if_its_body_breaks_off(desk: Desk, rest: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + rest
    async with FakeReceiver(lambda _: answer) as receiver, desk.working(call_s=3):
        webhook = await desk.subscribe(receiver)
        await desk.happens()

        async def is_delivered() -> bool:
            return [row["state"] for row in await desk.deliveries(webhook)] == ["delivered"]

        await until(is_delivered)
        assert len(receiver.posted) == 1


async def test_one_that_is_down_for_an_hour_gets_everything_and_costs_the_others_nothing(desk: Desk) -> None:
    async with FakeReceiver() as down, FakeReceiver() as up, desk.working():
        webhook = await desk.subscribe(down)
        await desk.subscribe(up)
        await down.down()
        lanes: dict[int, list[int]] = defaultdict(list)
        for n in range(30):
            lanes[n % 4] += await desk.happens(n % 4)
        await until(lambda: len(up.taken) == 30)

        async def is_down() -> bool:
            await desk.pass_time(0.005)
            await asyncio.sleep(0.1)
            return (await desk.row(webhook))["failures"] >= 5

        await until(is_down)
        for _ in range(12):  # five minutes each
            await desk.pass_time(1 / 12)
            lanes[0] += await desk.happens(0)
            await asyncio.sleep(0.1)
        failures = (await desk.row(webhook))["failures"]
        assert 5 <= failures <= 5 + 14  # one event a probe
        await until(lambda: len(up.taken) == 42)
        await down.up()
        await desk.pass_time(0.1)
        await until(lambda: len(down.taken) == 42)
        assert sorted(down.numbers()) == list(range(1, 43))
        assert desk.in_order(down.numbers(), lanes)
        row = await desk.row(webhook)
        assert (row["failures"], row["is_active"]) == (0, True)


async def test_one_that_restarts_for_two_seconds_has_everything_soon_after(desk: Desk) -> None:
    """Each conversation's first event is refused, many of them in the same moment; no one is to wait for that."""
    loop = asyncio.get_running_loop()
    async with FakeReceiver() as receiver, desk.working(workers=2):
        webhook = await desk.subscribe(receiver)
        for lane in range(24):
            await desk.happens(lane)
        await until(lambda: len(receiver.taken) == 24)
        await receiver.down()
        began, most = loop.time(), 0
        while loop.time() < began + 2:
            for lane in range(24):
                await desk.happens(lane)
            most = max(most, (await desk.row(webhook))["failures"])
        await receiver.up()
        await until(lambda: len(receiver.taken) == desk.numbers, 5)
        assert 1 <= most < 5  # it never counted as down


async def test_slow_and_dead_receivers_do_not_delay_the_others(desk: Desk) -> None:
    """The quick one's events arrive as fast beside seven bad ones as alone."""

    async def took(receiver: FakeReceiver, count: int) -> list[float]:
        loop, spans = asyncio.get_running_loop(), []
        for n in range(count):
            seen = len(receiver.taken)
            began = loop.time()
            await desk.happens(n % 3)
            await until(lambda seen=seen: len(receiver.taken) > seen)
            spans.append(receiver.taken[-1].at - began)
        return sorted(spans)

    async with FakeReceiver() as quick, desk.working(call_s=CALL_S):
        await desk.subscribe(quick)
        alone = await took(quick, 40)
        bad = [FakeReceiver(lambda _: HANG) for _ in range(3)] + [FakeReceiver(delay_s=0.3) for _ in range(3)]
        bad.append(FakeReceiver(lambda _: status(500)))
        for receiver in bad:
            await receiver.up()
            await desk.subscribe(receiver)
        beside = await took(quick, 40)
        for receiver in bad:
            await receiver.down()
        assert beside[20] < alone[20] * 3 + 0.05
        assert beside[-2] < alone[-2] * 3 + CALL_S


async def test_after_410_nothing_more_is_sent_and_the_subscription_says_so(desk: Desk) -> None:
    async with FakeReceiver(lambda _: status(410)) as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await desk.happens(0, count=5)

        async def ended() -> bool:
            return not (await desk.row(webhook))["is_active"]

        await until(ended)
        posted = len(receiver.posted)
        await desk.happens(1, count=5)
        await desk.pass_time(2)
        await asyncio.sleep(0.3)
        assert len(receiver.posted) == posted == 1
        assert "410" in (await desk.row(webhook))["ended_reason"]
        states = [row["state"] for row in await desk.deliveries(webhook)]
        assert states == ["dead"] + ["cancelled"] * 4


async def test_one_event_that_is_refused_for_ever_holds_up_its_conversation_only_and_is_given_up_after_a_day(
    desk: Desk,
) -> None:
    async with (
        FakeReceiver(lambda posted: status(400) if posted.json()["data"]["number"] == 1 else OK) as receiver,
        desk.working(),
    ):
        webhook = await desk.subscribe(receiver)
        await desk.happens(0, count=3)
        await desk.happens(1, count=3)
        await until(lambda: len(receiver.taken) == 3)
        assert sorted(receiver.numbers()) == [4, 5, 6]
        for _ in range(30):
            await desk.pass_time(1)
            await asyncio.sleep(0.1)
        await until(lambda: len(receiver.taken) == 5)
        assert receiver.numbers()[3:] == [2, 3]
        rows = await desk.deliveries(webhook)
        assert [row["state"] for row in rows] == ["dead"] + ["delivered"] * 5
        assert 8 <= rows[0]["tries"] <= 20


async def test_after_a_day_of_silence_what_is_a_day_old_is_given_up_and_the_rest_arrives(desk: Desk) -> None:
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await receiver.down()
        await desk.happens(0, count=4)
        for _ in range(26):
            await desk.pass_time(1)
            await asyncio.sleep(0.05)
        await desk.queue.expire(1000)

        async def given_up() -> bool:
            await desk.pass_time(0.1)
            await desk.queue.expire(1000)
            return [row["state"] for row in await desk.deliveries(webhook)] == ["dead"] * 4

        await until(given_up)
        await desk.happens(0)
        await receiver.up()
        await desk.pass_time(0.2)
        await until(lambda: receiver.numbers() == [5])


async def test_two_workers_never_post_one_event_at_once(desk: Desk) -> None:
    jitter, flying, doubles = random.Random(1), defaultdict(int), 0

    def flapping(posted: Posted) -> bytes:
        return OK if jitter.random() < 0.7 else status(500)

    class Watching(FakeReceiver):
        async def _respond(self, posted: Posted, writer: asyncio.StreamWriter) -> bool:
            nonlocal doubles
            flying[posted.id] += 1
            doubles += flying[posted.id] > 1
            try:
                return await super()._respond(posted, writer)
            finally:
                flying[posted.id] -= 1

    async with Watching(flapping, delay_s=0.01) as receiver, desk.working(workers=3):
        await desk.subscribe(receiver)
        lanes: dict[int, list[int]] = defaultdict(list)
        for n in range(40):
            lanes[n % 6] += await desk.happens(n % 6, count=3)

        async def all_there() -> bool:
            await desk.pass_time(0.05)
            return len(set(receiver.numbers())) == 120

        await until(all_there, 60)
        assert doubles == 0
        assert len(receiver.taken) == 120
        assert desk.in_order(receiver.numbers(), lanes)


async def test_a_worker_that_dies_is_replaced_and_what_it_had_posted_may_come_again(desk: Desk) -> None:
    async with FakeReceiver(delay_s=0.02) as receiver:
        webhook = await desk.subscribe(receiver)
        async with desk.working() as [deliver]:
            numbers = await desk.happens(0, count=40)
            await until(lambda: len(receiver.taken) >= 5)
            deliver.queue.record = _never  # type: ignore[method-assign]  # a process that dies writes nothing
            deliver.queue.release = _never  # type: ignore[method-assign]
        del deliver.queue.record, deliver.queue.release
        before = len(receiver.taken)
        async with desk.working():
            await asyncio.sleep(0.3)
            assert len(receiver.taken) == before  # the lease is still the dead one's
            await desk.hub.owner.execute("UPDATE hub.webhooks SET lease_until = now() WHERE id = $1", webhook.id)
            await until(lambda: len(set(receiver.numbers())) == 40)
        assert list(dict.fromkeys(receiver.numbers())) == numbers
        ids = defaultdict(set)
        for posted in receiver.posted:
            ids[posted.json()["data"]["number"]].add(posted.id)
        assert {len(several) for several in ids.values()} == {1}


async def test_a_database_that_is_away_for_a_moment_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.application.integrations.deliver.AWAY_S", 0.02)
    away, record = 3, desk.queue.record

    async def sometimes(*given: Any) -> None:
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("just now")
        await record(*given)

    desk.queue.record = sometimes  # type: ignore[method-assign]
    async with FakeReceiver() as receiver, desk.working():
        await desk.subscribe(receiver)
        await desk.happens(0, count=5)
        await until(lambda: len(receiver.taken) == 5)
        await asyncio.sleep(0.3)
        assert (receiver.numbers(), away) == ([1, 2, 3, 4, 5], 0)


async def _never(*_: object) -> None:
    return None


async def test_more_slow_receivers_than_places_leave_the_others_their_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.application.integrations.deliver.RECEIVERS_AT_ONCE", 3)
    monkeypatch.setattr("whatsapp_hub.application.integrations.deliver.TURN_S", 0.3)
    slow, quick = [FakeReceiver(delay_s=0.1) for _ in range(5)], FakeReceiver()
    async with quick, desk.working():
        for receiver in slow:
            await receiver.up()
            await desk.subscribe(receiver)
        await desk.happens(0, count=60)
        await until(lambda: sum(len(receiver.posted) for receiver in slow) > 5)
        await desk.subscribe(quick)
        await desk.happens(1)
        await until(lambda: len(quick.taken) == 1)
        assert sum(len(receiver.taken) for receiver in slow) < 300
        for receiver in slow:
            receiver.delay_s = 0
        await until(lambda: all(len(receiver.taken) == 61 for receiver in slow), 20)
    for receiver in slow:
        assert [number for number in receiver.numbers() if number <= 60] == list(range(1, 61))
        await receiver.down()


async def test_a_secret_that_cannot_be_read_is_told_and_is_nobody_elses_trouble(desk: Desk) -> None:
    async with FakeReceiver() as lost, FakeReceiver() as well, desk.working():
        webhook = await desk.subscribe(lost)
        await desk.subscribe(well)
        await desk.hub.owner.execute("UPDATE hub.webhooks SET secrets = 'x' WHERE id = $1", webhook.id)
        await desk.happens()
        await until(lambda: len(well.taken) == 1)

        async def told() -> bool:
            [row] = await desk.deliveries(webhook)
            return "HUB_SECRET_KEY" in row["attempts"]

        await until(told)
        assert lost.posted == []


async def test_of_a_hundred_receivers_each_gets_its_own(desk: Desk) -> None:
    receivers = [FakeReceiver() for _ in range(12)]
    async with desk.working(workers=2):
        for receiver in receivers:
            await receiver.up()
            await desk.subscribe(receiver)
        for n in range(10):
            await desk.happens(n % 3)
        await until(lambda: all(len(receiver.taken) == 10 for receiver in receivers))
    for receiver in receivers:
        assert receiver.refused_signatures == 0
        await receiver.down()


async def test_a_webhook_is_told_what_happens_after_it_was_made_and_only_what_it_asked_for(desk: Desk) -> None:
    await desk.happens(0, count=3)
    await until(lambda: desk.hub.owner.fetchval("SELECT count(*) = 0 FROM hub.outbox"))
    receivers = [FakeReceiver() for _ in range(5)]
    for receiver in receivers:
        await receiver.up()
    everything, opened, messages, others, flat = receivers
    other_session = await desk.tenant.add_session()
    async with desk.working():
        await desk.subscribe(everything)
        await desk.subscribe(opened, events=("conversation.opened", "contact.*"))
        await desk.subscribe(messages, events=("message.*",))
        await desk.subscribe(others, session_id=other_session.id)
        await desk.subscribe(flat, format=WebhookFormat.FLAT)
        await desk.happens(0, count=2)
        await until(lambda: len(everything.taken) == len(opened.taken) == 2)
        await asyncio.sleep(0.2)
    assert everything.numbers() == [4, 5]
    assert (messages.posted, others.posted, flat.posted) == ([], [], [])
    for receiver in receivers:
        await receiver.down()


async def test_one_companys_receivers_leave_places_to_all_others(desk: Desk, new_world: Any) -> None:
    """A hundred that hang would else be driven before anybody's only one."""
    other = Desk(await new_world(), desk.hub, desk.queue)
    async with FakeReceiver() as receiver:
        many = [(await desk.subscribe(receiver)).id for _ in range(5)]
        one = (await other.subscribe(receiver)).id
        due = "UPDATE hub.webhooks SET due_at = now() - n * interval '1 second', lease_until = '-infinity' FROM "
        for n, ids in ((2, many), (1, [one])):
            await desk.hub.owner.execute(f"{due} (SELECT $1::int AS n) AS x WHERE id = ANY ($2)", n, ids)
        await desk.queue.plan(1)
        leased = [lease.webhook_id for lease in await desk.queue.lease(3, 30, (), 2)]
        assert leased.count(one) == 1, "its first comes before the second of another"
        assert len([id for id in leased if id in many]) == 2
        rest = await desk.queue.lease(9, 30, [desk.tenant.tenant.id], 2)
        assert [lease.webhook_id for lease in rest if lease.webhook_id in many] == []
