"""Who may bring updates: only those whose own secret signed the body (contract F, webhooks in)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import (
    SHARED,
    Number,
    WahaNumber,
    World,
    a_phone,
    a_wamid,
    meta_number,
    now_s,
)
from whatsapp_hub.adapters.providers.meta_cloud.split import MOST_UPDATES


def text(phone: str | None = None) -> dict[str, Any]:
    return meta.text_from(phone or a_phone(), a_wamid(), "Oi", now_s())


def changes(*bodies: tuple[Number, dict[str, Any]]) -> bytes:
    """One POST with one entry for each number."""
    entries = [meta.webhook(number.phone_number_id, {"messages": [message]}) for number, message in bodies]
    first, *rest = (entry.decode() for entry in entries)
    inner = ",".join(e.split('"entry":[', 1)[1].rsplit("]}", 1)[0] for e in (first, *rest))
    return f'{{"object":"whatsapp_business_account","entry":[{inner}]}}'.encode()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "nonsense é",
    ],
)
@pytest.mark.parametrize("path", [SHARED, "own"])
async def test_a_wrong_or_missing_signature_is_401_and_stores_nothing(
    world: World, number: Number, signature: str | None, path: str
) -> None:
    before = await world.inbox_size()
    headers = {} if signature is None else {"X-Hub-Signature-256": signature.encode()}
    answer = await world.hub.http.post(
        SHARED if path == SHARED else f"{SHARED}/{number.id}",
        content=number.body(text()),
        headers={"Content-Type": "application/json", **headers},  # type: ignore[arg-type]
    )
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert await world.inbox_size() == before


async def test_a_body_changed_after_signing_is_401(world: World, number: Number) -> None:
    before = await world.inbox_size()
    body = number.body(text())
    answer = await number.post(body + b" ", **meta.sign(number.secret, body))
    assert answer.status_code == 401
    assert await world.inbox_size() == before


async def test_an_unsigned_post_of_nonsense_is_401_and_stores_nothing(world: World, number: Number) -> None:
    before = await world.inbox_size()
    for body in (b"", b"nonsense", b"[]", number.body()):
        assert (await world.hub.http.post(SHARED, content=body)).status_code == 401, body
    assert await world.inbox_size() == before


async def test_as_secret_over_bs_number_stores_nothing(world: World, number: Number) -> None:
    theirs = await meta_number(world, await world.hub.company())
    before = await world.inbox_size()
    body = theirs.body(text())
    assert (await number.post(body)).status_code in (200, 401)
    assert (await number.post(body, f"{SHARED}/{number.id}")).status_code == 200
    assert (await number.post(body, f"{SHARED}/{theirs.id}")).status_code == 401
    assert await world.inbox_size() == before
    assert (await theirs.post(body)).status_code == 200
    assert len(await world.inbox(theirs.id)) == 1


@pytest.mark.parametrize("path", [SHARED, "own"])
async def test_in_a_batch_only_ones_own_updates_are_taken(world: World, number: Number, path: str) -> None:
    theirs = await meta_number(world, await world.hub.company())
    before = await world.inbox_size()
    mine = text()
    answer = await number.post(
        changes((theirs, text()), (number, mine), (theirs, text())),
        SHARED if path == SHARED else f"{SHARED}/{number.id}",
    )
    assert answer.status_code == 200
    [row] = await world.inbox(number.id)
    assert mine["id"].encode() in row["body"]
    assert await world.inbox_size() == before + 1


async def test_numbers_that_share_an_apps_secret_each_get_their_own(world: World, company: Company) -> None:
    first = await meta_number(world, company)
    second = await meta_number(world, await world.hub.company(), settings={"appSecret": first.secret})
    assert (await first.post(changes((first, text()), (second, text()), (second, text())))).status_code == 200
    assert (len(await world.inbox(first.id)), len(await world.inbox(second.id))) == (1, 2)


async def test_an_unknown_number_is_200_and_an_unassigned_row_of_the_app(world: World, number: Number) -> None:
    for path in (SHARED, f"{SHARED}/{number.id}"):
        message = text()
        body = meta.webhook(f"9{uuid4().int % 10**14:014d}", {"messages": [message]})
        assert (await number.post(body, path)).status_code == 200
        [row] = [row for row in await world.inbox("app") if message["id"].encode() in row["body"]]
        assert (row["state"], row["tenant_id"], row["session_id"]) == ("unassigned", None, None)


async def test_another_number_of_a_known_account_is_not_taken_for_ours(world: World, company: Company) -> None:
    account = f"8{uuid4().int % 10**14:014d}"
    number = await meta_number(world, company, settings={"businessAccountId": account})
    message = text()
    body = meta.webhook("900000000000001", {"messages": [message]}).replace(meta.ACCOUNT.encode(), account.encode())
    assert (await number.post(body)).status_code == 200
    assert await world.inbox(number.id) == []
    assert [r["state"] for r in await world.inbox("app") if message["id"].encode() in r["body"]] == ["unassigned"]


async def test_an_event_of_the_account_goes_to_its_one_number(world: World, company: Company) -> None:
    account = f"8{uuid4().int % 10**14:014d}"
    number = await meta_number(world, company, settings={"businessAccountId": account})
    body = (
        f'{{"object":"whatsapp_business_account","entry":[{{"id":"{account}","time":1780000000,"changes":'
        f'[{{"field":"account_update","value":{{"event":"ACCOUNT_RESTRICTION"}}}}]}}]}}'
    ).encode()
    assert (await number.post(body)).status_code == 200
    assert len(await world.inbox(number.id)) == 1


async def test_a_number_that_two_sessions_claim_is_left_unassigned(world: World, number: Number) -> None:
    other = await world.hub.company()
    twin = await meta_number(world, other, number.phone_number_id, settings={"appSecret": number.secret})
    message = text()
    assert (await number.post(number.body(message))).status_code == 200
    assert await world.inbox(number.id) == []
    assert await world.inbox(twin.id) == []
    assert [r["state"] for r in await world.inbox("app") if message["id"].encode() in r["body"]] == ["unassigned"]
    assert (await twin.post(number.body(message), f"{SHARED}/{twin.id}")).status_code == 200
    assert len(await world.inbox(twin.id)) == 1


async def test_claiming_anothers_number_with_ones_own_secret_takes_nothing_from_it(
    world: World, number: Number
) -> None:
    thief = await meta_number(world, await world.hub.company(), number.phone_number_id)
    assert (await number.post(number.body(text()))).status_code == 200
    assert (len(await world.inbox(number.id)), len(await world.inbox(thief.id))) == (1, 0)
    assert (await thief.post(number.body(text()))).status_code == 200
    assert (len(await world.inbox(number.id)), len(await world.inbox(thief.id))) == (1, 1)


@pytest.mark.parametrize("path", [SHARED, "own"])
async def test_the_handshake_echoes_the_challenge_as_it_is(world: World, number: Number, path: str) -> None:
    url = SHARED if path == SHARED else f"{SHARED}/{number.id}"
    ask = {"hub.mode": "subscribe", "hub.challenge": "00123 x<y>", "hub.verify_token": number.verify_token}
    answer = await world.hub.http.get(url, params=ask)
    assert (answer.status_code, answer.text) == (200, "00123 x<y>")
    assert answer.headers["content-type"].startswith("text/plain")
    wrong: tuple[dict[str, str], ...] = (
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
    )
    for change in wrong:
        assert (await world.hub.http.get(url, params={**ask, **change})).status_code == 403, change
    assert (await world.hub.http.get(url)).status_code == 403


async def test_a_path_of_no_session_is_404(world: World, number: Number, waha: WahaNumber) -> None:
    body = number.body(text())
    for path in (f"{SHARED}/{uuid4()}", f"{SHARED}/nonsense", f"{SHARED}/{waha.session['id']}", "/webhooks/pigeon"):
        assert (await number.post(body, path)).status_code == 404, path


async def test_wahas_signature_is_checked_in_the_same_way(world: World, waha: WahaNumber) -> None:
    from tests.fakes import waha as fake

    before = await world.inbox_size()
    body = fake.webhook("message", fake.text_from(f"{a_phone()}@c.us", "A1", "Oi"), waha.name)
    for path in ("/webhooks/waha", f"/webhooks/waha/{waha.session['id']}"):
        assert (await waha.post(body, path, key="wrong")).status_code == 401
        assert (await world.hub.http.post(path, content=body)).status_code == 401
    assert await world.inbox_size() == before
    assert (await waha.post(body)).status_code == 200
    assert len(await world.inbox(waha.session["id"])) == 1


CRUMBS = b'{"entry":[' + b"[]," * 1_300_000 + b"1]}"


async def test_an_unsigned_flood_of_crumbs_is_401(world: World, number: Number) -> None:
    before = await world.inbox_size()
    for path in (SHARED, f"{SHARED}/{number.id}"):
        for headers in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}):
            answer = await world.hub.http.post(path, content=CRUMBS, headers=headers)
            assert answer.status_code == 401
    assert await world.inbox_size() == before


async def test_a_signed_flood_of_crumbs_is_one_row_that_an_operator_can_see(world: World, number: Number) -> None:
    before = await world.inbox_size()
    headers = meta.sign(number.secret, CRUMBS)
    answer = await world.hub.http.post(f"{SHARED}/{number.id}", content=CRUMBS, headers=headers)
    assert answer.status_code == 200
    assert await world.inbox_size() == before + 1
    held = await world.owner.fetchval(
        "SELECT error FROM hub.inbox WHERE state = 'quarantined' ORDER BY id DESC LIMIT 1"
    )
    assert held == f"more than {MOST_UPDATES} updates in one body"


async def test_a_signed_batch_of_a_thousand_goes_in_whole(world: World, number: Number) -> None:
    before = await world.inbox_size()
    messages = [meta.text_from(a_phone(), a_wamid(), "Oi", now_s()) for _ in range(1_000)]
    content = meta.webhook(number.phone_number_id, {"messages": messages})
    assert (await number.post(content, **meta.sign(number.secret, content))).status_code == 200
    assert await world.inbox_size() == before + 1_000
