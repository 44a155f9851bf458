"""What happens on a session, as contracts B and D spell it, word for word."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from whatsapp_hub.adapters.contracts.events.logged import body_of, decoded, session_in
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.session_events import SessionEvent, client_events, life_events
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import SessionId, TenantId

MESSAGE = {
    "id": "m1",
    "sessionId": "00000000-0000-0000-0000-000000000002",
    "type": "TEXT",
    "direction": "INBOUND",
    "status": "DELIVERED",
    "content": "oi",
}
HERE = {"sessionId": "main", "position": 7}


def happened(type: str, **body: Any) -> SessionEvent:
    raw = msgspec.json.encode(body)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    event = LoggedEvent(7, TenantId(UUID(int=1)), type, SessionId(UUID(int=2)), None, at, raw)
    return SessionEvent(event, body_of(event), "main")


def moved(type: str, status: str, was: str = "CONNECTING", **more: Any) -> SessionEvent:
    session = {"sessionId": "main", "agentId": "bot", "status": status, "qrCode": more.pop("code", None)}
    return happened(type, session=session, was=was, **more)


@pytest.mark.parametrize(
    ("what", "d", "b"),
    [
        (
            moved("session.started", "CONNECTING", "DISCONNECTED"),
            [("session:started", HERE)],
            [("status-change", {**HERE, "status": "connecting"})],
        ),
        (
            moved("session.qr", "QR_PENDING", code="2@abc"),
            [("qr", {**HERE, "qr": "2@abc"})],
            [
                ("status-change", {**HERE, "status": "qr_pending"}),
                ("qr-code", {**HERE, "qrCode": data_url("2@abc")}),
            ],
        ),
        (
            moved("session.qr", "QR_PENDING", "QR_PENDING", code="2@abd"),
            [("qr", {**HERE, "qr": "2@abd"})],
            [("qr-code", {**HERE, "qrCode": data_url("2@abd")})],
        ),
        (
            moved("session.connected", "CONNECTED"),
            [("session:connected", HERE)],
            [("status-change", {**HERE, "status": "connected"})],
        ),
        (
            moved("session.disconnected", "RECONNECTING", reason="no_network"),
            [("session:disconnected", {**HERE, "reason": "no_network"})],
            [("status-change", {**HERE, "status": "reconnecting"})],
        ),
        (
            moved("session.disconnected", "LOGGED_OUT", reason=None),
            [("session:disconnected", {**HERE, "reason": None})],
            [("status-change", {**HERE, "status": "logged_out"})],
        ),
        (
            moved("session.error", "BANNED", reason="banned_until 2026-01-03T00:00:00Z"),
            [("session:error", {**HERE, "code": "banned_until", "message": "banned_until 2026-01-03T00:00:00Z"})],
            [
                ("status-change", {**HERE, "status": "banned"}),
                ("error", {**HERE, "code": "banned_until", "message": "banned_until 2026-01-03T00:00:00Z"}),
            ],
        ),
        (
            moved("session.auth_corrupted", "FAILED", reason="credentials_corrupted"),
            [("session.auth.corrupted", HERE)],
            [],
        ),
        (
            moved("session.deleted", "CONNECTED"),
            [("session:disconnected", {**HERE, "reason": "deleted"})],
            [("status-change", {**HERE, "status": "disconnected", "statusReason": "deleted"})],
        ),
        (moved("session.created", "DISCONNECTED"), [], []),
        (
            happened("message.received", **{"message": MESSAGE, "from": "5511988887777"}),
            [("session:message", {**HERE, "from": "5511988887777", "message": "oi"})],
            [
                (
                    "message-received",
                    {
                        **HERE,
                        "message": {
                            "id": "m1",
                            "messageId": "m1",
                            "sessionId": "main",
                            "type": "text",
                            "direction": "inbound",
                            "status": "delivered",
                            "content": "oi",
                            "from": "5511988887777",
                        },
                    },
                )
            ],
        ),
        (
            happened("message.read", message={**MESSAGE, "status": "READ"}),
            [],
            [("message-status", {**HERE, "messageId": "m1", "status": "read"})],
        ),
        (happened("message.queued", message=MESSAGE), [], []),
    ],
    ids=lambda value: value.event.type if isinstance(value, SessionEvent) else "",
)
def test_what_happens_is_told_in_the_contracts_words(what: SessionEvent, d: Any, b: Any) -> None:
    assert life_events(what) == d
    assert client_events(what) == b


def test_every_event_type_is_either_spelled_or_left_out_without_a_fault() -> None:
    session = {"sessionId": "main", "agentId": "bot", "status": "CONNECTED", "qrCode": None}
    for type in [*EventType, "something.new"]:
        one = happened(type, session=session, message=MESSAGE)
        for name, payload in [*life_events(one), *client_events(one)]:
            assert name
            assert (payload["sessionId"], payload["position"]) == ("main", 7)


def test_a_notification_that_names_its_session_by_a_text_carries_none() -> None:
    """Administrators hear of reconnect storms and unassigned updates so; its subscribers are served all the same."""
    assert session_in(decoded(b'{"kind":"session.reconnect_storm","role":"ADMIN","session":"Loja"}')) is None
    assert session_in(decoded(b'{"session":{"sessionId":"main","agentId":"bot"}}')) is not None
    assert session_in(decoded(b"{}")) is None
