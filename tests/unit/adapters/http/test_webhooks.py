"""The bare way in: what a provider is answered, whatever it sends."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from dishka import Provider, Scope, make_async_container
from litestar.testing import TestClient

from whatsapp_hub.adapters.http.app import HttpOptions, HubApp, create_app
from whatsapp_hub.application.receiving.accept_webhook import MAX_BYTES, UNSIGNED_BYTES, AcceptWebhook, AnswerHandshake
from whatsapp_hub.domain.errors import NotFound, Unauthenticated, Unavailable
from whatsapp_hub.domain.ids import SessionId

SESSION = "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e"


class Accepting:
    """Stands in for `AcceptWebhook`."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, SessionId | None, Mapping[str, str], bytes]] = []
        self.error: Exception | None = None

    async def __call__(self, kind: str, session_id: SessionId | None, headers: Mapping[str, str], body: bytes) -> None:
        if self.error:
            raise self.error
        self.seen.append((kind, session_id, headers, body))

    def body_limit(self, kind: str, headers: Mapping[str, str]) -> int:
        return MAX_BYTES if "x-webhook-hmac" in headers else UNSIGNED_BYTES

    def refuse_unsigned(self) -> None:
        raise Unauthenticated("unsigned")


class Answering:
    async def __call__(self, kind: str, session_id: SessionId | None, query: Mapping[str, str]) -> str | None:
        return query.get("hub.challenge") if kind == "META" and query.get("hub.verify_token") == "ours" else None


ACCEPTING = Accepting()
"""One for all tests, since the app takes a second to make; each test gets it empty."""


@pytest.fixture
def accepting() -> Accepting:
    ACCEPTING.seen, ACCEPTING.error = [], None
    return ACCEPTING


@pytest.fixture(scope="module")
def app() -> HubApp:
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: ACCEPTING, provides=AcceptWebhook)
    provider.provide(lambda: Answering(), provides=AnswerHandshake)
    return create_app(make_async_container(provider), HttpOptions("0.1.0"))


@pytest.fixture
def client(app: HubApp, accepting: Accepting) -> TestClient[Any]:
    return TestClient(app)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("path", "kind", "session"),
    [
        ("/webhooks/whatsapp", "META", None),
        ("/webhooks/whatsapp/", "META", None),
        (f"/webhooks/whatsapp/{SESSION}", "META", UUID(SESSION)),
        ("/webhooks/waha", "WAHA", None),
        (f"/webhooks/waha/{SESSION}", "WAHA", UUID(SESSION)),
    ],
)
def test_each_path_names_a_provider_and_perhaps_a_session(
    client: TestClient[Any], accepting: Accepting, path: str, kind: str, session: UUID | None
) -> None:
    body = b'{"raw": "\xff\x00"}'
    answer = client.post(path, content=body, headers={"X-Hub-Signature-256": "sha256=ab"})
    assert answer.status_code == 200
    [(seen_kind, seen_session, headers, seen_body)] = accepting.seen
    assert (seen_kind, seen_session, seen_body) == (kind, session, body)
    assert headers["x-hub-signature-256"] == "sha256=ab"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("signature"), 401),
        (NotFound("session", 1), 404),
        (Unavailable("database"), 503),
        (RuntimeError("secret"), 500),
    ],
)
def test_an_error_is_a_problem(client: TestClient[Any], accepting: Accepting, error: Exception, status: int) -> None:
    accepting.error = error
    answer = client.post("/webhooks/whatsapp", content=b"{}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "secret" not in answer.text


def test_a_session_that_cannot_be_one_is_404(client: TestClient[Any], accepting: Accepting) -> None:
    assert client.post("/webhooks/whatsapp/default", content=b"{}").status_code == 404
    assert accepting.seen == []


@pytest.mark.parametrize(
    ("headers", "limit", "status"),
    [({"x-webhook-hmac": "ab"}, MAX_BYTES, 413), ({}, UNSIGNED_BYTES, 401)],
    ids=["signed", "unsigned"],
)
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_its_limit_is_refused_unread_and_one_at_the_limit_is_taken(
    client: TestClient[Any], accepting: Accepting, declared: bool, headers: dict[str, str], limit: int, status: int
) -> None:
    def pieces(size: int) -> Any:
        whole = b"x" * size
        return whole if declared else iter([whole[: size // 2], whole[size // 2 :]])

    assert client.post("/webhooks/waha", content=pieces(limit + 1), headers=headers).status_code == status
    assert accepting.seen == []
    assert client.post("/webhooks/waha", content=pieces(limit), headers=headers).status_code == 200


def test_a_handshake_answers_the_challenge_as_text(client: TestClient[Any]) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "<1158201444>", "hub.verify_token": "ours"}
    answer = client.get("/webhooks/whatsapp", params=query)
    assert (answer.status_code, answer.text) == (200, "<1158201444>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert client.get("/webhooks/whatsapp", params={**query, "hub.verify_token": "theirs"}).status_code == 403
    assert client.get("/webhooks/waha", params=query).status_code == 403


def test_other_methods_are_405(client: TestClient[Any]) -> None:
    answer = client.put("/webhooks/whatsapp", content=b"{}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
