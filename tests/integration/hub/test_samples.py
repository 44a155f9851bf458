"""Every webhook body of the shared samples, signed anew, in random order and twice: 200, and one row an update."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import World, meta_number, waha_number

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
ACCOUNT = "830000000000001"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not there")


def bodies(provider: str) -> dict[str, dict[str, Any]]:
    """Those that are webhooks: files with these prefixes are vectors and answers."""
    files = sorted((SAMPLES / provider).glob("*.json"))
    return {f.stem: json.loads(f.read_bytes()) for f in files if not f.name.startswith(("_", "response_"))}


def nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def updates_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Of Meta's body: each message, status, echo and message of history; any other change is one update."""
    found: list[dict[str, Any]] = []
    for change in (c for entry in body["entry"] for c in entry["changes"]):
        value = change["value"]
        statuses = [] if change["field"] == "calls" else value.get("statuses", [])
        past = [
            message
            for chunk in value.get("history", [])
            for thread in chunk.get("threads", [])
            for message in thread["messages"]
        ]
        inner = [*value.get("messages", []), *statuses, *value.get("message_echoes", []), *past]
        found += inner or [change]
    return found


def ours(body: dict[str, Any], name: str, phone_number_id: str) -> dict[str, Any]:
    """For our number, with ids that no other sample has."""
    for entry in body["entry"]:
        entry["id"] = ACCOUNT
    for node in nodes(body):
        if "phone_number_id" in node:
            node["phone_number_id"] = phone_number_id
    for place, update in enumerate(updates_of(body)):
        if "id" in update:
            update["id"] = f"{update['id']}.{name}.{place}"
        else:
            update["sample"] = f"{name}.{place}"
    return body


async def test_every_body_of_meta_is_taken_once(world: World, company: Company) -> None:
    await company.department("Vendas", isRoot=True)
    number = await meta_number(world, company, settings={"businessAccountId": ACCOUNT})
    samples = {name: ours(body, name, number.phone_number_id) for name, body in bodies("meta").items()}
    assert len(samples) > 50
    expected = sum(len(updates_of(body)) for body in samples.values())
    raw = [json.dumps(body).replace("/", "\\/").encode() for body in samples.values()]
    order = raw * 2
    random.Random(7).shuffle(order)
    for body in order:
        assert (await number.post(body)).status_code == 200, body
    rows = await world.inbox(number.id)
    assert len(rows) == expected
    await world.settled(company)
    assert {row["state"] for row in await world.inbox(number.id)} == {"done"}
    for name, body in samples.items():
        mine = [u["id"] for u in updates_of(body) if "id" in u]
        assert all(sum(json.dumps(id).encode() in row["body"] for row in rows) == 1 for id in mine), name
    listed = await company.admin.get("/api/conversations", limit=200)
    assert listed.status_code == 200
    for conversation in listed.json():
        assert (await company.admin.get(f"/api/conversations/{conversation['id']}")).status_code == 200


async def test_the_samples_one_by_one_through_the_numbers_own_path(world: World, company: Company) -> None:
    """Their numbers are not ours: nothing is taken for ours, nothing is lost."""
    number = await meta_number(world, company)
    before = len(await world.inbox("app"))
    samples = bodies("meta")
    for body in samples.values():
        raw = json.dumps(body).encode()
        answer = await number.post(raw, f"/webhooks/whatsapp/{number.id}", **meta.sign(number.secret, raw))
        assert answer.status_code == 200
    assert await world.inbox(number.id) == []
    ids = {json.dumps(u, sort_keys=True) for body in samples.values() for u in updates_of(body)}
    assert before < len(await world.inbox("app")) <= before + len(ids)


async def test_every_body_of_waha_is_taken_once(world: World, company: Company) -> None:
    await company.department("Vendas", isRoot=True)
    waha = await waha_number(world, company)
    samples = bodies("waha")
    assert len(samples) > 30
    for name, body in samples.items():
        body["session"] = waha.name
        if "id" in body:
            body["id"] = f"{body['id']}{name}"
        payload = body.get("payload")
        if isinstance(payload, dict) and isinstance(payload.get("id"), str):
            payload["id"] = f"{payload['id']}{name.upper().replace('_', '')}"
    raw = [json.dumps(body, ensure_ascii=False).encode() for body in samples.values()]
    order = raw * 2
    random.Random(7).shuffle(order)
    path = f"/webhooks/waha/{waha.session['id']}"
    for place, body in enumerate(order):
        assert (await waha.post(body, path if place % 2 else "/webhooks/waha")).status_code == 200, body
    await world.settled(company)
    rows = await world.rows(
        "SELECT source, state, body FROM hub.inbox WHERE session_id = $1 OR body = ANY($2)",
        UUID(waha.session["id"]),
        raw,
    )
    assert sorted({row["body"] for row in rows}) == sorted(raw)
    for name, body in zip(samples, raw, strict=True):
        assert len([row for row in rows if row["body"] == body]) == 1, name
    assert {row["state"] for row in rows if "event" in json.loads(row["body"])} == {"done"}
