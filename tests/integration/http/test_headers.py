"""Security headers on every kind of answer, and sockets that take the header's form of a token."""

import asyncio

import pytest
import socketio

from tests.integration.http.conftest import Company, RunningHub

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-xss-protection": "0",
    "referrer-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/nowhere"),
        ("GET", "/schema"),
        ("GET", "/api/users"),
        ("GET", "/webhooks/whatsapp"),
        ("POST", "/webhooks/waha"),
        ("PUT", "/webhooks/waha"),
        ("POST", "/webhooks/waha/nonsense"),
        ("GET", "/socket.io/?EIO=4&transport=polling"),
        ("GET", "/socket.io/?EIO=4&transport=nonsense"),
        ("GET", "/socket.io/nonsense"),
    ],
)
async def test_every_answer_carries_the_security_headers(running: RunningHub, method: str, path: str) -> None:
    answer = await running.http.request(method, path, content=b"{}" if method == "POST" else None)
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("x-frame-options")) == 1


async def test_a_stored_webhook_is_answered_with_them_too(running: RunningHub, company: Company) -> None:
    settings = {"url": "http://127.0.0.1:9", "apiKey": "k", "session": "s-of-headers", "hmacKey": None}
    body = {"name": "w", "provider": "WAHA", "settings": {k: v for k, v in settings.items() if v}}
    assert (await company.admin.post("/api/sessions", body)).status_code == 201
    answer = await running.http.post("/webhooks/waha", json={"session": "s-of-headers", "event": "session.status"})
    assert (answer.status_code, HEADERS.items() <= dict(answer.headers).items()) == (200, True)


@pytest.mark.parametrize("namespace", ["/", "/whatsapp"])
@pytest.mark.parametrize("spelled", ["{}", "Bearer {}", "bearer {}"])
async def test_a_socket_takes_the_token_with_and_without_bearer(
    running: RunningHub, company: Company, namespace: str, spelled: str
) -> None:
    client = socketio.AsyncClient(reconnection=False)
    token = spelled.format(company.admin.token)
    await client.connect(running.url, auth={"token": token}, namespaces=[namespace], transports=["websocket"])
    assert namespace in client.namespaces
    await asyncio.wait_for(client.disconnect(), 5)
