"""Callers are told what is left, and refused with when to come back."""

from typing import cast
from uuid import uuid4

from litestar import Litestar, Request, get
from litestar.middleware import DefineMiddleware
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send

from whatsapp_hub.adapters.http import problems
from whatsapp_hub.adapters.http.auth import BY_COOKIE
from whatsapp_hub.adapters.http.rates import PER_ADDRESS, LimitsRate, RateLimits
from whatsapp_hub.adapters.redis.rates import LocalRates
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.ids import TenantId, UserId


class Knows:
    """Puts the caller named in a header into the scope, as `Authenticates` does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if name := Request(scope).headers.get("x-caller"):  # type: ignore[var-annotated]
            user_id = UserId(uuid4()) if name.startswith("user") else None
            scope["auth"] = Caller(TenantId(uuid4()), Role.AGENT, name, user_id)
            cast("dict[str, object]", scope)[BY_COOKIE] = "x-by-cookie" in Request(scope).headers  # type: ignore[var-annotated]
        await self.app(scope, receive, send)


@get("/open")
async def open_() -> None: ...


@get("/login", opt=PER_ADDRESS)
async def login() -> None: ...


def client() -> TestClient[Litestar]:
    limits = DefineMiddleware(LimitsRate, rates=LocalRates(), limits=RateLimits(2, 5, 4))
    return TestClient(Litestar([open_, login], middleware=[Knows, limits], plugins=[problems.plugin()]))


def test_a_user_has_a_limit_and_hears_what_is_left() -> None:
    with client() as http:
        answers = [http.get("/open", headers={"X-Caller": "user:1"}) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a.headers["ratelimit-remaining"] for a in answers] == ["1", "0", "0"]
    assert answers[0].headers["ratelimit-policy"] == "2;w=60"
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert 28 <= int(refused.headers["retry-after"]) <= 30


def test_a_persons_console_counts_by_itself() -> None:
    with client() as http:
        by_cookie = {"X-Caller": "user:3", "X-By-Cookie": "1"}
        assert [http.get("/open", headers=by_cookie).status_code for _ in range(5)] == [200, 200, 200, 200, 429]
        assert http.get("/open", headers={"X-Caller": "user:3"}).status_code == 200


def test_keys_have_their_own_limit_and_callers_do_not_share() -> None:
    with client() as http:
        assert all(http.get("/open", headers={"X-Caller": "key:1"}).status_code == 200 for _ in range(5))
        assert http.get("/open", headers={"X-Caller": "key:1"}).status_code == 429
        assert http.get("/open", headers={"X-Caller": "user:2"}).status_code == 200


def test_public_routes_have_none_but_login_has_one_per_address() -> None:
    with client() as http:
        assert all(http.get("/open").status_code == 200 for _ in range(100))
        assert "ratelimit-limit" not in http.get("/open").headers
        assert [http.get("/login").status_code for _ in range(61)][-2:] == [200, 429]
