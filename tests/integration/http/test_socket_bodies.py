"""Whatever a socket sends is acknowledged, and refused in a sentence that names the field."""

import re
from typing import Any

import pytest
import socketio

from tests.integration.http.conftest import Company, RunningHub

EVENTS = {
    "/": {
        "join-company": "companyId",
        "join-conversation": "conversationId",
        "leave-conversation": "conversationId",
        "agent-status": "status",
        "heartbeat": None,
        "typing": "conversationId",
        "subscribe:session": "sessionId",
        "unsubscribe:session": "sessionId",
    },
    "/whatsapp": {
        "join-session": "sessionId",
        "leave-session": "sessionId",
        "send-message": "sessionId",
        "get-sessions": None,
    },
}
DEEP: Any = "x"
for _ in range(50):
    DEEP = [DEEP]
VALUES: list[Any] = [None, True, 5, 1.5, "", "x", "a\x00b", "x" * 5000, [], [None], {}, {"a": 1}, DEEP, "__proto__"]


def reads(error: str, name: str | None) -> bool:
    """Whether an error is a sentence about that field, or one of the event's others."""
    names = (name or "", "status", "typing", "to", "message", "agentId")
    said = error.endswith(" not found") or error.startswith(tuple(f"{n} " for n in names if n))
    return said and "internal" not in error and error == error.strip(" :/")


@pytest.mark.parametrize("namespace", list(EVENTS))
async def test_whatever_is_sent_is_acknowledged_in_a_sentence(
    running: RunningHub, company: Company, namespace: str
) -> None:
    client, wrong = socketio.AsyncClient(reconnection=False), []
    await client.connect(
        running.url, auth={"token": company.admin.token}, namespaces=[namespace], transports=["websocket"]
    )
    for event, name in EVENTS[namespace].items():
        bodies = [
            *VALUES,
            *({name: value} for value in VALUES if name),
            {"nobodyKnows": 1},
            {"agentId": "a\x00"},
            {"agentId": 5},
        ]
        for body in bodies:
            ack = await client.call(event, body, namespace=namespace, timeout=10)
            error = ack.get("error", "")
            if not ack["ok"] and not reads(error, name):
                wrong.append((event, str(body)[:40], ack))
    await client.disconnect()
    assert wrong == []


@pytest.mark.parametrize("auth", [5, "x", [], {}, {"token": 5}, {"token": ["x"]}, {"token": "x", "companyId": {}}])
@pytest.mark.parametrize("namespace", list(EVENTS))
async def test_a_refused_connection_says_why(running: RunningHub, namespace: str, auth: Any) -> None:
    client = socketio.AsyncClient(reconnection=False)
    said: list[Any] = []
    client.on("connect_error", said.append, namespace=namespace)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(running.url, auth=auth, namespaces=[namespace], transports=["websocket"], wait_timeout=5)
    [refusal] = said
    assert re.fullmatch(r"(auth: \{token\} is needed|the token is not valid.*|companyId .*)", refusal["message"])


async def test_a_position_that_is_none_is_refused_by_name(running: RunningHub, company: Company) -> None:
    client = socketio.AsyncClient(reconnection=False)
    said: list[Any] = []
    client.on("connect_error", said.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            running.url, auth={"token": company.admin.token, "after": "x"}, transports=["websocket"], wait_timeout=5
        )
    assert said[0]["message"] == "after must be a position of the log"
