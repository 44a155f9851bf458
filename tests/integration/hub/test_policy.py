"""One walk over every route with every kind of caller, against tests/policy.py: 401 for whoever is nobody, 403 for
whoever may not, neither for whoever may; another company's things do not exist, and nothing of them changes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from redis.asyncio import Redis

from tests.integration.http.conftest import Company
from tests.integration.hub.visitors import (
    EVERY_ROW,
    KNOWN_ONLY_HERE,
    Caller,
    Things,
    Walk,
    a_key,
    people,
    rows_of,
    strangers,
    things,
)
from tests.integration.hub.world import World, meta_number, waha_number
from tests.policy import PROVIDERS, ROUTES, TENANTS, Need, may
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import SCOPES
from whatsapp_hub.main.wiring.infrastructure import Part

UNUSED = "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e"


@pytest_asyncio.fixture
async def walk(world: World, document: dict[str, Any]) -> AsyncIterator[Walk]:
    made = Walk(world, document)
    yield made
    assert "\n".join(made.wrong) == ""


@pytest_asyncio.fixture
async def here(world: World, company: Company) -> Things:
    return await things(world, company)


async def refused(walk: Walk, caller: Caller, here: Things, row: str, status: int) -> None:
    answer, text = await walk.ask(row, caller, here)
    if answer != status:
        walk.wrong.append(f"{row} as {caller.name}: {answer}, not {status}: {text[:200]}")


async def admitted(walk: Walk, caller: Caller, here: Things, row: str) -> int:
    status, text = await walk.ask(row, caller, here)
    if status in (401, 403) or status >= 500:
        walk.wrong.append(f"{row} as {caller.name}: {status}: {text[:200]}")
    return status


async def test_whoever_is_nobody_gets_401_and_changes_nothing(world: World, walk: Walk, here: Things) -> None:
    callers = await strangers(world, here)
    before = await rows_of(world, here.company)
    for caller in callers:
        for row in EVERY_ROW:
            if not ROUTES[row].is_open:
                await refused(walk, caller, here, row, 401)
    assert await rows_of(world, here.company) == before


async def forget_addresses(world: World) -> None:
    """Routes that sign people in share one rate per address, and all callers have the same."""
    redis = await world.parts[Part.API].get(Redis)
    if counted := [key async for key in redis.scan_iter("hub:rate:address:*")]:
        await redis.delete(*counted)


async def test_what_is_open_is_so_for_everybody_alike(world: World, walk: Walk, here: Things) -> None:
    callers = [*await strangers(world, here), *await people(world, here)]
    for row in (row for row in EVERY_ROW if ROUTES[row].is_open and row != "GET /metrics"):
        await forget_addresses(world)
        assert len({(await walk.ask(row, caller, here))[0] for caller in callers}) == 1, row


async def test_no_credential_of_the_hubs_opens_a_providers_webhook(world: World, walk: Walk, here: Things) -> None:
    meta, waha = await meta_number(world, here.company), await waha_number(world, here.company)
    callers = [*await strangers(world, here), *await people(world, here), await a_key(here)]
    before = await rows_of(world, here.company)
    for caller in callers:
        for row in PROVIDERS:
            number, body = (waha, {"event": "x", "session": waha.name}) if "waha" in row else (meta, NAMING_IT)
            url = row.split(" ")[1].replace("{sessionId}", str(number.session["id"]))
            text = json.dumps(body).replace("NUMBER", meta.phone_number_id)
            status, answer = await walk.ask(row, caller, here, url=url, json=json.loads(text))
            if status != (403 if row.startswith("GET") else 401):
                walk.wrong.append(f"{row} as {caller.name}: {status}: {answer}")
    assert await rows_of(world, here.company) == before


NAMING_IT = {"entry": [{"changes": [{"field": "x", "value": {"metadata": {"phone_number_id": "NUMBER"}}}]}]}


async def test_people_may_what_their_role_may(world: World, walk: Walk, here: Things) -> None:
    callers = await people(world, here)
    before = await rows_of(world, here.company)
    for caller in callers:
        for row in (row for row in EVERY_ROW if not may(ROUTES[row], caller.may, True)):
            await refused(walk, caller, here, row, 403)
    assert await rows_of(world, here.company) == before
    for caller in callers:
        for row in (row for row in EVERY_ROW if may(ROUTES[row], caller.may, True)):
            await admitted(walk, caller, here, row)


async def test_an_administrator_reaches_its_own_things(world: World, walk: Walk, here: Things) -> None:
    """So that the walk's 404s mean what they say: for the owner there is something at every address."""
    admin = Caller("ADMIN", here.admin.headers)
    for row in EVERY_ROW:
        method, path = row.split(" ")
        if method == "GET" and not ROUTES[row].is_open and ROUTES[row] != TENANTS and not path.endswith("/qr"):
            status = await admitted(walk, admin, here, row)
            assert status < 400, (row, status)


async def test_a_key_of_one_scope_may_that_and_nothing_else(world: World, walk: Walk, here: Things) -> None:
    for scope in SCOPES.values():
        key = await a_key(here, scope)
        for row in (row for row in EVERY_ROW if not may(ROUTES[row], key.may, False)):
            await refused(walk, key, here, row, 403)
        await forget(here)
    assert walk.asked > len(SCOPES) * 50


async def test_a_key_with_just_what_a_route_needs_is_admitted_and_with_one_less_refused(
    world: World, walk: Walk, here: Things
) -> None:
    for need in {need for need in ROUTES.values() if need.actions and need.actions <= set(SCOPES.values())}:
        rows = [row for row in EVERY_ROW if ROUTES[row] == need]
        for lacking in need.actions:
            key = await a_key(here, *(set(SCOPES.values()) - {lacking}))
            for row in rows:
                await refused(walk, key, here, row, 403)
        if not need.is_a_persons:
            await exactly(walk, here, need, rows)
        await forget(here)


async def exactly(walk: Walk, here: Things, need: Need, rows: list[str]) -> None:
    key = await a_key(here, *need.actions)
    for row in rows:
        await admitted(walk, key, here, row)


async def forget(here: Things) -> None:
    """Revoke the keys, which a company has a limited number of."""
    for listed in (await here.admin.get("/api/api-keys", limit=200)).json():
        if listed["name"] == "k" and listed["revokedAt"] is None:
            await here.admin.delete(f"/api/api-keys/{listed['id']}")


async def test_a_key_that_is_not_narrowed_is_still_no_person(world: World, walk: Walk, here: Things) -> None:
    key = await a_key(here)
    for row in EVERY_ROW:
        if may(ROUTES[row], key.may, False):
            await admitted(walk, key, here, row)
        else:
            await refused(walk, key, here, row, 403)


ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
VARIES = re.compile(r'"[^"]*(secret|token|key|At|until|slug|name|timestamp|sessionId)[^"]*":"[^"]*"', re.IGNORECASE)


def without(value: str, answer: tuple[int, str]) -> tuple[int, str]:
    """What is left of an answer without the value asked with, ids, and what is new in each."""
    return answer[0], VARIES.sub("", ID.sub("", answer[1].replace(value, "")))


async def foreigners(world: World) -> tuple[Things, list[Caller]]:
    there = await things(world, await world.hub.company(), "giraffe")
    admin = Caller("another company's ADMIN", there.admin.headers)
    return there, [admin, await a_key(there)]


async def test_at_another_companys_addresses_is_nothing(world: World, walk: Walk, here: Things) -> None:
    there, callers = await foreigners(world)
    await world.settled(here.company)
    before = await rows_of(world, here.company)
    for caller in callers:
        for row in (row for row in EVERY_ROW if "{id}" in row and not row.startswith("GET /schema")):
            given = {"url": here.put_into(row.split(" ")[1]), "json": walk.body(row, there)}
            status, text = await walk.ask(row, caller, there, **given)
            allowed = may(ROUTES[row], SCOPE_OF_ADMIN, caller.name.startswith("another"))
            if status != (404 if allowed else 403) or KNOWN_ONLY_HERE in text:
                walk.wrong.append(f"{row} as {caller.name}: {status}: {text[:200]}")
    assert await rows_of(world, here.company) == before


SCOPE_OF_ADMIN = frozenset(SCOPES.values()) | {Action.MANAGE_API_KEYS, Action.SET_OWN_STATUS}


def ids_in(row: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a request names a thing besides in its address: `query` or `json`, and the field."""
    method, path = row.split(" ")
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    found = [("params", p["name"]) for p in operation.get("parameters", ()) if p["in"] == "query"]
    content = operation.get("requestBody", {}).get("content", {})
    for schema in (one["schema"] for one in content.values()):
        while "properties" not in schema and (inner := schema.get("$ref") or schema.get("oneOf")):
            schema = inner[-1] if isinstance(inner, list) else document["components"]["schemas"][inner.rsplit("/")[-1]]
        found += [("json", name) for name in schema.get("properties", ())]
    return [(where, name) for where, name in found if KIND_OF.get(name)]


KIND_OF = {
    "contactId": ("contacts",),
    "conversationId": ("conversations",),
    "departmentId": ("departments",),
    "userId": ("users",),
    "assignedUserId": ("users",),
    "sessionId": ("sessions", "sessionId"),
    "agentId": ("agentId",),
    "companyId": ("tenants",),
    "entityId": ("users", "sessions"),
    "user_id": ("users",),
}
"""Fields that name a thing, and what their value may be of another company's."""


CHOOSING = {
    *("POST /api/sessions", "PATCH /api/sessions/{id}"),
    *("POST /whatsapp", "POST /whatsapp/session", "POST /instances/create"),
}
"""A session's and an agent's names are one's own to choose: the same ones in every company."""


async def test_another_companys_ids_are_as_unknown_as_ids_of_nothing(world: World, walk: Walk, here: Things) -> None:
    """In a query, in a body, in the company's header: the answer is the one for an id that nothing has."""
    there, callers = await foreigners(world)
    before = await rows_of(world, here.company)
    named = 0
    for row in sorted((row for row in EVERY_ROW if not ROUTES[row].is_open), key=CHOOSING.__contains__):
        for caller in callers:
            chosen = Caller(caller.name, {**caller.headers, "X-Company-Id": here.company.id})
            if not row.startswith("GET /schema"):
                await refused(walk, chosen, there, row, 404)
            for where, name in ids_in(row, walk.document):
                for kind in KIND_OF[name]:
                    named += 1
                    await as_unknown(walk, row, caller, there, where, name, here.ids[kind])
    assert named > 40
    assert await rows_of(world, here.company) == before


async def as_unknown(walk: Walk, row: str, caller: Caller, there: Things, where: str, name: str, id: str) -> None:
    theirs = await ask_with(walk, row, caller, there, where, name, id)
    nothings = await ask_with(walk, row, caller, there, where, name, nothing_like(id))
    is_found = theirs[0] < 400 and not row.startswith("GET") and row not in CHOOSING
    if theirs != nothings or is_found or KNOWN_ONLY_HERE in theirs[1]:
        walk.wrong.append(f"{row} {name} as {caller.name}: {theirs} but {nothings}")


def nothing_like(id: str) -> str:
    return UNUSED if ID.fullmatch(id) else f"{id[:-4]}none"


async def ask_with(
    walk: Walk, row: str, caller: Caller, there: Things, where: str, name: str, value: str
) -> tuple[int, str]:
    given = {"query": "x"} if where == "params" else walk.body(row, there) or {}
    return without(value, await walk.ask(row, caller, there, **{where: {**given, name: value}}))


async def test_lists_and_figures_show_nothing_of_another_company(world: World, walk: Walk, here: Things) -> None:
    there, callers = await foreigners(world)
    for caller in callers:
        for row in (row for row in EVERY_ROW if row.startswith("GET") and "{" not in row):
            status, text = await walk.ask(row, caller, there)
            if KNOWN_ONLY_HERE in text or here.company.id in text or here.ids["sessions"] in text:
                walk.wrong.append(f"{row} as {caller.name}: {status}: {text[:200]}")
        for row in ("GET /api/messages/search", "GET /api/contacts", "GET /api/conversations"):
            words = {"query": KNOWN_ONLY_HERE, "search": KNOWN_ONLY_HERE}
            assert KNOWN_ONLY_HERE not in (await walk.ask(row, caller, there, params=words))[1]
