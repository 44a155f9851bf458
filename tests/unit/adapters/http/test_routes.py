"""The route table and the reference: nothing shadowed, nothing unguarded, everything described."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from dishka import make_async_container
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient
from openapi_spec_validator import validate

from tests.policy import ROUTES
from tests.unit.adapters.http.conftest import Security
from whatsapp_hub.adapters.http.app import HttpOptions, HubApp, create_app
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.sessions.session import check_key


@pytest.fixture
def client(app: HubApp) -> TestClient[Litestar]:
    return TestClient(app, raise_server_exceptions=False)  # type: ignore[type-var]


def routes(app: HubApp) -> list[tuple[str, str, HTTPRouteHandler]]:
    found = []
    for route in app.litestar.routes:
        for handler in getattr(route, "route_handlers", ()):
            found += [(method, route.path, handler) for method in handler.http_methods if method != "OPTIONS"]
    return found


def test_no_two_routes_share_a_template(app: HubApp) -> None:
    """Litestar lets the last of them win in silence when only the parameters' names or types differ."""
    templates = Counter((method, re.sub(r"\{[^}]+\}", "{}", path)) for method, path, _ in routes(app))
    assert [template for template, times in templates.items() if times > 1] == []


def test_paths_of_one_template_call_their_parameters_alike(app: HubApp) -> None:
    names: dict[str, set[str]] = {}
    for _, path, _ in routes(app):
        for match in re.finditer(r"\{([^}]+)\}", path):
            prefix = re.sub(r"\{[^}]+\}", "{}", path[: match.start()])
            names.setdefault(prefix, set()).add(match[1])
    assert {prefix: several for prefix, several in names.items() if len(several) > 1} == {}


SAMPLES = {"uuid": "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e", "str": "some-key.1:2@3+4", "int": "7", "path": "page.css"}


def test_every_route_is_reached_by_its_own_path(app: HubApp) -> None:
    """None shadows another: a path made for a route is routed to that very handler."""
    for method, path, handler in routes(app):
        concrete = re.sub(r"\{\w+:(\w+)\}", lambda match: SAMPLES[match[1]], path)
        routed = app.litestar.asgi_router.handle_routing(path=concrete, method=method)  # type: ignore[arg-type]
        assert routed[1] is handler, (method, concrete)


GATEWAYS = {
    ("POST", "/whatsapp/{key:str}/sessions/init"),
    ("DELETE", "/whatsapp/{key:str}/sessions/{session_id:str}"),
    ("POST", "/whatsapp/{key:str}/send-message"),
    ("GET", "/whatsapp/{key:str}/status"),
    ("GET", "/debug/whatsapp/{key:str}/connection"),
    ("POST", "/whatsapp/session"),
    ("GET", "/whatsapp/messages"),
    ("GET", "/whatsapp/sessions"),
    ("POST", "/whatsapp/send"),
    ("GET", "/whatsapp/stream"),
    ("POST", "/instances/create"),
    ("GET", "/instances"),
    ("GET", "/instances/{id:uuid}"),
    ("GET", "/instances/{id:uuid}/qr"),
    ("POST", "/instances/{id:uuid}/restart"),
    ("DELETE", "/instances/{id:uuid}"),
    ("POST", "/instances/{id:uuid}/send"),
    ("POST", "/whatsapp"),
    ("POST", "/whatsapp/{key:str}/activate"),
    ("GET", "/whatsapp/{key:str}/qr"),
}
"""Contracts A to D, as CONTRACTS list them."""


def test_the_gateway_contracts_are_there_whole_and_nothing_beside_them(app: HubApp) -> None:
    tops = ("/whatsapp", "/instances", "/debug")
    assert {(method, path) for method, path, _ in routes(app) if path.startswith(tops)} == GATEWAYS


@pytest.mark.parametrize("key", ["init", "create", "me", "session", "sessions", "send", "stream", "status"])
def test_a_static_path_is_never_taken_for_a_key(app: HubApp, key: str) -> None:
    """The names that the paths use are refused as keys, so that a session of that name could not be reached."""
    with pytest.raises(Invalid):
        check_key(key, "sessionId")


def test_only_the_contracts_public_routes_are_public(app: HubApp) -> None:
    public = {f"{m} {p.replace(':str}', '}')}" for m, p, handler in routes(app) if handler.opt.get("public")}
    open_rows = {row for row, need in ROUTES.items() if need.is_open and "/schema" not in row}
    assert public == open_rows


def test_without_a_token_everything_else_is_401(app: HubApp, client: TestClient[Litestar]) -> None:
    for method, path, handler in routes(app):
        if handler.opt.get("public") or path.startswith("/schema"):
            continue
        path = re.sub(r"\{\w+:int\}", "1", path)
        path = re.sub(r"\{\w+:\w+\}", "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e", path)
        for headers in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer"},
        ):
            answer = client.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path, headers)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_the_document_is_valid_and_names_every_path(app: HubApp, document: dict[str, Any]) -> None:
    validate(document)
    ours = {re.sub(r"\{(\w+):\w+\}", r"{\1}", path) for _, path, _ in routes(app)}
    missing = {path for path in ours if not path.startswith("/schema")} - set(document["paths"])
    assert missing == set()
    assert {"/webhooks/whatsapp", "/webhooks/waha/{sessionId}"} <= set(document["paths"])


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            assert operation.get("tags"), (method, path)


def test_the_reference_is_read_without_anything_from_elsewhere(client: TestClient[Litestar]) -> None:
    page = client.get("/schema")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<code>/api/messages/send</code>" in page.text
    assert "&quot;replyTo&quot;: &quot;wamid." in page.text  # an example of the body
    assert not re.search(r"(src|href)=.(https?:)?//", page.text)
    assert "<script" not in page.text
    assert client.get("/schema/plain").text == page.text
    assert client.get("/schema/page.css").headers["content-type"].startswith("text/css")


def test_the_address_that_a_start_prints_leads_to_the_page(client: TestClient[Litestar]) -> None:
    page = client.get("/", follow_redirects=False)
    assert (page.is_redirect, page.headers["location"]) == (True, "dashboard")


def test_every_answer_carries_its_id_and_security_headers(client: TestClient[Litestar]) -> None:
    headers = client.get("/nowhere").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])
    assert client.get("/nowhere", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/nowhere", headers={"X-Request-Id": "a b"}).headers["x-request-id"] != "a b"


def test_only_the_frontend_may_call_from_a_browser(client: TestClient[Litestar]) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = client.options("/api/users", headers={"Origin": "https://desk.example", **asks})
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
    foreign = client.options("/api/users", headers={"Origin": "https://evil.example", **asks})
    assert foreign.headers.get("access-control-allow-origin") != "https://evil.example"


ASKS = {"Origin": "https://anybody.example", "Access-Control-Request-Method": "POST"}


def test_with_a_star_every_page_may_call_with_a_token_but_without_cookies() -> None:
    app = create_app(make_async_container(Security()), HttpOptions("0.1.0", "*"))
    client: TestClient[Litestar] = TestClient(app, raise_server_exceptions=False)  # type: ignore[type-var]
    asked = client.options("/api/users", headers={**ASKS, "Access-Control-Request-Headers": "authorization, apikey"})
    refused = client.get("/api/users", headers={"Origin": ASKS["Origin"], "Authorization": "Bearer x"})
    for answer in (asked, refused):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    assert (refused.status_code, refused.json()["title"]) == (401, "Unauthenticated")


@pytest.fixture(scope="module")
def bare_app() -> HubApp:
    """Without a frontend, and without the sandbox."""
    return create_app(make_async_container(Security()), HttpOptions("0.1.0"))


def test_without_a_frontend_no_other_page_may_call(bare_app: HubApp) -> None:
    client: TestClient[Litestar] = TestClient(bare_app, raise_server_exceptions=False)  # type: ignore[type-var]
    assert "access-control-allow-origin" not in client.options("/api/users", headers=ASKS).headers


def test_a_body_that_is_too_large_is_refused(client: TestClient[Litestar]) -> None:
    answer = client.post("/api/auth/login", content=b'{"email": "' + b"x" * 1_100_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["status"] == 413
    assert answer.json()["type"] == "urn:whatsapp-hub:problem:too-large"  # as webhooks and nginx say it, on any Python


def test_sandbox_routes_are_absent_unless_switched_on(bare_app: HubApp) -> None:
    assert not [path for _, path, _ in routes(bare_app) if path.startswith("/sandbox")]


def test_no_file_of_the_api_reaches_for_sql_or_a_transaction() -> None:
    folder = Path(__file__).parents[4] / "src/whatsapp_hub/adapters/http"
    for file in folder.rglob("*.py"):
        assert not re.search(r"\bsqlalchemy\b|\basyncpg\b|\.commit\(", file.read_text()), file
