"""WHATSAPP_IDLE_TIMEOUT: gateway sessions that nobody uses are closed, on real processes; their credentials stay."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
import socketio

from tests.integration.connectors.conftest import UP, Process, Stage
from tests.integration.connectors.test_gateways import is_up
from tests.integration.http.conftest import free_port

IDLE_S = 3.0
VARIABLES = {
    "STAGGERED_BOOT_DELAY_MS": "20",
    "WHATSAPP_IDLE_TIMEOUT": str(int(IDLE_S * 1000)),
    "WEBHOOK_ALLOW_PRIVATE": "true",
}


@dataclass
class Hub:
    stage: Stage
    url: str
    key: str
    http: httpx.AsyncClient
    api: Process

    async def connected(self, **more: object) -> dict[str, Any]:
        """A session of contract B that is up."""
        key = f"i-{uuid4().hex[:10]}"
        made = await self.http.post("/whatsapp/session", json={"sessionId": key, "provider": "PIGEON"})
        assert made.status_code == 201, made.text
        found = (await self.stage.rows("SELECT id FROM hub.sessions WHERE key = $1", key))[0]
        if more:
            changed = await self.http.patch(f"/api/sessions/{found['id']}", json=more)
            assert changed.status_code == 200, changed.text
        login = (await self.stage.until(lambda: self._logins(str(found["id"]))))[0]
        login.tell(**UP)
        session = {"id": str(found["id"]), "key": key}
        await self.stage.until(lambda: self.is_(session, "CONNECTED"))
        return session

    async def _logins(self, id: str) -> list[Any]:
        return self.stage.server.open_logins(id)

    async def state(self, session: dict[str, Any]) -> tuple[str, str | None]:
        one = (await self.http.get(f"/api/sessions/{session['id']}")).json()
        return one["status"], one["statusReason"]

    async def is_(self, session: dict[str, Any], status: str, reason: str | None = None) -> bool:
        return await self.state(session) == (status, reason)

    async def closes(self, *sessions: dict[str, Any]) -> None:
        for session in sessions:
            await self.stage.until(lambda one=session: self.is_(one, "DISCONNECTED", "idle"))  # type: ignore[misc]


@pytest_asyncio.fixture(scope="module")
async def hub(stage: Stage) -> AsyncIterator[Hub]:
    stage.variables = VARIABLES
    port = free_port()
    async with AsyncExitStack() as stack:
        for role in ("worker", "connector"):
            await stack.enter_async_context(stage.role(role))
        api = await stack.enter_async_context(stage.role("api", PORT=str(port)))
        secret = await stage.api_key()
        url = f"http://127.0.0.1:{port}"
        headers = {"X-Api-Key": secret}
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, headers=headers)
        )
        await stage.until(lambda: is_up(http), patience_s=40)
        yield Hub(stage, url, secret, http, api)


async def listening(hub: Hub, url: str, namespace: str, event: str, data: object) -> socketio.AsyncClient:
    io = socketio.AsyncClient(reconnection=False)
    await io.connect(url, auth={"token": hub.key}, namespaces=[namespace], transports=["websocket"], wait_timeout=10)
    assert (await io.call(event, data, namespace=namespace))["ok"] is True
    return io


async def repeated(act: Callable[[], Awaitable[object]]) -> None:
    while True:
        await act()
        await asyncio.sleep(IDLE_S / 4)


async def streaming(hub: Hub, path: str) -> None:
    async with hub.http.stream("GET", path, timeout=None) as answer:
        async for _ in answer.aiter_lines():
            pass


async def ended(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_nobody_uses_is_closed_and_what_is_used_stays(hub: Hub) -> None:
    unused, sent, received, joined, subscribed, agents, streamed, hooked, routed = [
        await hub.connected() for _ in range(9)
    ]
    await hub.http.patch(f"/api/sessions/{hooked['id']}", json={"webhookUrl": "http://127.0.0.1:9/hook"})
    await hub.http.patch(f"/api/sessions/{routed['id']}", json={"routing": "departments"})
    login = (await hub._logins(received["id"]))[0]

    async def send() -> None:
        body = {"sessionId": sent["key"], "to": "5511988887777", "message": "olá"}
        assert (await hub.http.post("/whatsapp/send", json=body)).status_code == 202

    async def receive() -> None:
        login.tell(message="oi", chat="5511988887777", key=uuid4().hex)

    sockets = [
        await listening(hub, hub.url, "/whatsapp", "join-session", {"sessionId": joined["key"]}),
        await listening(hub, hub.url, "/", "subscribe:session", {"sessionId": subscribed["key"]}),
        await listening(hub, hub.url, "/", "subscribe:session", {"agentId": agents["key"]}),
    ]
    tasks = [
        asyncio.create_task(work)
        for work in (
            repeated(send),
            repeated(receive),
            streaming(hub, f"/whatsapp/stream?sessionId={streamed['key']}"),
        )
    ]
    await hub.closes(unused)
    assert unused["id"] not in hub.stage.forgotten()
    await asyncio.sleep(IDLE_S * 2)
    used = (sent, received, joined, subscribed, agents, streamed, hooked, routed)
    assert [await hub.state(one) for one in used] == [("CONNECTED", None)] * len(used)

    refused = await hub.http.post(
        f"/whatsapp/{unused['key']}/send-message", json={"to": "5511988887777", "message": "x"}
    )
    assert (refused.status_code, "idle" in refused.json()["detail"]) == (409, True)
    await ended(*tasks)
    for io in sockets:
        await io.disconnect()
    await hub.closes(sent, received, joined, subscribed, agents, streamed)
    assert [await hub.state(one) for one in (hooked, routed)] == [("CONNECTED", None)] * 2


async def test_a_session_that_is_started_again_has_its_whole_time(hub: Hub) -> None:
    session = await hub.connected()
    await hub.closes(session)
    again = await hub.http.post(f"/whatsapp/{session['id']}/activate")
    assert again.status_code == 202
    login = (await hub.stage.until(lambda: hub._logins(session["id"])))[0]
    login.tell(**UP)
    await hub.stage.until(lambda: hub.is_(session, "CONNECTED"))
    await asyncio.sleep(IDLE_S / 2)
    assert await hub.is_(session, "CONNECTED")
    await hub.closes(session)


async def test_a_listener_that_dies_with_its_process_listens_no_more(hub: Hub) -> None:
    port = free_port()
    session, other = await hub.connected(), await hub.connected()
    async with hub.stage.role("api", PORT=str(port)) as api:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await hub.stage.until(lambda: is_up(http), patience_s=40)
        session, other = await hub.connected(), await hub.connected()
        io = await listening(hub, url, "/whatsapp", "join-session", {"sessionId": session["key"]})
        await hub.closes(other)
        await asyncio.sleep(IDLE_S)
        assert await hub.is_(session, "CONNECTED")
        api.send(signal.SIGKILL)
        await hub.closes(session)
        await io.disconnect()


async def test_what_was_accepted_while_its_session_was_closed_is_sent(hub: Hub) -> None:
    """A send sees the session up, and stores its message when it has been closed."""
    session = await hub.connected()
    await hub.closes(session)
    up, down = (f"UPDATE hub.sessions SET is_active = {to} WHERE id = $1::text::uuid" for to in ("true", "false"))
    await hub.stage.owner.execute(up, session["id"])
    body = {"sessionId": session["key"], "to": "5511988887777", "message": "olá"}
    sent = await hub.http.post("/whatsapp/send", json=body)
    await hub.stage.owner.execute(down, session["id"])
    assert sent.status_code == 202, sent.text
    login = (await hub.stage.until(lambda: hub._logins(session["id"])))[0]
    login.tell(**UP)
    find = "SELECT status FROM pooled.messages WHERE id = $1::text::uuid AND status = 'SENT'"
    await hub.stage.until(lambda: hub.stage.rows(find, sent.json()["messageId"]))
    await hub.closes(session)
