"""The HTTP side of a hub as one ASGI app: webhooks, sockets, and Litestar for all the rest."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from dishka import AsyncContainer
from dishka.integrations.litestar import DishkaRouter, setup_dishka
from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, InternalServerException
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler, Empty, Middleware

from whatsapp_hub.adapters.contracts.browser import BrowserSessions
from whatsapp_hub.adapters.http import health, problems, prometheus
from whatsapp_hub.adapters.http.api import (
    campaigns,
    contacts,
    events,
    metrics,
    personal_data,
    rules,
    system,
    templates,
    webhooks,
)
from whatsapp_hub.adapters.http.api.accounts import (
    api_keys,
    auth,
    browser_sessions,
    company,
    departments,
    oidc,
    password_resets,
    preferences,
    second_factor,
    sign_ins,
    tenants,
    users,
)
from whatsapp_hub.adapters.http.api.conversations import (
    bulk,
    conversations,
    copies,
    handling,
    listing,
    media,
    messages,
    notes,
    notifications,
    scheduled,
)
from whatsapp_hub.adapters.http.api.sessions import bots, moves, sandbox, session_codes, sessions
from whatsapp_hub.adapters.http.auth import COMPANY_HEADER, DEPENDENCIES, KEY_HEADERS, Authenticates
from whatsapp_hub.adapters.http.gateways import agents, clients, instances, lifecycle, stream
from whatsapp_hub.adapters.http.pages import reset_page
from whatsapp_hub.adapters.http.pages.bodies import add_bodies
from whatsapp_hub.adapters.http.pages.documents import add_problems, add_webhooks, openapi
from whatsapp_hub.adapters.http.pages.examples import add_examples
from whatsapp_hub.adapters.http.pages.receivers import add_receivers
from whatsapp_hub.adapters.http.paging import NEXT_CURSOR, POSITION
from whatsapp_hub.adapters.http.rates import LimitsRate, RateLimits
from whatsapp_hub.adapters.http.server import asgi
from whatsapp_hub.adapters.http.server.forms import read_form
from whatsapp_hub.adapters.http.server.proxies import NOBODY_TRUSTED, Proxies
from whatsapp_hub.adapters.http.server.request_context import Frame
from whatsapp_hub.adapters.http.shares import Shares, SharesByCompany, SharesByCredential
from whatsapp_hub.adapters.http.webhooks import PREFIX as WEBHOOKS
from whatsapp_hub.adapters.http.webhooks import Webhooks
from whatsapp_hub.application.ports.edge.rates import Rates
from whatsapp_hub.domain.errors import Flaw, Invalid

SOCKETS = "/socket.io"
_REQUESTS = "whatsapp_hub.requests"
"""Key of the scope: the objects that were made of it."""
MAX_BODY_BYTES = 1024 * 1024

ANY_ORIGIN = "*"
_ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-Id")
_ANSWERED = (
    *("X-Request-Id", "Retry-After"),
    *("RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
)

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """`frontend_url`: whose pages may call the API from a browser, besides our own (`*`: everybody's, who then sends no
    cookies). `public_url`: where people reach the hub, its console too. Rates are a minute's."""

    version: str
    frontend_url: str | None = None
    sandbox: bool = False
    rate_limit_user: int = 60
    rate_limit_api_key: int = 6000
    rate_limit_console: int = 1200
    public_url: str = ""
    proxies: Proxies = NOBODY_TRUSTED


@dataclass(frozen=True, slots=True)
class Console:
    """The console's files: which paths it serves, and its app."""

    serves: Callable[[str], bool]
    app: asgi.App


@dataclass(frozen=True, slots=True)
class HubApp:
    """Webhooks and sockets have their own way in, so that nothing meant for the API slows them down."""

    litestar: Litestar
    pages: asgi.App
    webhooks: asgi.App
    sockets: asgi.App | None
    console: Console | None = None
    proxies: Proxies = NOBODY_TRUSTED

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await cast("asgi.App", self.litestar)(scope, receive, send)
            return
        scope = self.proxies.seen(scope)
        if kind == "http" and scope["path"].startswith(WEBHOOKS):
            await self.webhooks(scope, receive, send)
        elif self.sockets and scope["path"].startswith(SOCKETS):
            await self.sockets(scope, receive, send)
        elif kind == "http" and self.console and self.console.serves(scope["path"]):
            await self.console.app(scope, receive, send)
        else:
            await self.pages(scope, receive, send)


class HubRequest(Request[Any, Any, Any]):
    """Bytes that are no JSON at all are the client's fault, and so is a NUL, which no database text can hold.

    Forms and cookies are read here: Litestar's readers remember the last thousand of each whole, and Python's reader of
    quoted cookies takes time by the square of their length."""

    def __init__(self, scope: Any, *more: Any, **named: Any) -> None:
        super().__init__(scope, *more, **named)
        scope.setdefault(_REQUESTS, []).append(self)

    def let_go(self) -> None:
        """Drop the body: a request and its container hold each other until garbage is collected, which is seldom."""
        state = self._connection_state
        self._body = self._json = self._form = state.body = state.json = state.form = Empty

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Read the body. A client that goes away meanwhile made the fault: anybody could fill the log with ours."""
        try:
            async for piece in super().stream():
                yield piece
        except InternalServerException:
            raise ClientException("the client went away before its request was whole") from None

    async def form(self) -> FormMultiDict:
        """Read the form within the bounds of `forms`. Raises Invalid."""
        await read_form(self)
        return await super().form()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies as they were sent: ours are never quoted."""
        pairs = (pair.partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}

    async def json(self) -> Any:
        """Decode the body. Raises Invalid for what PostgreSQL or Python could not store: NUL, bad UTF-8, deep
        nesting."""
        try:
            document = await super().json()
        except (UnicodeDecodeError, RecursionError):
            raise Invalid(Flaw("", "is not valid JSON: it must be UTF-8, and not nested that deep")) from None
        if rb"\u0000" in await self.body() and (flaws := tuple(_nuls(document, ()))):
            raise Invalid(*flaws)
        return document


def _letting_go(app: asgi.App) -> asgi.App:
    """Drop the bodies of requests when they are answered."""

    async def call(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            for request in scope.pop(_REQUESTS, ()):
                request.let_go()

    return call


def _nuls(value: object, path: tuple[str, ...]) -> Iterator[Flaw]:
    if isinstance(value, str) and "\x00" in value:
        yield Flaw(problems.pointer(*path), "must not contain NUL")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _nuls(name, path)
            yield from _nuls(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _nuls(inner, (*path, str(place)))


def create_app(
    container: AsyncContainer,
    options: HttpOptions,
    sockets: asgi.App | None = None,
    lifespan: Sequence[Lifespan] = (),
    rates: Rates | None = None,
    console: Console | None = None,
) -> HubApp:
    """`lifespan` runs inside the container's life: it may ask it for things, and ends before it is closed.
    Without `rates` nobody is limited."""
    litestar = Litestar(
        route_handlers=_handlers(options),
        middleware=_middleware(options, rates),
        dependencies=DEPENDENCIES,
        plugins=[problems.plugin()],
        openapi_config=openapi(options.version),
        cors_config=_cors(options.frontend_url),
        request_class=HubRequest,
        request_max_body_size=MAX_BODY_BYTES,
        lifespan=[partial(_closing, container), *lifespan],
        logging_config=None,
    )
    setup_dishka(container, litestar)
    add_webhooks(litestar)
    add_problems(litestar)
    add_receivers(litestar.openapi_schema)
    add_bodies(litestar.openapi_schema)
    add_examples(litestar.openapi_schema)
    litestar.state.browser_sessions = BrowserSessions(options.public_url)
    live = asgi.secured(sockets) if sockets else None
    pages = Frame(_letting_go(cast("asgi.App", litestar)))
    framed = Console(console.serves, Frame(console.app)) if console else None
    return HubApp(litestar, pages, Webhooks(container), live, framed, options.proxies)


def _handlers(options: HttpOptions) -> list[ControllerRouterHandler]:
    resources = (
        *(
            auth,
            browser_sessions,
            oidc,
            second_factor,
            sign_ins,
            preferences,
            api_keys,
            users,
            departments,
            sessions,
            session_codes,
        ),
        *(conversations, listing, copies, handling, notes, bulk, messages, scheduled, media),
        *(notifications, bots, moves, rules, templates, campaigns, company, contacts, personal_data, metrics),
        password_resets,
        *(events, webhooks, tenants, system),
    )
    api = DishkaRouter("/api", route_handlers=[h for resource in resources for h in resource.HANDLERS])
    playing = sandbox.HANDLERS if options.sandbox else []
    gateways = [h for contract in (agents, clients, stream, instances, lifecycle) for h in contract.HANDLERS]
    public = [health.show_start, health.get_health, prometheus.get_metrics, *reset_page.HANDLERS]
    top = DishkaRouter("/", route_handlers=[*public, *gateways, *playing])
    return [api, top]


def _middleware(options: HttpOptions, rates: Rates | None) -> list[Middleware]:
    by_credential = DefineMiddleware(SharesByCredential, shares=Shares())
    knows: list[Middleware] = [
        by_credential,
        DefineMiddleware(Authenticates, exclude="^/schema", exclude_from_auth_key="public"),
    ]
    shares = DefineMiddleware(SharesByCompany, shares=Shares())
    if rates is None:
        return [*knows, shares]
    limits = RateLimits(options.rate_limit_user, options.rate_limit_api_key, options.rate_limit_console)
    return [*knows, DefineMiddleware(LimitsRate, rates=rates, limits=limits), shares]


def _cors(frontend_url: str | None) -> CORSConfig | None:
    if not frontend_url:
        return None
    return CORSConfig(
        allow_origins=[frontend_url.rstrip("/")],
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[*_ASKED, COMPANY_HEADER, *KEY_HEADERS],
        expose_headers=[*_ANSWERED, NEXT_CURSOR, POSITION],
        allow_credentials=frontend_url != ANY_ORIGIN,
        max_age=600,
    )


@asynccontextmanager
async def _closing(container: AsyncContainer, _: Litestar) -> AsyncIterator[None]:
    """Close the app's container last (dishka closes only the request's)."""
    try:
        yield
    finally:
        await container.close()
