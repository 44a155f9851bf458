"""The contracts A to D, by a client that knows their text alone: a base URL, a key, paths, fields and B's and C's
environment variables, on real processes. What a phone would do is done by the provider's server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
import socketio

from tests.integration.connectors.conftest import QR, UP, Stage
from tests.integration.connectors.test_gateways import is_up
from tests.integration.http.conftest import free_port
from tests.integration.hub.world import until

SESSION_TIMEOUT_S, QR_TIMEOUT_S = 6, 3
ENVIRONMENT = {
    "WHATSAPP_SESSION_TIMEOUT": str(SESSION_TIMEOUT_S * 1000),
    "WHATSAPP_QR_TIMEOUT": str(QR_TIMEOUT_S * 1000),
    "WHATSAPP_MAX_SESSIONS": "7",
    "MAX_INSTANCES": "9",
    "WHATSAPP_RECONNECT_ATTEMPTS": "2",
    "STAGGERED_BOOT_DELAY_MS": "200",
    "MESSAGES_RETENTION_DAYS": "3",
    "WHATSAPP_PROVIDER": "PIGEON",
}
PHONE = "5511988887777"


@dataclass
class Client:
    """What somebody else's program has: an address and a key. `stage` plays the phones."""

    url: str
    key: str
    http: httpx.AsyncClient
    io: socketio.AsyncClient
    stage: Stage
    heard: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def post(self, path: str, body: object, status: int) -> dict[str, Any]:
        answer = await self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def becomes(self, path: str, **like: object) -> dict[str, Any]:
        async def looks() -> dict[str, Any] | None:
            answer = await self.http.get(path)
            found = answer.json() if answer.status_code == httpx.codes.OK else {}
            return dict(found) if like.items() <= found.items() else None

        found = await until(looks)
        assert found
        return found

    async def hears(self, namespace: str, name: str, **like: object) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            named = (data for n, m, data in self.heard if (n, m) == (namespace, name))
            return next((data for data in named if like.items() <= data.items()), None)

        found = await until(there)
        assert found
        return found

    async def phone(self, name: str) -> Any:
        """The provider's end of the session of this key or instance name."""

        async def there() -> Any:
            found = await self.stage.rows("SELECT id FROM hub.sessions WHERE key = $1 OR name = $1", name)
            return next(iter(self.stage.server.open_logins(str(found[0]["id"]))), None) if found else None

        return await until(there)


@pytest_asyncio.fixture(scope="module")
async def client(stage: Stage) -> AsyncIterator[Client]:
    stage.variables = ENVIRONMENT
    port = free_port()
    async with AsyncExitStack() as stack:
        for role, more in (("worker", {}), ("connector", {}), ("api", {"PORT": str(port)})):
            await stack.enter_async_context(stage.role(role, **more))
        key = await stage.api_key()
        url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {key}"}
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, headers=headers)
        )
        await stage.until(lambda: is_up(http), patience_s=40)
        io = socketio.AsyncClient(reconnection=False)
        program = Client(url, key, http, io, stage)
        for namespace in ("/", "/whatsapp"):
            io.on("*", _listener(program, namespace), namespace=namespace)
        await io.connect(
            url, auth={"token": key}, namespaces=["/", "/whatsapp"], transports=["websocket"], wait_timeout=10
        )
        yield program
        await io.disconnect()


def _listener(program: Client, namespace: str) -> Callable[..., Awaitable[None]]:
    async def hear(name: str, data: dict[str, Any]) -> None:
        program.heard.append((namespace, name, data))

    return hear


def is_picture(url: str) -> bool:
    return base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True).startswith(b"\x89PNG")


async def test_contract_a(client: Client) -> None:
    agent, key = f"agent-{uuid4().hex[:8]}", f"a-{uuid4().hex[:8]}"
    begun = await client.post(f"/whatsapp/{agent}/sessions/init", {"sessionId": key}, 202)
    assert (begun["sessionId"], begun["agentId"], begun["qrCode"]) == (key, agent, None)
    (await client.phone(key)).tell(**QR)

    async def shown() -> bool:
        one = await client.post(f"/whatsapp/{agent}/sessions/init", {"sessionId": key}, 202)
        return one["status"] == "LOADING_QR" and is_picture(one["qrCode"])

    await until(shown)
    (await client.phone(key)).tell(**UP)

    async def connected() -> bool:
        [line] = (await client.get(f"/whatsapp/{agent}/status"))["sessions"]
        return bool(line["status"] == "CONNECTED" and line["phoneNumber"] == UP["phone"] and line["lastSeenAt"])

    await until(connected)
    for name in (agent, key):
        sent = await client.post(f"/whatsapp/{name}/send-message", {"to": f"+{PHONE}", "message": "olá"}, 202)
        assert set(sent) == {"messageId", "status"}
        assert sent["status"] == "PENDING"
    debug = await client.get(f"/debug/whatsapp/{agent}/connection")
    assert debug["sessions"][0]["leaseOwner"]
    assert (await client.http.delete(f"/whatsapp/{agent}/sessions/{key}")).status_code == 204
    assert (await client.http.delete(f"/whatsapp/{agent}/sessions/{key}?logout=true")).status_code == 204


async def test_contract_b(client: Client) -> None:
    key, io = f"b-{uuid4().hex[:8]}", client.io
    made = await client.post("/whatsapp/session", {"sessionId": key}, 201)
    assert {"sessionId", "status", "qrCode"} <= set(made)
    phone = await client.phone(key)
    phone.tell(**QR)
    await until(lambda: _has_code(client, key))
    joined = await io.call("join-session", {"sessionId": key}, namespace="/whatsapp")
    assert joined["ok"] is True
    code = await client.hears("/whatsapp", "qr-code", sessionId=key)
    assert is_picture(code["qrCode"])
    await client.hears("/whatsapp", "status-change", sessionId=key, status="qr_pending")
    phone.tell(**UP)
    await client.hears("/whatsapp", "status-change", sessionId=key, status="connected")
    sent = await client.post("/whatsapp/send", {"sessionId": key, "to": PHONE, "message": "olá"}, 202)
    assert set(sent) == {"messageId", "status"}
    acknowledged = await io.call(
        "send-message", {"sessionId": key, "to": PHONE, "message": "oi"}, namespace="/whatsapp"
    )
    assert acknowledged["messageId"]
    phone.tell(message="tudo bem?", chat=PHONE, key=uuid4().hex)
    told = await client.hears("/whatsapp", "message-received", sessionId=key)
    assert (told["message"]["content"], told["message"]["direction"]) == ("tudo bem?", "inbound")
    listed = await client.get(f"/whatsapp/messages?sessionId={key}&limit=50")
    assert {message["content"] for message in listed} == {"olá", "oi", "tudo bem?"}
    assert key in {one["sessionId"] for one in await client.get("/whatsapp/sessions")}
    assert key in {one["sessionId"] for one in await client.get("/whatsapp/sessions?all=true")}
    assert (await io.call("get-sessions", namespace="/whatsapp"))["sessions"]
    assert (await io.call("leave-session", {"sessionId": key}, namespace="/whatsapp"))["ok"] is True
    async with client.http.stream("GET", "/whatsapp/stream", params={"sessionId": key, "after": 0}) as stream:
        names: set[str] = set()
        async for text in stream.aiter_lines():
            if text.startswith("event: "):
                names.add(text.removeprefix("event: "))
            if names >= {"qr-code", "status-change", "message-received", "message-status"}:
                break
    await client.http.delete(f"/whatsapp/{key}/sessions/{key}?logout=true")


async def _has_code(client: Client, key: str) -> bool:
    return (await client.http.get(f"/whatsapp/{key}/qr")).status_code == httpx.codes.OK


async def test_contract_c(client: Client) -> None:
    body = {"user_id": "user-1", "instance_name": f"c-{uuid4().hex[:8]}"}
    body["webhook_url"] = "https://example.org/hook"
    creating = asyncio.create_task(client.post("/instances/create", body, 201))
    phone = await client.phone(body["instance_name"])
    phone.tell(**QR)
    made = await creating
    assert made["connection_status"] == "qr_pending"
    assert is_picture(made["qr_code"])
    assert made["webhook_secret"].startswith("whsec_")
    path = f"/instances/{made['id']}"
    code = await client.get(f"{path}/qr")
    left = (datetime.fromisoformat(code["expires_at"]) - datetime.now(UTC)).total_seconds()
    assert left <= QR_TIMEOUT_S
    phone.tell(**UP)
    one = await client.becomes(path, connection_status="connected")
    contract = {"id", "user_id", "instance_name", "phone_number", "connection_status", "webhook_url", "created_at"}
    assert contract <= set(one)
    assert made["id"] in {instance["id"] for instance in await client.get("/instances")}
    assert (await client.http.get(f"{path}/qr")).status_code == 409
    sent = await client.post(f"{path}/send", {"number": PHONE, "message": "olá"}, 202)
    assert set(sent) == {"id", "status"}
    again = await client.post(f"{path}/restart", None, 202)
    assert again["connection_status"] == "connecting"
    assert (await client.http.delete(path)).status_code == 204
    async with httpx.AsyncClient(base_url=client.url, trust_env=False) as anybody:
        health = (await anybody.get("/health")).json()
    assert {"status", "version", "dependencies"} <= set(health)
    assert {"postgres", "redis", "connectors"} <= set(health["dependencies"])


async def test_contract_d(client: Client) -> None:
    key, io = f"d-{uuid4().hex[:8]}", client.io
    made = await client.post("/whatsapp", {"sessionId": key, "phoneNumber": PHONE}, 201)
    assert {**made, "id": ""} == {"id": "", "sessionId": key, "status": "DISCONNECTED"}
    await io.call("subscribe:session", {"sessionId": key})
    assert (await client.hears("/", "subscribed", sessionId=key))["sessionId"] == key
    activated = await client.post(f"/whatsapp/{made['id']}/activate", None, 202)
    assert activated == {"id": made["id"], "sessionId": key, "status": "CONNECTING"}
    await client.hears("/", "session:started", sessionId=key)
    phone = await client.phone(key)
    phone.tell(**QR)
    assert (await client.hears("/", "qr", sessionId=key))["qr"] == QR["qr"]
    code = await client.get(f"/whatsapp/{made['id']}/qr")
    assert (code["sessionId"], code["qr"], is_picture(code["qrCode"])) == (key, QR["qr"], True)
    phone.tell(**UP)
    await client.hears("/", "session:connected", sessionId=key)
    phone.tell(message="oi", chat=PHONE, key=uuid4().hex)
    message = await client.hears("/", "session:message", sessionId=key)
    assert (message["from"], message["message"]) == (PHONE, "oi")
    sent = await client.post(f"/whatsapp/{made['id']}/send-message", {"to": PHONE, "message": "olá"}, 202)
    await client.hears("/", "message-status", messageId=sent["messageId"], status="SENT")
    changed = await client.http.patch(
        f"/api/sessions/{made['id']}", json={"webhookUrl": "https://example.org/d", "webhookFormat": "flat"}
    )
    assert changed.status_code == 200
    phone.tell(state="FAILED", reason="credentials_corrupted")
    await client.hears("/", "session.auth.corrupted", sessionId=key)
    fault = await client.hears("/", "session:error", sessionId=key)
    assert (fault["code"], bool(fault["message"])) == ("credentials_corrupted", True)
    assert (await io.call("unsubscribe:session", {"sessionId": key}))["ok"] is True
    assert (await client.http.delete(f"/api/sessions/{made['id']}")).status_code == 204


async def test_bs_and_cs_environment(client: Client) -> None:
    """Nobody scans; dials that come to nothing; more than WHATSAPP_MAX_SESSIONS, which is lower than MAX_INSTANCES."""
    unscanned, hopeless = f"u-{uuid4().hex[:8]}", f"h-{uuid4().hex[:8]}"
    for key in (unscanned, hopeless):
        await client.post("/whatsapp/session", {"sessionId": key}, 201)
    (await client.phone(unscanned)).tell(**QR)
    for _ in range(int(ENVIRONMENT["WHATSAPP_RECONNECT_ATTEMPTS"])):
        login = await client.phone(hopeless)
        login.tell(state="DISCONNECTED", reason="no_network")
        await until(lambda gone=login: _is_gone(client, hopeless, gone))  # type: ignore[misc]

    async def looks(key: str, status: str, reason: str) -> bool:
        [line] = (await client.get(f"/whatsapp/{key}/status"))["sessions"]
        return (line["status"], line.get("reason")) == (status, reason)

    await until(lambda: looks(hopeless, "FAILED", "no_network"))
    await until(lambda: looks(unscanned, "DISCONNECTED", "qr_timeout"))

    keys = [f"m-{uuid4().hex[:8]}" for _ in range(int(ENVIRONMENT["WHATSAPP_MAX_SESSIONS"]) + 1)]
    answers = [await client.http.post("/whatsapp/session", json={"sessionId": key}) for key in keys]
    assert [answer.status_code for answer in answers] == [201] * (len(keys) - 1) + [409]
    everybody = {one["sessionId"] for one in await client.get("/whatsapp/sessions?all=true&limit=200")}
    assert keys[-1] not in everybody
    assert set(keys[:-1]) <= everybody


async def _is_gone(client: Client, key: str, login: Any) -> bool:
    found = await client.stage.rows("SELECT id, is_active FROM hub.sessions WHERE key = $1", key)
    return login not in client.stage.server.open_logins(str(found[0]["id"])) or not found[0]["is_active"]
