"""Who asks. Reads the credential, binds the caller to the request and to its log lines."""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.params import SkipValidation
from litestar.types import Guard

from whatsapp_hub.adapters.contracts.browser import BrowserSessions
from whatsapp_hub.adapters.http.server.asgi import AUTHENTICATED
from whatsapp_hub.application.acting import ACTOR, Actor
from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.authentication.sign_ins import Client
from whatsapp_hub.application.authentication.tickets import OpenedTicket, Tickets
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import is_api_key
from whatsapp_hub.domain.errors import Unauthenticated

Asking: TypeAlias = NamedDependency[SkipValidation[Caller]]
"""The type of a handler's `caller`."""

PUBLIC = {"public": True}
"""`opt=PUBLIC` on a handler: anybody may call it."""

BY_TICKET = {"by_ticket": True}
"""`opt=BY_TICKET` on a handler that answers with a stream: a ticket (`?ticket=`) is enough."""

ENROLS = {"enrols": True}
"""`opt=ENROLS` on a handler: also somebody who must first enrol a second factor may call it."""

COMPANY_HEADER = "X-Company-Id"
COMPANY_PARAMETER = "companyId"
KEY_HEADERS = ("X-Api-Key", "apikey")
_OPENED = "whatsapp_hub.opened_ticket"
BY_COOKIE = "whatsapp_hub.by_cookie"
"""Key of the scope: set where a browser's cookie says who asks."""


class Authenticates(AbstractAuthenticationMiddleware):
    """Puts the `Caller` into `request.auth`. Raises Unauthenticated, NotFound (the tenant chosen)."""

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Find the caller of the request, and bind it to log lines and the audit trail. Raises Unauthenticated."""
        caller = await caller_of(connection)
        structlog.contextvars.bind_contextvars(tenant_id=str(caller.tenant_id), caller=caller.key)
        ACTOR.set(_actor(connection, caller))
        if told := cast("dict[str, Callable[[object], None]]", connection.scope).get(AUTHENTICATED):
            told(caller.tenant_id)
        return AuthenticationResult(user=caller.user_id, auth=caller)


def _actor(connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> Actor:
    client = client_of(connection)
    return Actor(caller, client.doing, client.address)


def client_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Client:
    """Say from where a request comes, and which it is."""
    path = connection.scope.get("path_template") or connection.scope["path"]
    address = connection.client.host if connection.client else None
    return Client(address, connection.headers.get("user-agent"), f"{connection.scope.get('method', 'GET')} {path}")


async def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Who asks, as of now: what a long answer asks again from time to time. Raises Unauthenticated, NotFound."""
    container = connection.app.state.dishka_container
    callers: Callers = await container.get(Callers)
    ticket = connection.query_params.get("ticket")
    if ticket and connection.route_handler.opt.get("by_ticket"):
        if (opened := opened_ticket(connection)) is None:  # once, also for who asks again from time to time
            tickets: Tickets = await container.get(Tickets)
            opened = await tickets.open(
                ticket, _address(connection), again=bool(connection.headers.get("last-event-id"))
            )
            cast("dict[str, object]", connection.scope)[_OPENED] = opened
        return await callers(opened.credential, opened.company_id)
    enrols = bool(connection.route_handler.opt.get("enrols"))
    credential = credential_of(connection)
    return await callers(credential, _company(connection), enrols=enrols)


def _company(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return the company that a MASTER chose. What a page shows or downloads by its address (a picture, a stream of
    events) cannot send a header: its address names the company."""
    chosen = connection.headers.get(COMPANY_HEADER)
    is_an_address = connection.scope.get("method") == "GET" and connection.scope.get(BY_COOKIE)
    return connection.query_params.get(COMPANY_PARAMETER) if chosen is None and is_an_address else chosen


def opened_ticket(connection: ASGIConnection[Any, Any, Any, Any]) -> OpenedTicket | None:
    """Return the ticket that this request came with, where it opened a stream."""
    return cast("dict[str, OpenedTicket]", connection.scope).get(_OPENED)


def _address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address as the client wrote it: an EventSource that comes back writes the same again."""
    return f"{connection.scope['path']}?{connection.scope['query_string'].decode('latin-1')}"


def credential_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Find a request's credential, here and nowhere else; `Callers` tells its kind."""
    scheme, _, credential = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential.strip():
        return credential.strip()
    given = (connection.headers.get(name, "").strip() for name in KEY_HEADERS)
    if key := next((value for value in given if is_api_key(value)), None):
        return key
    browser = browser_sessions(connection)
    if token := browser.token(str(connection.scope.get("method", "GET")), connection.headers):
        cast("dict[str, object]", connection.scope)[BY_COOKIE] = True
        return token
    raise Unauthenticated("a bearer token or an API key is needed")


def browser_sessions(connection: ASGIConnection[Any, Any, Any, Any]) -> BrowserSessions:
    """Return the rules of this hub's cookie."""
    return cast("BrowserSessions", connection.app.state.browser_sessions)


def _caller(request: Request[Any, Caller, Any]) -> Caller:
    return request.auth


DEPENDENCIES = {"caller": Provide(_caller, sync_to_thread=False)}


def allows(action: Action) -> Guard:
    """Make a guard: only roles that the policy allows this."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        connection.auth.require(action)

    return guard
