"""Subscriptions that change while they are driven: deleted, switched off, moved, given another secret, ended by 410."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from standardwebhooks import Webhook as Verifier

from tests.fakes.receiver import HANG, OK, FakeReceiver, Posted, status
from tests.integration.webhooks.conftest import CALL_S, Desk, until
from whatsapp_hub.adapters.postgres.security.clear_addresses import PostgresClearAddresses
from whatsapp_hub.application.integrations.subscriptions import (
    DeleteWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
    WebhookChanges,
    WebhookRules,
)
from whatsapp_hub.application.security.seal_addresses import SealAddresses
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat

SLOW_S = 0.15
SOON_S = 2.0
"""Within which a change has reached whoever drives the subscription: a look a second, and what is under way."""


async def change(desk: Desk, webhook: Webhook, **changes: Any) -> None:
    update = UpdateWebhook(desk.hub.storage, desk.now, WebhookRules(allow_private=True))
    await update(desk.admin(), webhook.id, WebhookChanges(**changes))


async def under_way(desk: Desk, receiver: FakeReceiver) -> None:
    """One conversation with more to tell than fits into a look."""
    await desk.happens(0, count=60)
    await until(lambda: len(receiver.posted) > 2)


@pytest.mark.parametrize("how", ["deleted", "switched off"])
async def test_one_that_is_deleted_or_switched_off_is_told_no_more_before_long(desk: Desk, how: str) -> None:
    async with FakeReceiver(delay_s=SLOW_S) as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await under_way(desk, receiver)
        if how == "deleted":
            await DeleteWebhook(desk.hub.storage, desk.now)(desk.admin(), webhook.id)
        else:
            await change(desk, webhook, is_active=False)
        await asyncio.sleep(SOON_S)
        told = len(receiver.posted)
        await asyncio.sleep(4 * SLOW_S)
        assert len(receiver.posted) == told < 30


async def test_one_whose_lease_was_taken_posts_no_more_before_long(desk: Desk) -> None:
    async with FakeReceiver(delay_s=SLOW_S) as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await under_way(desk, receiver)
        await desk.hub.owner.execute(
            "UPDATE hub.webhooks SET fence = fence + 1, lease_until = 'infinity' WHERE id = $1", webhook.id
        )
        await asyncio.sleep(SOON_S)
        told = len(receiver.posted)
        await asyncio.sleep(4 * SLOW_S)
        assert len(receiver.posted) == told


async def test_what_waits_goes_to_the_new_address_in_order_and_nothing_is_lost(desk: Desk) -> None:
    async with FakeReceiver(delay_s=SLOW_S) as old, FakeReceiver() as new, desk.working():
        webhook = await desk.subscribe(old)
        new.secret = old.secret
        await under_way(desk, old)
        await change(desk, webhook, url=new.url)
        await until(lambda: new.numbers()[-1:] == [60])
        assert [*old.numbers(), *new.numbers()] == list(range(1, 61))
        assert len(old.taken) < 30
        assert new.refused_signatures == 0


async def test_a_new_address_is_not_judged_by_the_old_ones_failures(desk: Desk) -> None:
    """The old one's last attempts fail after the change; the new one gets everything at once all the same."""
    async with FakeReceiver(lambda _: HANG) as old, FakeReceiver() as new, desk.working(call_s=CALL_S):
        webhook = await desk.subscribe(old)
        for lane in range(7):
            await desk.happens(lane)
        await until(lambda: len(old.posted) == 7)
        await change(desk, webhook, url=new.url)
        await until(lambda: len(new.taken) == 7, 4)
        row = await desk.row(webhook)
        assert (row["failures"], row["url"]) == (0, new.url)


async def test_a_new_address_is_tried_at_once_however_often_the_old_one_refused(desk: Desk) -> None:
    async with FakeReceiver(lambda _: status(404)) as old, FakeReceiver() as new, desk.working():
        webhook = await desk.subscribe(old)
        await desk.happens(0, count=2)

        async def refused_often() -> bool:
            await desk.pass_time(0.1)
            return len(old.posted) > 4

        await until(refused_often)
        await change(desk, webhook, url=new.url)
        await until(lambda: new.numbers() == [1, 2], 4)


async def test_a_410_of_the_old_address_does_not_end_the_new_one(desk: Desk) -> None:
    async with FakeReceiver(lambda _: status(410), delay_s=0.5) as old, FakeReceiver() as new, desk.working():
        webhook = await desk.subscribe(old)
        await desk.happens(0)
        await until(lambda: len(old.posted) == 1)
        await change(desk, webhook, url=new.url)
        await desk.happens(1)
        await until(lambda: 2 in new.numbers(), 4)
        assert (await desk.row(webhook))["is_active"]


async def test_a_new_secret_signs_within_a_second_and_the_old_one_beside_it(desk: Desk) -> None:
    async with FakeReceiver(delay_s=SLOW_S) as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await under_way(desk, receiver)
        _, new = await RotateWebhookSecret(desk.hub.storage, desk.now)(desk.admin(), webhook.id, None)
        await asyncio.sleep(SOON_S)
        told = len(receiver.posted)
        await until(lambda: len(receiver.posted) > told + 3)
        assert receiver.refused_signatures == 0
        for posted in receiver.posted[told + 1 :]:
            Verifier(new).verify(posted.body, posted.headers, json_parse=False)


async def test_what_was_taken_beside_a_410_is_recorded_as_taken(desk: Desk) -> None:
    """Every attempt is in the record, and the record does not lie."""

    def answer(posted: Posted) -> bytes:
        return status(410) if posted.json()["data"]["number"] == 1 else OK

    class Later(FakeReceiver):
        async def _respond(self, posted: Posted, writer: asyncio.StreamWriter) -> bool:
            if posted.json()["data"]["number"] != 1:
                await asyncio.sleep(0.3)
            return await super()._respond(posted, writer)

    async with Later(answer) as receiver:
        webhook = await desk.subscribe(receiver)
        for lane in range(3):
            await desk.happens(lane, count=2)
        await until(lambda: desk.hub.owner.fetchval("SELECT count(*) = 0 FROM hub.outbox"))
        async with desk.working():
            await until(lambda: len(receiver.posted) >= 3)

            async def ended() -> bool:
                return not (await desk.row(webhook))["is_active"]

            await until(ended)
        rows = await desk.deliveries(webhook)
        taken = set(receiver.numbers())
        assert taken >= {3, 5}
        for number, row in enumerate(rows, start=1):
            assert (row["state"] == "delivered") == (number in taken), number
        assert {row["state"] for row in rows} == {"dead", "delivered", "cancelled"}
        assert [len(json.loads(row["attempts"])) for row in rows] == [row["tries"] for row in rows]


async def test_an_event_that_cannot_be_spelled_is_given_up_and_holds_up_nobody(desk: Desk) -> None:
    good = {
        "message": {"id": "1", "type": "TEXT", "content": "Olá", "direction": "INBOUND"},
        "chat": "5511999990000@s.whatsapp.net",
    }
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver, format=WebhookFormat.FLAT)
        for body in (b"not even JSON", b"{}", json.dumps(good).encode()):
            await desk.hub.owner.execute(
                "INSERT INTO hub.outbox (tenant_id, type, session_id, occurred_at, body) "
                "VALUES ($1, 'message.received', $2, now(), $3)",
                *(desk.tenant.tenant.id, desk.tenant.session.id, body),
            )
        await until(lambda: [posted.json()["message"] for posted in receiver.taken] == ["Olá"])

        async def given_up() -> bool:
            states = [row["state"] for row in await desk.deliveries(webhook)]
            return states == ["dead", "dead", "delivered"]

        await until(given_up)
        assert "spell" in (await desk.deliveries(webhook))[0]["attempts"]
        assert (await desk.row(webhook))["failures"] == 0


async def test_a_database_that_goes_away_in_the_middle_stalls_nothing_longer_than_it_is_away(desk: Desk) -> None:
    """Not even for the rest of a lease."""
    async with FakeReceiver(delay_s=0.01) as receiver, desk.working():
        await desk.subscribe(receiver)
        for n in range(6):
            await desk.happens(n % 3, count=10)
            await desk.hub.owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.2)
        await until(lambda: len(set(receiver.numbers())) == 60, 15)
        lanes = {n: [k for k in range(1, 61) if (k - 1) // 10 % 3 == n] for n in range(3)}
        assert desk.in_order(receiver.numbers(), lanes)


async def test_events_that_were_turned_into_deliveries_late_have_their_whole_day(desk: Desk) -> None:
    """No worker ran for 30 hours; its receiver is not up yet either."""
    async with FakeReceiver() as receiver:
        webhook = await desk.subscribe(receiver)
        await desk.happens(0, count=2)
        await until(lambda: desk.hub.owner.fetchval("SELECT count(*) = 0 FROM hub.outbox"))
        await desk.hub.owner.execute("UPDATE hub.events SET occurred_at = occurred_at - interval '30 hours'")
        await receiver.down()
        async with desk.working():

            async def tried() -> bool:
                rows = await desk.deliveries(webhook)
                return bool(rows) and rows[0]["tries"] >= 1

            await until(tried)
            await desk.queue.expire(1000)
            assert {row["state"] for row in await desk.deliveries(webhook)} == {"pending"}
            await receiver.up()
            await desk.pass_time(0.1)
            await until(lambda: receiver.numbers() == [1, 2])


async def test_two_at_the_queue_after_the_databases_clock_jumped_lose_nothing(desk: Desk) -> None:
    """A jump ends every lease while its holder still works: two drive one subscription for a moment."""
    async with FakeReceiver(delay_s=0.02) as receiver, desk.working(workers=3):
        webhook = await desk.subscribe(receiver)
        lanes = {lane: await desk.happens(lane, count=30) for lane in range(3)}
        for _ in range(10):
            await desk.hub.owner.execute("UPDATE hub.webhooks SET lease_until = '-infinity' WHERE id = $1", webhook.id)
            await asyncio.sleep(0.1)
        await until(lambda: len(set(receiver.numbers())) == 90)
        assert desk.in_order(receiver.numbers(), lanes)


async def test_heavy_events_are_held_a_few_at_a_time(desk: Desk) -> None:
    """Three megabytes each: sixty of them at once for each receiver would be the end of the worker."""
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        await desk.happens(0)
        await until(lambda: len(receiver.taken) == 1)
        connection: Any = await asyncpg.connect(desk.hub.url)
        try:
            for n in range(2, 8):
                body = json.dumps({"number": n, "text": "x" * 3_000_000}).encode()
                await connection.execute(
                    "INSERT INTO hub.outbox (tenant_id, type, occurred_at, body) VALUES ($1, 'heavy', now(), $2)",
                    desk.tenant.tenant.id,
                    body,
                )
        finally:
            await connection.close()
        await until(lambda: receiver.numbers() == list(range(1, 8)), 30)
        assert receiver.refused_signatures == 0
    await desk.hub.owner.execute("UPDATE hub.webhook_deliveries SET state = 'pending', next_at = now()")
    await desk.hub.owner.execute("UPDATE hub.webhooks SET due_at = now(), lease_until = '-infinity'")
    [lease] = [lease for lease in await desk.queue.lease(10, 30) if lease.webhook_id == webhook.id]
    held = await desk.queue.due(lease, [], 64)
    assert 1 <= len(held) <= 4
    assert [due.event.position for due in held if due.event] == sorted(due.event.position for due in held if due.event)


async def test_a_new_token_moves_it_and_a_shown_one_does_not(desk: Desk) -> None:
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        stored = await desk.row(webhook)
        await change(desk, webhook, url=f"{receiver.url}?token=first")
        await desk.happens(0)
        await until(lambda: receiver.numbers() == [1])
        await change(desk, webhook, url=f"{receiver.url}?token=•••", format=WebhookFormat.STANDARD)
        await change(desk, webhook, url=f"{receiver.url}?token=second")
        row = await desk.row(webhook)
        assert (row["url"], row["moves"]) == (f"{receiver.url}?token=•••", stored["moves"] + 2)
        await desk.happens(0)
        await until(lambda: receiver.numbers() == [1, 2])
        assert [posted.path.rpartition("?")[2] for posted in receiver.taken] == ["token=first", "token=second"]


async def test_addresses_from_before_are_sealed_and_go_on_being_posted_to(desk: Desk) -> None:
    async with FakeReceiver() as receiver, desk.working():
        webhook = await desk.subscribe(receiver)
        clear = f"{receiver.url}?token=old"
        await desk.hub.owner.execute("UPDATE hub.webhooks SET url = $2 WHERE id = $1", webhook.id, clear)
        for _ in range(2):
            await SealAddresses(PostgresClearAddresses(desk.hub.database, desk.hub.vault.box))()
        row = await desk.row(webhook)
        assert (row["url"], row["moves"]) == (f"{receiver.url}?token=•••", 0)
        await desk.happens(0)
        await until(lambda: receiver.numbers() == [1])
        assert receiver.taken[0].path.endswith("?token=old")
