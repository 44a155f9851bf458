"""A number that a connector holds, as the gateway contracts A to D show it: from its first code to its last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import socketio

from tests.integration.connectors.conftest import QR, UP, Stage
from tests.integration.http.conftest import free_port
from whatsapp_hub.adapters.providers.neonize.native.library import missing
from whatsapp_hub.domain.sessions.session import Session

ROOM = 6
SHORT = {"STAGGERED_BOOT_DELAY_MS": "20", "MAX_INSTANCES": str(ROOM)}
CODE_S = 60
PHONE = "5511988887777"


@dataclass
class Gateway:
    """A program with an API key, and what it hears on both namespaces."""

    stage: Stage
    http: httpx.AsyncClient
    io: socketio.AsyncClient
    heard: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def follow(self, session: Session) -> None:
        for namespace, name in (("/", "subscribe:session"), ("/whatsapp", "join-session")):
            answer = await self.io.call(name, {"sessionId": session.key}, namespace=namespace)
            assert answer["ok"] is True, answer

    async def hears(self, namespace: str, name: str, **like: object) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            named = (data for n, m, data in self.heard if (n, m) == (namespace, name))
            return next((data for data in named if like.items() <= data.items()), None)

        return dict(await self.stage.until(there))

    def count(self, namespace: str, name: str, **like: object) -> int:
        return sum((n, m) == (namespace, name) and like.items() <= data.items() for n, m, data in self.heard)


@pytest_asyncio.fixture(scope="module")
async def gateway(stage: Stage) -> AsyncIterator[Gateway]:
    """Worker, connector and API as processes."""
    stage.variables = SHORT
    port = free_port()
    async with AsyncExitStack() as stack:
        for role, more in (("worker", {}), ("connector", {}), ("api", {"PORT": str(port)})):
            await stack.enter_async_context(stage.role(role, **more))
        secret = await stage.api_key()
        url = f"http://127.0.0.1:{port}"
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, headers={"X-Api-Key": secret})
        )
        await stage.until(lambda: is_up(http), patience_s=40)
        program = Gateway(stage, http, socketio.AsyncClient(reconnection=False))
        for namespace in ("/", "/whatsapp"):
            program.io.on("*", listener(program, namespace), namespace=namespace)
        await program.io.connect(
            url, auth={"token": secret}, namespaces=["/", "/whatsapp"], transports=["websocket"], wait_timeout=10
        )
        yield program
        await program.io.disconnect()


async def is_up(http: httpx.AsyncClient) -> bool:
    try:
        answer = await http.get("/health")
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and answer.json()["dependencies"]["connectors"] == "ok"


def listener(program: Gateway, namespace: str) -> Callable[..., Awaitable[None]]:
    async def hear(name: str, data: dict[str, Any]) -> None:
        program.heard.append((namespace, name, data))

    return hear


async def begun(stage: Stage, gateway: Gateway) -> tuple[Session, Any]:
    """Activated by contract D; and its socket at the other end."""
    session = await stage.session(start=False)
    await gateway.follow(session)
    answer = await gateway.http.post(f"/whatsapp/{session.id}/activate")
    assert (answer.status_code, answer.json()) == (
        202,
        {"id": str(session.id), "sessionId": session.key, "status": "CONNECTING"},
    )
    return session, await stage.login(session)


async def test_a_number_is_scanned_used_and_logged_out(stage: Stage, gateway: Gateway) -> None:
    session, login = await begun(stage, gateway)
    key, mine = session.key, {"sessionId": session.key}
    await gateway.hears("/", "session:started", **mine)
    await gateway.hears("/whatsapp", "status-change", **mine, status="connecting")
    assert (await gateway.http.get(f"/whatsapp/{key}/qr")).status_code == 404

    login.tell(**QR)
    assert (await gateway.hears("/", "qr", **mine))["qr"] == "2@code"
    picture = (await gateway.hears("/whatsapp", "qr-code", **mine))["qrCode"]
    await gateway.hears("/whatsapp", "status-change", **mine, status="qr_pending")
    assert (await gateway.http.get(f"/whatsapp/{key}/qr")).json() == {**mine, "qr": "2@code", "qrCode": picture}
    code = (await gateway.http.get(f"/instances/{session.id}/qr")).json()
    assert code["qr_code"] == picture
    left = (datetime.fromisoformat(code["expires_at"]) - datetime.now(UTC)).total_seconds()
    assert CODE_S / 2 < left <= CODE_S
    status = (await gateway.http.get(f"/whatsapp/{key}/status")).json()
    assert [s["status"] for s in status["sessions"]] == ["LOADING_QR"]

    login.tell(state="QR_PENDING", qr="2@renewed")
    await gateway.hears("/", "qr", **mine, qr="2@renewed")
    assert gateway.count("/whatsapp", "status-change", **mine, status="qr_pending") == 1

    login.tell(**UP)
    await gateway.hears("/", "session:connected", **mine)
    await gateway.hears("/whatsapp", "status-change", **mine, status="connected")
    assert (await gateway.http.get(f"/whatsapp/{key}/qr")).status_code == 409
    assert (await gateway.http.get(f"/instances/{session.id}")).json()["phone_number"] == UP["phone"]
    [connection] = (await gateway.http.get(f"/debug/whatsapp/{key}/connection")).json()["sessions"]
    assert connection["leaseOwner"]
    assert 0 <= connection["leaseAgeSeconds"] < 60
    assert (connection["retries"], connection["lastConnect"]["type"]) == (0, "session.connected")

    login.tell(message="oi", chat=PHONE, key=uuid4().hex)
    flat = await gateway.hears("/", "session:message", **mine)
    assert (flat["from"], flat["message"]) == (PHONE, "oi")
    told = (await gateway.hears("/whatsapp", "message-received", **mine))["message"]
    assert (told["content"], told["type"], told["from"]) == ("oi", "text", PHONE)

    sent = await gateway.http.post(f"/instances/{session.id}/send", json={"number": PHONE, "message": "olá"})
    assert sent.status_code == 202
    await gateway.hears("/", "message-status", messageId=sent.json()["id"], status="SENT")
    assert [message["text"] for id, _, message in stage.server.sent if id == str(session.id)] == ["olá"]

    gone = await gateway.http.delete(f"/whatsapp/{key}/sessions/{key}?logout=true")
    assert gone.status_code == 204
    assert (await gateway.hears("/", "session:disconnected", **mine))["reason"] == "asked"  # the phone's own word
    await gateway.hears("/whatsapp", "status-change", **mine, status="logged_out")
    assert any("log_out" in said for _, said in login.said)


async def test_what_goes_wrong_is_told_with_its_reason(stage: Stage, gateway: Gateway) -> None:
    session, login = await begun(stage, gateway)
    mine = {"sessionId": session.key}
    login.tell(**UP)
    await gateway.hears("/", "session:connected", **mine)
    login.tell(state="RECONNECTING", reason="no_network")
    assert (await gateway.hears("/", "session:disconnected", **mine))["reason"] == "no_network"
    await gateway.hears("/whatsapp", "status-change", **mine, status="reconnecting")
    login.tell(state="FAILED", reason="credentials_corrupted")
    await gateway.hears("/", "session.auth.corrupted", **mine)
    fault = await gateway.hears("/", "session:error", **mine)
    assert (fault["code"], fault["message"]) == ("credentials_corrupted", "credentials_corrupted")
    await gateway.hears("/whatsapp", "status-change", **mine, status="failed")
    await gateway.hears("/whatsapp", "error", **mine, code="credentials_corrupted")
    [connection] = (await gateway.http.get(f"/debug/whatsapp/{session.key}/connection")).json()["sessions"]
    assert connection["lastError"]["reason"] == "credentials_corrupted"
    assert connection["lastDisconnect"]["reason"] == "no_network"


async def test_an_instance_is_restarted_and_deleted(stage: Stage, gateway: Gateway) -> None:
    session, login = await begun(stage, gateway)
    login.tell(**UP)
    await gateway.hears("/", "session:connected", sessionId=session.key)
    again = await gateway.http.post(f"/instances/{session.id}/restart")
    assert (again.status_code, again.json()["connection_status"]) == (202, "connecting")

    async def another() -> Any:
        return next((one for one in stage.server.open_logins(str(session.id)) if one is not login), None)

    second = await stage.until(another)
    second.tell(**UP)
    await stage.is_(session, "CONNECTED")
    assert (await gateway.http.delete(f"/instances/{session.id}")).status_code == 204
    assert any("log_out" in said for _, said in second.said)
    assert (await gateway.http.get(f"/instances/{session.id}")).status_code == 404


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        (QR, {"connection_status": "qr_pending", "status_reason": None}),
        (
            {"state": "FAILED", "reason": "client_outdated"},
            {"connection_status": "failed", "status_reason": "client_outdated", "qr_code": None},
        ),
        ({"state": "BANNED", "reason": "banned"}, {"connection_status": "banned", "status_reason": "banned"}),
        (
            {"state": "LOGGED_OUT", "reason": "logged_out"},
            {"connection_status": "logged_out", "status_reason": "logged_out"},
        ),
    ],
    ids=lambda value: value.get("state", ""),
)
async def test_a_new_instance_answers_with_its_code_or_its_failure(
    stage: Stage, gateway: Gateway, told: dict[str, Any], answered: dict[str, Any]
) -> None:
    body = {"user_id": "u", "instance_name": uuid4().hex, "provider": "PIGEON"}
    begun_at = time.monotonic()
    creating = asyncio.create_task(gateway.http.post("/instances/create", json=body))

    async def dialled() -> Any:
        found = await stage.rows("SELECT id FROM hub.sessions WHERE name = $1", body["instance_name"])
        return next(iter(stage.server.open_logins(str(found[0]["id"]))), None) if found else None

    (await stage.until(dialled)).tell(**told)
    made = await creating
    assert (made.status_code, answered.items() <= made.json().items()) == (201, True), made.text
    assert time.monotonic() - begun_at < 10
    assert (await gateway.http.delete(f"/instances/{made.json()['id']}")).status_code == 204


@pytest.mark.skipif(missing() is not None, reason=missing() or "")
async def test_a_new_instance_is_waited_for_up_to_ten_seconds(stage: Stage, gateway: Gateway) -> None:
    begun_at = time.monotonic()
    body = {"user_id": "u", "instance_name": uuid4().hex, "webhook_url": "https://example.org/hook"}
    made = await gateway.http.post("/instances/create", json=body)
    took_s = time.monotonic() - begun_at
    assert (made.status_code, set(made.json())) == (
        201,
        {"id", "instance_name", "qr_code", "connection_status", "status_reason", "webhook_secret"},
    )
    if made.json()["qr_code"] is None:  # without WhatsApp's servers, or even without a network
        has_failed = made.json()["connection_status"] == "failed"
        assert has_failed or made.json()["connection_status"] == "connecting"
        assert not has_failed or made.json()["status_reason"].startswith("no_network")
        assert took_s < 14
    else:
        assert made.json()["connection_status"] == "qr_pending"
        assert took_s < 14
    shown = await gateway.http.get(f"/instances/{made.json()['id']}")
    assert made.json()["webhook_secret"].startswith("whsec_")
    assert made.json()["webhook_secret"] not in shown.text + (await gateway.http.get("/instances")).text
    assert (await gateway.http.delete(f"/instances/{made.json()['id']}")).status_code == 204


async def test_more_sessions_than_there_is_room_for_are_refused(stage: Stage, gateway: Gateway) -> None:
    answers = []
    for _ in range(ROOM + 1):
        session = await stage.session(start=False)
        answers.append(await gateway.http.post(f"/whatsapp/{session.id}/activate"))
        await asyncio.sleep(0)
    assert answers[0].status_code == 202
    assert (answers[-1].status_code, answers[-1].json()["status"]) == (409, 409)
    assert "MAX_INSTANCES" in answers[-1].json()["detail"]


async def test_a_create_that_is_refused_leaves_nothing_behind(stage: Stage, gateway: Gateway) -> None:
    for _ in range(ROOM):
        session = await stage.session(start=False)
        await gateway.http.post(f"/whatsapp/{session.id}/activate")
    before, webhooks = [(await gateway.http.get(path)).json() for path in ("/api/sessions?limit=200", "/api/webhooks")]
    agent, key, owner = uuid4().hex, uuid4().hex, uuid4().hex
    creates: list[tuple[str, dict[str, Any]]] = [
        (f"/whatsapp/{agent}/sessions/init", {}),
        (f"/whatsapp/{agent}/sessions/init", {"sessionId": key}),
        ("/whatsapp/session", {"sessionId": key}),
        ("/instances/create", {"user_id": owner, "instance_name": "Loja", "webhook_url": "https://example.org/hook"}),
    ]
    for path, body in creates * 2:
        refused = await gateway.http.post(path, json={**body, "provider": "PIGEON"})
        assert (refused.status_code, "MAX_INSTANCES" in refused.json()["detail"]) == (409, True), refused.text
    assert (await gateway.http.get("/api/sessions?limit=200")).json() == before
    assert (await gateway.http.get("/api/webhooks")).json() == webhooks
    assert await stage.rows("SELECT FROM hub.sessions WHERE owner = $1", owner) == []
