"""What a webhook's body may hold: a thousand updates, megabytes, broken text, nonsense."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import SHARED, Number, WahaNumber, World, a_phone, a_wamid, meta_number, now_s, until
from whatsapp_hub.application.ports.operations.housekeeping import DeadLetters
from whatsapp_hub.application.receiving import receive_events
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.bounds import LONGEST
from whatsapp_hub.main.wiring.infrastructure import Part

NONSENSE = [
    b"",
    b"nonsense",
    b"[]",
    b"null",
    b'{"entry":',
    b'{"entry":7}',
    b'{"object":"whatsapp_business_account"}',
    b"[" * 200_000,
    b"\xff\xfe\x00",
]


@pytest_asyncio.fixture
async def gateway(world: World, company: Company) -> Number:
    """A number on which nobody is answered."""
    return await meta_number(world, company, routing="none")


async def contents(world: World, number: Number, phone: str) -> list[str]:
    """What this customer wrote, in our order."""
    rows = await world.rows(
        """SELECT content FROM pooled.messages m JOIN pooled.conversations c ON c.id = m.conversation_id
        WHERE m.session_id = $1::text::uuid AND c.customer_phone = $2 ORDER BY m.seq""",
        number.id,
        phone,
    )
    return [row["content"] for row in rows]


async def cli(world: World, *commands: tuple[str, ...]) -> list[str]:
    """What `whatsapp-hub …` beside the running hub prints; several commands in one process, which saves imports."""
    imports = "import sys, json; from whatsapp_hub.main.commands.cli import commands"
    run = f"{imports}; [commands(c, standalone_mode=False) or print('--') for c in json.loads(sys.argv[1])]"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", run, json.dumps(commands)),
        env={**os.environ, **world.settings.for_children()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode().split("--\n")


async def test_a_thousand_updates_in_one_post_are_a_thousand_messages_in_order(
    world: World, company: Company, gateway: Number
) -> None:
    phones = [a_phone() for _ in range(20)]
    messages = [meta.text_from(phones[n % 20], a_wamid(), f"n{n}", now_s()) for n in range(1000)]
    body = gateway.body(*messages)
    answers = await asyncio.gather(gateway.post(body), gateway.post(body))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await world.inbox(gateway.id)) == 1000
    await world.settled(company)
    for place, phone in enumerate(phones):
        assert await contents(world, gateway, phone) == [f"n{n}" for n in range(place, 1000, 20)]


async def test_of_three_megabytes_whatsapps_longest_text_is_stored_beside_its_neighbours(
    world: World, company: Company, gateway: Number
) -> None:
    big, small = a_phone(), a_phone()
    text = "ação " * 420_000
    first = gateway.body(
        meta.text_from(small, a_wamid(), "before", now_s()),
        meta.text_from(big, a_wamid(), text, now_s()),
        meta.text_from(small, a_wamid(), "after", now_s()),
    )
    body = first.replace(rb"\u00e7\u00e3", "çã".encode())
    assert 2_500_000 < len(body) < 4_000_000
    assert (await gateway.post(body)).status_code == 200
    await world.settled(company)
    assert await contents(world, gateway, small) == ["before", "after"]
    [stored] = await contents(world, gateway, big)
    assert stored == text[:LONGEST]


async def test_megabytes_of_different_words_are_found_by_those_of_them_that_are_stored(
    world: World, company: Company, gateway: Number
) -> None:
    phone = a_phone()
    text = "boleto " + " ".join(f"palavra{n:x}" for n in range(180_000))
    assert len(text) > 2_000_000
    assert (await gateway.post(gateway.body(meta.text_from(phone, a_wamid(), text, now_s())))).status_code == 200
    await world.settled(company)
    assert await contents(world, gateway, phone) == [text[:LONGEST]]
    for word, found in (("boletos", 1), ("palavraff", 1), ("palavra2bf1f", 0)):
        answer = await company.admin.get("/api/messages/search", query=word)
        assert (answer.status_code, len(answer.json())) == (200, found), word


async def test_a_body_beyond_four_megabytes_is_413_and_stores_nothing(world: World, gateway: Number) -> None:
    body = gateway.body(meta.text_from(a_phone(), a_wamid(), "x" * 5_000_000, now_s()))
    assert (await gateway.post(body)).status_code == 413
    assert await world.inbox(gateway.id) == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (rb"a\u0000b", "a\ufffdb"),
        (rb"a\ud800b", "a\ufffdb"),
        (rb"a\udc00\ud800b", "a\ufffd\ufffdb"),
        (b"a\xff\xfeb", "a\ufffd\ufffdb"),
        (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
        (rb"\ud83d\ude00 \u00e1", "😀 á"),
    ],
    ids=["nul", "surrogate", "swapped", "no utf-8", "surrogate in utf-8", "emoji"],
)
async def test_broken_text_is_mended_and_its_neighbours_arrive(
    world: World, company: Company, gateway: Number, raw: bytes, shown: str
) -> None:
    odd, plain = a_phone(), a_phone()
    body = gateway.body(
        meta.text_from(plain, a_wamid(), "before", now_s()),
        meta.text_from(odd, a_wamid(), "MARK", now_s(), context={"id": "MARK"}),
        meta.text_from(plain, a_wamid(), "after", now_s()),
    ).replace(b"MARK", raw)
    for _ in range(2):
        assert (await gateway.post(body)).status_code == 200
    await world.settled(company)
    assert await contents(world, gateway, plain) == ["before", "after"]
    assert await contents(world, gateway, odd) == [shown]
    assert {row["state"] for row in await world.inbox(gateway.id)} == {"done"}
    conversation = await gateway.conversation(odd)
    answer = await company.admin.get(f"/api/conversations/{conversation['id']}/messages")
    assert [m["content"] for m in answer.json()["messages"]] == [shown]


async def test_broken_ids_and_names_are_stored_too(world: World, company: Company, gateway: Number) -> None:
    phone = a_phone()
    body = gateway.body(
        meta.text_from(phone, a_wamid() + "MARK", "odd id", now_s()),
        meta.text_from(phone, a_wamid() + "x" * 2000, "long id", now_s()),
        meta.text_from(phone, a_wamid(), "plain", now_s()),
    )
    body = body.replace(b"MARK", rb"\u0000\ud800").replace(b'"Ana"', rb'"A\u0000\udfff"')
    assert (await gateway.post(body)).status_code == 200
    await world.settled(company)
    assert await contents(world, gateway, phone) == ["odd id", "long id", "plain"]
    assert {row["state"] for row in await world.inbox(gateway.id)} == {"done"}


async def test_what_we_do_not_know_is_kept_and_shown_as_unsupported(
    world: World, company: Company, gateway: Number
) -> None:
    phone = a_phone()
    message = {"from": phone, "id": a_wamid(), "timestamp": str(now_s()), "type": "hologram", "hologram": {"w": 3}}
    assert (await gateway.post(gateway.body(message))).status_code == 200
    await world.settled(company)
    [shown] = await gateway.messages(phone)
    assert (shown["type"], shown["direction"]) == ("UNSUPPORTED", "INBOUND")
    [row] = await world.inbox(gateway.id)
    assert b"hologram" in row["body"]


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: repr(body[:12]))
@pytest.mark.parametrize("path", [SHARED, "own"])
async def test_signed_nonsense_is_200_and_quarantined_once(
    world: World, gateway: Number, body: bytes, path: str
) -> None:
    if path == SHARED and body == b"":
        body = b" "
    for _ in range(2):
        answer = await gateway.post(body, SHARED if path == SHARED else f"{SHARED}/{gateway.id}")
        assert answer.status_code == 200
    source = "app" if path == SHARED else gateway.id
    [row] = [row for row in await world.inbox(source) if row["body"] == body]
    assert (row["state"], bool(row["error"])) == ("quarantined", True)


async def test_signed_json_of_an_odd_shape_is_200_and_kept(world: World, gateway: Number) -> None:
    phone = a_phone()
    odd: list[bytes] = [
        b'{"entry":[{"id":1,"changes":7}]}',
        b'{"entry":["x",null,{"changes":[{"field":"messages","value":"x"}]}]}',
        gateway.body(messages=[7, None, {"id": {}}, {"type": "text"}]),
        gateway.body(statuses=["x", {"id": "w", "status": 7}]),
    ]
    for body in odd:
        assert (await gateway.post(body)).status_code == 200, body
    await gateway.writes(phone, "still here")
    await world.settled(gateway.company)
    assert await contents(world, gateway, phone) == ["still here"]
    assert {row["state"] for row in await world.inbox(gateway.id)} == {"done"}


@pytest_asyncio.fixture
async def poison(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A fault of ours: no message with this text can be stored until it is mended."""
    monkeypatch.setattr(receive_events, "RETRY_AFTER_S", (0.1, 0.1))
    word = f"poison-{uuid4().hex}"
    await world.owner.execute(
        f"ALTER TABLE pooled.messages ADD CONSTRAINT poison CHECK (content <> '{word}') NOT VALID"
    )

    async def mend() -> None:
        await world.owner.execute("ALTER TABLE pooled.messages DROP CONSTRAINT IF EXISTS poison")

    yield word, mend
    await mend()


async def test_an_update_that_cannot_be_applied_is_set_aside_and_replayed_once_mended(
    world: World, company: Company, gateway: Number, poison: Any
) -> None:
    word, mend = poison
    ill, well = a_phone(), a_phone()
    body = gateway.body(
        meta.text_from(ill, a_wamid(), "first", now_s()),
        meta.text_from(well, a_wamid(), "fine", now_s()),
        meta.text_from(ill, a_wamid(), word, now_s()),
        meta.text_from(ill, a_wamid(), "third", now_s()),
        meta.text_from(well, a_wamid(), "fine too", now_s()),
    )
    assert (await gateway.post(body)).status_code == 200
    await world.settled(company)
    assert await contents(world, gateway, well) == ["fine", "fine too"]
    assert await contents(world, gateway, ill) == ["first", "third"]
    [aside] = await world.inbox(gateway.id, state="quarantined")
    assert aside["tries"] == 3
    assert "CheckViolation" in aside["error"]

    await mend()
    listed, replayed, _ = await cli(world, ("inbox", "list", "--limit", "1000"), ("inbox", "replay", str(aside["id"])))
    [line] = [line for line in listed.splitlines() if gateway.id in line]
    assert line.split()[0] == str(aside["id"])
    assert "quarantined" in line
    assert word not in listed
    assert replayed.startswith("1 ")

    async def arrived() -> bool:
        return word in await contents(world, gateway, ill)

    await until(arrived)
    assert await contents(world, gateway, ill) == ["first", "third", word]
    assert await world.inbox(gateway.id, state="quarantined") == []


async def test_an_unassigned_update_is_adopted_by_its_number(world: World, company: Company, gateway: Number) -> None:
    phone, stray = a_phone(), meta.text_from(a_phone(), a_wamid(), "who am I for", now_s())
    assert (await gateway.post(meta.webhook("970000000000007", {"messages": [stray]}))).status_code == 200
    [row] = [row for row in await world.inbox("app") if stray["id"].encode() in row["body"]]
    aside: DeadLetters = await world.parts[Part.WORKER].get(DeadLetters)
    assert await aside.replay([row["id"]], SessionId(UUID(gateway.id))) == 1
    await gateway.writes(phone, "and me")
    await world.settled(company)
    assert await contents(world, gateway, stray["from"]) == ["who am I for"]


async def test_a_text_longer_than_whatsapps_is_cut(world: World, company: Company, waha: WahaNumber) -> None:
    """A page of messages that are each as long as a webhook would not fit into memory."""
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "x" * 3 * LONGEST)
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    shown = (await company.admin.get(f"/api/conversations/{conversation['id']}")).json()
    assert max(len(message["content"]) for message in shown["messages"]) == LONGEST
