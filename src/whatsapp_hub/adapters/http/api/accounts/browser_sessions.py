"""`/api/auth/browser`: a browser signs in. Its token stands in a cookie that no script can read."""

from typing import Any

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.browser import CSRF_HEADER, BrowserSessions
from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.accounts.auth import Credentials
from whatsapp_hub.adapters.http.api.accounts.oidc import OnceCode
from whatsapp_hub.adapters.http.auth import PUBLIC, browser_sessions, client_of
from whatsapp_hub.adapters.http.rates import PER_ADDRESS
from whatsapp_hub.adapters.http.server.this_machine import is_from_this_machine
from whatsapp_hub.application.authentication.enter_by_link import EnterByLink
from whatsapp_hub.application.authentication.login import Login
from whatsapp_hub.application.authentication.oidc import ExchangeOidcCode
from whatsapp_hub.application.ports.edge.security import Tokens
from whatsapp_hub.domain.errors import Unauthenticated

TAGS = ["auth"]


class BrowserSignedIn(View):
    """Who signed in. `secondFactorEnrolment`: the cookie is good for enrolling a second factor only."""

    user: UserView
    second_factor_enrolment: bool | msgspec.UnsetType = msgspec.UNSET


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in the link behind `in=`."""

    token: str


@post("/auth/browser", opt={**PUBLIC, **PER_ADDRESS}, status_code=200, tags=TAGS, security=[{}])
async def sign_in_browser(
    request: Request[Any, Any, Any],
    data: JSONBody[Credentials],
    login: FromDishka[Login],
    tokens: FromDishka[Tokens],
) -> Response[BrowserSignedIn]:
    """Sign in a browser, from a page of the hub's own (with the header `X-Hub-Csrf`). As `POST /api/auth/login`, but
    the token is set as a cookie that scripts cannot read and other sites do not cause to be sent."""
    browser = _own(request)
    entered = await login(data.email, data.password, client_of(request), data.code)
    shown = BrowserSignedIn(UserView.of(entered.user), True if entered.must_enrol else msgspec.UNSET)
    return _entered(browser, shown, entered.token, tokens)


@post("/auth/browser/oidc", opt=PUBLIC, status_code=200, tags=TAGS, security=[{}])
async def exchange_browser_code(
    request: Request[Any, Any, Any],
    data: JSONBody[OnceCode],
    exchange: FromDishka[ExchangeOidcCode],
    tokens: FromDishka[Tokens],
) -> Response[BrowserSignedIn]:
    """Exchange the code of an OpenID provider's sign-in, as `POST /api/auth/oidc/token`, for the cookie."""
    browser = _own(request)
    user, token = await exchange(data.code, data.verifier, client_of(request))
    return _entered(browser, BrowserSignedIn(UserView.of(user)), token, tokens)


@post("/auth/browser/link", opt={**PUBLIC, **PER_ADDRESS}, status_code=200, tags=TAGS, security=[{}])
async def enter_by_link(
    request: Request[Any, Any, Any],
    data: JSONBody[LinkBody],
    enter_by_link: FromDishka[EnterByLink],
    tokens: FromDishka[Tokens],
) -> Response[BrowserSignedIn]:
    """Sign in a browser on the hub's own machine by the link that its start prints: once, within 15 minutes. The answer
    is the cookie, as of `POST /api/auth/browser`."""
    browser = _own(request)
    if not is_from_this_machine(request.scope):
        raise Unauthenticated("the link signs in on the machine on which the hub runs")
    entered = await enter_by_link(data.token, client_of(request))
    shown = BrowserSignedIn(UserView.of(entered.user), True if entered.must_enrol else msgspec.UNSET)
    return _entered(browser, shown, entered.token, tokens)


def _own(request: Request[Any, Any, Any]) -> BrowserSessions:
    """Return the cookie's rules. Raises Unauthenticated to other pages: they sign nobody in here."""
    browser = browser_sessions(request)
    if not browser.is_own(request.method, request.headers):
        raise Unauthenticated(f"a browser signs in from a page of the hub's own, with the header {CSRF_HEADER}")
    return browser


def _entered(browser: BrowserSessions, shown: BrowserSignedIn, token: str, tokens: Tokens) -> Response[BrowserSignedIn]:
    age_s = int(tokens.lifetime.total_seconds())
    cookie = Cookie(browser.cookie, "/", token, age_s, httponly=True, samesite="strict", secure=browser.is_secure)
    return Response(shown, cookies=[cookie], headers={"Cache-Control": "no-store"})


HANDLERS = [sign_in_browser, exchange_browser_code, enter_by_link]
