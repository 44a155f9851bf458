"""One walk over every event of both namespaces with every kind of caller, against tests/policy.py; and what another
company's names are good for on a socket: nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio
import socketio

from tests.integration.http.conftest import Company
from tests.integration.hub.visitors import KNOWN_ONLY_HERE, Caller, Things, a_key, people, strangers, things
from tests.integration.hub.world import World, a_phone, until
from tests.policy import CONNECTS, SOCKETS, may
from whatsapp_hub.domain.accounts.api_key import SCOPES
from whatsapp_hub.domain.errors import Forbidden

UNUSED = "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e"
REFUSES = "not allowed"


@pytest_asyncio.fixture
async def here(world: World, company: Company) -> Things:
    return await things(world, company)


@asynccontextmanager
async def connected(
    world: World, namespace: str, token: str, company_id: str | None = None
) -> AsyncIterator[tuple[socketio.AsyncClient, list[Any]]]:
    """A socket, and what it hears."""
    io, heard = socketio.AsyncClient(reconnection=False), []

    async def hear(name: str, *data: Any) -> None:
        heard.append((name, data))

    io.on("*", hear, namespace=namespace)
    auth = {"token": token, **({"companyId": company_id} if company_id else {})}
    await io.connect(world.hub.url, auth=auth, namespaces=[namespace], transports=["websocket"])
    try:
        yield io, heard
    finally:
        await io.disconnect()


def data_of(event: str, ids: dict[str, str]) -> Any:
    """What would pass if the caller may."""
    conversation, session = {"conversationId": ids["conversations"]}, {"sessionId": ids["sessions"]}
    return {
        "join-company": {"companyId": ids["tenants"]},
        "join-conversation": conversation,
        "leave-conversation": conversation,
        "agent-status": {"status": "ONLINE"},
        "heartbeat": None,
        "typing": {**conversation, "typing": True},
        "get-sessions": None,
        "send-message": {**session, "to": a_phone(), "message": "x"},
    }.get(event, session)


def lets_in(namespace: str, caller: Caller) -> bool:
    return any(may(need, caller.may, caller.is_a_person) for need in CONNECTS[namespace])


async def refusal(world: World, namespace: str, caller: Caller, company_id: str | None = None) -> str:
    """Why somebody is not let in; empty: they are."""
    try:
        async with connected(world, namespace, caller.token, company_id):
            return ""
    except socketio.exceptions.ConnectionError as error:
        return str(error) or "refused"


async def test_strangers_are_not_let_in(world: World, here: Things) -> None:
    for caller in await strangers(world, here):
        for namespace in SOCKETS:
            if "X-Api-Key" not in caller.headers:  # a token is a token, whatever header it came in
                assert await refusal(world, namespace, caller), (namespace, caller.name)


async def walked(world: World, here: Things, caller: Caller) -> list[str]:
    """Every event of both namespaces, by somebody with these rights; what the policy does not allow."""
    wrong = []
    for namespace, events in SOCKETS.items():
        why_not = await refusal(world, namespace, caller)
        if bool(why_not) is lets_in(namespace, caller):
            wrong.append(f"{namespace} as {caller.name}: {why_not or 'let in'}")
        if why_not:
            continue
        async with connected(world, namespace, caller.token) as (io, _):
            for event, need in events.items():
                answer = await io.call(event, data_of(event, here.ids), namespace=namespace)
                is_refused = REFUSES in str(answer.get("error", ""))
                if is_refused is may(need, caller.may, caller.is_a_person) or "internal" in str(answer):
                    wrong.append(f"{namespace} {event} as {caller.name}: {answer}")
    return wrong


async def test_people_may_what_their_role_may(world: World, here: Things) -> None:
    assert str(Forbidden("x")).startswith(REFUSES)
    for caller in await people(world, here):
        if caller.name != "MASTER":
            assert await walked(world, here, caller) == []


async def test_a_key_may_what_its_scopes_say(world: World, here: Things) -> None:
    assert await walked(world, here, await a_key(here)) == []
    for scope in SCOPES.values():
        assert await walked(world, here, await a_key(here, scope)) == []
        connecting = {action for needs in CONNECTS.values() for need in needs for action in need.actions}
        if scope not in connecting:  # with what lets in, so that the events themselves are asked
            assert await walked(world, here, await a_key(here, scope, *connecting)) == []
        for key in (await here.admin.get("/api/api-keys", limit=200)).json():
            if key["name"] == "k" and key["revokedAt"] is None:
                await here.admin.delete(f"/api/api-keys/{key['id']}")


async def test_a_company_that_is_not_ones_own_cannot_be_chosen(world: World, here: Things) -> None:
    other = await world.hub.company()
    caller = Caller("another company's ADMIN", other.admin.headers)
    for namespace in SOCKETS:
        assert await refusal(world, namespace, caller, here.company.id)
        assert await refusal(world, namespace, caller, other.id) == ""


def unnamed(answer: dict[str, Any], ids: dict[str, str]) -> str:
    text = str(answer)
    for value in ids.values():
        text = text.replace(value, "…")
    return text


async def test_another_companys_names_are_as_unknown_as_names_of_nothing(world: World, here: Things) -> None:
    other = await world.hub.company()
    theirs = {name: here.ids[name] for name in ("tenants", "conversations", "sessions", "agentId", "sessionId")}
    nothings = {name: UNUSED if name != "agentId" else "no-such-agent" for name in theirs}
    for namespace, events in SOCKETS.items():
        async with connected(world, namespace, other.admin.token) as (io, heard):
            for event in events:
                if event in ("agent-status", "heartbeat", "get-sessions"):
                    continue
                asked = [(data_of(event, theirs), data_of(event, nothings))]
                if "session" in event:
                    asked += [({name: theirs[name]}, {name: nothings[name]}) for name in ("agentId",)]
                    asked += [({"sessionId": theirs["sessionId"]}, {"sessionId": UNUSED})]
                for mine, nobodys in asked:
                    first = await io.call(event, mine, namespace=namespace)
                    second = await io.call(event, nobodys, namespace=namespace)
                    assert unnamed(first, theirs) == unnamed(second, nothings), event
                    assert not first["ok"] or event == "leave-conversation", (event, first)
            assert KNOWN_ONLY_HERE not in str(heard)


async def test_nothing_of_another_company_is_heard(world: World, here: Things) -> None:
    """A stranger who tried every room hears nothing of what happens, while the company's own people do."""
    other = await world.hub.company()
    tries = {
        "/": ("join-company", "join-conversation", "typing", "subscribe:session"),
        "/whatsapp": ("join-session", "get-sessions"),
    }
    async with (
        connected(world, "/", here.admin.token) as (_, told),
        connected(world, "/", other.admin.token) as (own, heard),
        connected(world, "/whatsapp", other.admin.token) as (client, client_heard),
    ):
        for event in tries["/"]:
            await own.call(event, data_of(event, here.ids))
        for event in tries["/whatsapp"]:
            await client.call(event, data_of(event, here.ids), namespace="/whatsapp")
        session = {"id": here.ids["sessions"]}
        await here.company.customer_writes(session, here.ids["phone"], f"Ainda aqui {KNOWN_ONLY_HERE}")

        async def known() -> bool:
            return "Ainda aqui" in str(told)

        await until(known)
        body = {"conversationId": here.ids["conversations"], "content": f"ok {KNOWN_ONLY_HERE}"}
        assert (await here.admin.post("/api/messages/send", body)).status_code == 202
        await world.settled(here.company)
        assert KNOWN_ONLY_HERE not in f"{heard}{client_heard}"
