"""What contracts B and D tell live on their sockets, `/whatsapp` and `/`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import socketio

from tests.integration.http.conftest import Company
from tests.integration.hub.programs import (
    Program,
    a_key,
    a_scannable_session,
    opened,
    program,
    shown_picture,
    waha_says,
)
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]

D, B = "/", "/whatsapp"


@dataclass
class Line:
    """A client on one namespace, and what it heard in order."""

    io: socketio.AsyncClient
    namespace: str
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def ask(self, name: str, data: object = None) -> dict[str, Any]:
        return dict(await self.io.call(name, data, namespace=self.namespace, timeout=10))

    async def hears(self, name: str, **like: object) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            return next((data for heard, data in self.heard if heard == name and like.items() <= data.items()), None)

        found = await until(there)
        assert found
        return found

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


@asynccontextmanager
async def line(world: World, token: str, namespace: str, **auth: object) -> AsyncIterator[Line]:
    client = Line(socketio.AsyncClient(reconnection=False), namespace)

    async def hear(name: str, data: dict[str, Any]) -> None:
        client.heard.append((name, data))

    client.io.on("*", hear, namespace=namespace)
    await client.io.connect(
        world.hub.url, auth={"token": token, **auth}, transports=["websocket"], namespaces=[namespace]
    )
    yield client
    await client.io.disconnect()


async def test_a_socket_needs_a_token(world: World) -> None:
    for namespace in (D, B):
        for auth in ({}, {"token": "nonsense"}, {"token": "hub_nonsense"}):
            io = socketio.AsyncClient(reconnection=False)
            with pytest.raises(socketio.exceptions.ConnectionError):
                await io.connect(
                    world.hub.url, auth=auth, namespaces=[namespace], transports=["websocket"], wait_timeout=3
                )


async def test_d_tells_a_sessions_life(world: World, company: Company, program: Program) -> None:
    made = (await program.post("/whatsapp", {"sessionId": a_key(), "provider": "SANDBOX"})).json()
    key, phone = made["sessionId"], a_phone()
    async with line(world, program.key, D) as client:
        await client.hears("connected")
        answer = await client.ask("subscribe:session", {"sessionId": key})
        assert answer == {"ok": True, "sessionId": key}
        assert (await client.hears("subscribed"))["sessionId"] == key
        await program.post(f"/whatsapp/{made['id']}/activate")
        assert (await client.hears("session:started"))["sessionId"] == key
        assert (await client.hears("session:connected"))["sessionId"] == key
        await company.customer_writes({"id": made["id"]}, phone, "oi", "Ana")
        message = await client.hears("session:message")
        assert (message["sessionId"], message["from"], message["message"]) == (key, phone, "oi")
        sent = (await program.post(f"/whatsapp/{key}/send-message", {"to": phone, "message": "olá"})).json()
        assert await client.hears("message-status", messageId=sent["messageId"], status="READ")
        await program.delete(f"/whatsapp/{key}/sessions/{key}")
        assert (await client.hears("session:disconnected"))["reason"] == "stopped"
        positions = [data["position"] for name, data in client.heard if name not in ("connected", "subscribed")]
        assert positions == sorted(positions)
        assert client.names().count("session:message") == 1


async def test_d_shows_the_code_and_what_goes_wrong(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    async with line(world, program.key, D) as client:
        await client.ask("subscribe:session", {"sessionId": session["id"]})
        await waha_says(world, session, "WORKING")
        await client.hears("session:connected", sessionId=session["sessionId"])
        world.waha.after_start = "SCAN_QR_CODE"
        try:
            await company.admin.post(f"/api/sessions/{session['id']}/restart")
        finally:
            world.waha.after_start = "WORKING"
        shown = await client.hears("qr", sessionId=session["sessionId"])
        assert shown["qr"] == world.waha.qr_code
        await waha_says(world, session, "FAILED")
        fault = await client.hears("session:error")
        assert {"sessionId", "code", "message"} <= set(fault)


async def test_d_subscribes_to_all_of_an_agents_sessions(world: World, program: Program) -> None:
    agent = a_key("agent")
    first, second = await opened(program, agent), await opened(program, agent)
    other = await opened(program)
    async with line(world, program.key, D) as client:
        answer = await client.ask("subscribe:session", {"agentId": agent})
        assert answer == {"ok": True, "sessionIds": [first["sessionId"], second["sessionId"]]}
        later = await opened(program, agent)
        for session in (first, second, other, later):
            await program.delete(f"/whatsapp/{session['agentId']}/sessions/{session['sessionId']}")
        for session in (first, second, later):
            await client.hears("session:disconnected", sessionId=session["sessionId"])
        assert other["sessionId"] not in {data.get("sessionId") for _, data in client.heard}
        assert (await client.ask("unsubscribe:session", {"agentId": agent}))["ok"] is True
        await program.post(f"/whatsapp/{agent}/sessions/init", {"sessionId": first["sessionId"]})
        await asyncio.sleep(0.3)
        assert client.names().count("session:started") == 1  # `later`, before


async def test_d_is_for_administrators(world: World, company: Company, program: Program) -> None:
    session = await opened(program)
    agent = await company.agent()
    async with line(world, agent.token, D) as client:
        refused = await client.ask("subscribe:session", {"sessionId": session["sessionId"]})
        assert refused["ok"] is False
        fault = await client.hears("session:error")
        assert (fault["sessionId"], fault["code"]) == (session["sessionId"], "forbidden")


async def test_a_key_that_may_only_watch_hears_its_sessions_and_nothing_else(
    world: World, company: Company, program: Program
) -> None:
    session, other = await opened(program), await opened(program)
    body = {"name": "watcher", "scopes": ["watch-sessions"]}
    watcher = (await company.admin.post("/api/api-keys", body)).json()["key"]
    async with line(world, watcher, D) as client:
        assert (await client.ask("subscribe:session", {"sessionId": session["sessionId"]}))["ok"] is True
        for one in (other, session):
            phone = a_phone()
            await company.customer_writes(one, phone, "oi")
            sent = await program.post(f"/whatsapp/{one['sessionId']}/send-message", {"to": phone, "message": "olá"})
        await client.hears("message-status", messageId=sent.json()["messageId"], status="READ")
        heard = {"connected", "subscribed", "session:connected", "session:message", "message-status"}
        assert set(client.names()) == heard
        assert client.names().count("session:message") == 1


async def test_another_companys_session_is_not_heard(world: World, program: Program) -> None:
    session = await opened(program)
    other = (await world.hub.company()).admin
    for namespace, name in ((D, "subscribe:session"), (B, "join-session")):
        async with line(world, other.token, namespace) as client:
            for named in (session["id"], session["sessionId"], a_key(), "", None):
                answer = await client.ask(name, {"sessionId": named})
                assert answer["ok"] is False, named
            await program.delete(f"/whatsapp/{session['sessionId']}/sessions/{session['sessionId']}")
            await asyncio.sleep(0.2)
            assert not {"session:disconnected", "status-change"} & set(client.names())


async def test_b_tells_a_sessions_life_and_sends(world: World, company: Company, program: Program) -> None:
    session, phone = await opened(program), a_phone()
    key = session["sessionId"]
    async with line(world, program.key, B) as client:
        joined = await client.ask("join-session", {"sessionId": key})
        slug = (await program.get("/api/companies/me")).json()["slug"]
        assert joined == {"ok": True, "sessionId": key, "clientId": slug, "status": "connected", "qrCode": None}
        await client.hears("status-change", sessionId=key, status="connected")
        listed = await client.ask("get-sessions")
        assert [(s["sessionId"], s["status"]) for s in listed["sessions"]] == [(key, "connected")]
        sent = await client.ask("send-message", {"sessionId": key, "to": phone, "message": "olá"})
        assert (sent["ok"], sent["status"], set(sent)) == (True, "pending", {"ok", "messageId", "status"})

        async def there() -> bool:
            return await program.shown_to(phone, key) == ["olá"]

        await until(there)
        await company.customer_writes(session, phone, "oi", "Ana")
        told = await client.hears("message-received", sessionId=key)
        message = told["message"]
        assert (message["content"], message["type"], message["direction"]) == ("oi", "text", "inbound")
        assert (message["status"], message["from"], message["sessionId"]) == ("delivered", phone, key)
        assert message["messageId"] == message["id"] != message["whatsappMessageId"]
        await program.delete(f"/whatsapp/{key}/sessions/{key}")
        await client.hears("status-change", sessionId=key, status="disconnected")
        assert (await client.ask("leave-session", {"sessionId": key})) == {"ok": True, "sessionId": key}
        await program.post("/whatsapp/session", {"sessionId": key})
        await asyncio.sleep(0.3)
        assert client.names().count("status-change") == 2  # as it was when it joined, and disconnected


async def test_b_shows_the_code_as_a_picture(world: World, company: Company, program: Program) -> None:
    session = await a_scannable_session(world, company)
    key = session["sessionId"]
    async with line(world, program.key, B) as client:
        joined = await client.ask("join-session", {"sessionId": key})
        assert joined["status"] == "qr_pending"
        assert shown_picture(joined["qrCode"])[0] > 100
        await waha_says(world, session, "WORKING")
        await client.hears("status-change", sessionId=key, status="connected")
        world.waha.after_start = "SCAN_QR_CODE"
        try:
            await company.admin.post(f"/api/sessions/{session['id']}/restart")
        finally:
            world.waha.after_start = "WORKING"
        code = await client.hears("qr-code", sessionId=key)
        assert shown_picture(code["qrCode"])[0] > 100
        await client.hears("status-change", sessionId=key, status="qr_pending")
        await waha_says(world, session, "FAILED")
        await client.hears("status-change", sessionId=key, status="failed")
        assert {"sessionId", "code", "message"} <= set(await client.hears("error", sessionId=key))


async def test_b_says_what_it_cannot_do(world: World, company: Company, program: Program) -> None:
    session = await opened(program)
    key, agent = session["sessionId"], await company.agent()
    good = {"sessionId": key, "to": a_phone(), "message": "olá"}
    async with line(world, program.key, B) as client:
        for bad, code in (
            ({**good, "message": "x" * 4097}, "invalid"),
            ({**good, "to": "ana"}, "invalid"),
            ({**good, "sessionId": a_key()}, "not_found"),
            ({**good, "sendAt": "yesterday"}, "invalid"),
            ({**good, "sendAt": "2026-01-01T12:00:00Z"}, "invalid"),
            ({"sessionId": key}, "invalid"),
            (None, "invalid"),
        ):
            refused = await client.ask("send-message", bad)
            assert (refused["ok"], refused["code"]) == (False, code), bad
        assert client.names() == ["error"] * 7
        later = await client.ask(
            "send-message", {**good, "sendAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        )
        assert (later["ok"], later["status"]) == (True, "pending")
    async with line(world, agent.token, B) as client:
        assert (await client.ask("join-session", {"sessionId": key}))["code"] == "forbidden"
        assert (await client.ask("send-message", good))["ok"] is True


async def test_a_subscription_resumes_after_a_position(world: World, company: Company, program: Program) -> None:
    session, phone = await opened(program), a_phone()
    key = session["sessionId"]
    for namespace, join, heard in (
        (D, "subscribe:session", "session:message"),
        (B, "join-session", "message-received"),
    ):
        async with line(world, program.key, namespace) as client:
            await client.ask(join, {"sessionId": key})
            await company.customer_writes(session, phone, f"1{namespace}")
            seen = (await client.hears(heard))["position"]
        for number in range(2, 5):
            await company.customer_writes(session, phone, f"{number}{namespace}")
        await world.settled(company)
        async with line(world, program.key, namespace) as client:
            await client.ask(join, {"sessionId": key, "after": seen})
            await company.customer_writes(session, phone, f"5{namespace}")

            async def five(client: Line = client, heard: str = heard) -> bool:
                return client.names().count(heard) == 4

            await until(five)
            texts = [data["message"] for name, data in client.heard if name == heard]
            said = [text["content"] if isinstance(text, dict) else text for text in texts]
            assert said == [f"{number}{namespace}" for number in range(2, 6)]


async def test_who_joins_is_told_the_present_state(world: World, company: Company, program: Program) -> None:
    waiting, up = await a_scannable_session(world, company), await opened(program)
    picture = (await program.get(f"/whatsapp/{waiting['sessionId']}/qr")).json()
    async with line(world, program.key, B) as b, line(world, program.key, D) as d:
        for session in (waiting, up):
            await b.ask("join-session", {"sessionId": session["sessionId"]})
            await d.ask("subscribe:session", {"sessionId": session["sessionId"]})
        mine = {"sessionId": waiting["sessionId"]}
        assert (await b.hears("status-change", **mine))["status"] == "qr_pending"
        code = await b.hears("qr-code", **mine)
        assert code["qrCode"] == picture["qrCode"]
        assert (await b.hears("status-change", sessionId=up["sessionId"]))["status"] == "connected"
        shown = await d.hears("qr", **mine)
        assert shown["qr"] == picture["qr"]
        await d.hears("session:connected", sessionId=up["sessionId"])
        assert d.names().index("subscribed") < d.names().index("qr")
        head = (await program.get("/api/events", after=0, limit=200)).json()[-1]["position"]
        assert {code["position"], shown["position"]} <= set(range(1, head + 1))
        await waha_says(world, waiting, "WORKING")
        await d.hears("session:connected", **mine)
        await b.hears("status-change", **mine, status="connected")
    async with line(world, program.key, D) as d:
        answer = await d.ask("subscribe:session", {"agentId": waiting["agentId"]})
        assert answer["ok"] is True
        await d.hears("session:connected", **mine)
        assert "qr" not in d.names()


async def test_who_comes_back_is_told_what_it_missed_and_not_the_present_state(world: World, program: Program) -> None:
    session = await opened(program)
    key = session["sessionId"]
    async with line(world, program.key, B) as client:
        await client.ask("join-session", {"sessionId": key})
        seen = (await client.hears("status-change", status="connected"))["position"]
    await program.delete(f"/whatsapp/{key}/sessions/{key}")
    async with line(world, program.key, B) as client:
        await client.ask("join-session", {"sessionId": key, "after": seen})
        await client.hears("status-change", status="disconnected")
        await asyncio.sleep(0.1)
        assert client.names() == ["status-change"]


async def test_what_changes_while_somebody_joins_is_told_last(world: World, company: Company, program: Program) -> None:
    """Whatever the order in which joins and changes meet, the newest state is what a client ends with."""
    session = await a_scannable_session(world, company)
    mine, joins = {"sessionId": session["sessionId"]}, 12
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(line(world, program.key, B)) for _ in range(joins)]

        async def join(number: int, client: Line) -> None:
            await asyncio.sleep(number * 0.004)
            await client.ask("join-session", mine)

        changes = asyncio.create_task(waha_says(world, session, "WORKING"))
        await asyncio.gather(*(join(number, client) for number, client in enumerate(clients)))
        await changes
        for client in clients:
            await client.hears("status-change", **mine, status="connected")
        await world.settled(company)
        await asyncio.sleep(0.1)
        for client in clients:
            told = [data["status"] for name, data in client.heard if name == "status-change"]
            assert told[-1] == "connected", told
