"""`/api/auth/methods` and `/api/auth/oidc`: which ways to sign in there are, and the one by an OpenID provider."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.sign_ins import SignedIn
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.auth import PUBLIC, Asking, client_of
from whatsapp_hub.adapters.http.pages.oidc_page import PATH, failed
from whatsapp_hub.adapters.http.problems import describe
from whatsapp_hub.adapters.http.rates import PER_ADDRESS
from whatsapp_hub.application.authentication.oidc import (
    BeginOidc,
    ExchangeOidcCode,
    FinishOidc,
    Returned,
    UnlinkOidc,
)
from whatsapp_hub.application.ports.edge.oidc import SingleSignOn
from whatsapp_hub.domain.accounts.oidc import ATTEMPT_LIFETIME, MOST_NEXT
from whatsapp_hub.domain.errors import OidcRefused
from whatsapp_hub.domain.ids import UserId

TAGS = ["auth"]
_LONGEST = 8192
"""What a provider gives back in an address: a code of Entra ID has 1,500 characters."""


@dataclass(frozen=True, slots=True)
class OidcAddresses:
    """`pages`: whose pages take the code (no slash at its end). `is_secure`: people reach the hub by https."""

    pages: str
    is_secure: bool

    @property
    def cookie(self) -> str:
        """With its prefix no other host, and nobody in between, can write it."""
        return "__Host-hub_oidc" if self.is_secure else "hub_oidc"

    def binding(self, value: str) -> Cookie:
        """Bind an attempt to the browser; empty: forget it."""
        age = int(ATTEMPT_LIFETIME.total_seconds()) if value else 0
        return Cookie(self.cookie, "/", value, age, httponly=True, samesite="lax", secure=self.is_secure)


class OnceCode(msgspec.Struct, forbid_unknown_fields=True):
    """The one-time code at the end of a sign-in, and the verifier (PKCE) of a client that gave a challenge."""

    code: str
    verifier: str | None = None


class OidcMethod(View):
    """What the button says, and where it leads."""

    label: str
    url: str


class MethodsView(View):
    """The ways to sign in. `oidc` null: no OpenID provider is set."""

    password: bool
    oidc: OidcMethod | None


@get("/auth/methods", opt=PUBLIC, tags=TAGS, security=[{}])
async def list_methods(sign_on: FromDishka[SingleSignOn]) -> MethodsView:
    """Say which ways to sign in this hub has. `oidc` is null where no OpenID provider is set."""
    offered = sign_on.offered
    return MethodsView(password=True, oidc=OidcMethod(offered.label, PATH) if offered else None)


@get("/auth/oidc", opt=PUBLIC, status_code=303, tags=TAGS, security=[{}])
async def begin(
    request: Request[Any, Any, Any],
    begin_oidc: FromDishka[BeginOidc],
    addresses: FromDishka[OidcAddresses],
    next: Annotated[str, QueryParameter(description="the path to go on to", max_length=MOST_NEXT)] = "/",
    challenge: Annotated[
        str | None,
        QueryParameter(description="SHA-256 of a verifier, base64url: only who knows that verifier gets the token"),
    ] = None,
) -> Response[None]:
    """Send the browser to the OpenID provider. It comes back to `next`, with a `#code=` for `/api/auth/oidc/token`."""
    try:
        url, cookie = await begin_oidc(next, challenge)
    except OidcRefused as error:
        return _refusal(request, error, addresses)
    return _leading(url, addresses.binding(cookie))


# Limited, since it asks the provider; beginning does not, and a code cannot be guessed. An office has one address.
@get("/auth/oidc/callback", opt={**PUBLIC, **PER_ADDRESS}, status_code=303, tags=TAGS, security=[{}])
async def come_back(
    request: Request[Any, Any, Any],
    finish: FromDishka[FinishOidc],
    addresses: FromDishka[OidcAddresses],
    code: Annotated[str, QueryParameter(max_length=_LONGEST)] = "",
    oidc_state: Annotated[str, QueryParameter(name="state", max_length=_LONGEST)] = "",
    error: Annotated[str, QueryParameter(max_length=_LONGEST)] = "",
    iss: Annotated[str, QueryParameter(max_length=_LONGEST)] = "",
) -> Response[None]:
    """Where the provider sends the browser back to. Answers a page, or a problem to who takes no HTML, where nobody was
    signed in."""
    cookie = request.cookies.get(addresses.cookie, "")
    try:
        path, once = await finish(Returned(cookie, oidc_state, code, error, iss), client_of(request))
    except OidcRefused as refused:
        return _refusal(request, refused, addresses)
    return _leading(f"{addresses.pages}{path}#code={once}", addresses.binding(""))


@post("/auth/oidc/token", opt=PUBLIC, status_code=200, tags=TAGS, security=[{}])
async def exchange_code(
    request: Request[Any, Any, Any], data: JSONBody[OnceCode], exchange: FromDishka[ExchangeOidcCode]
) -> SignedIn:
    """Exchange the code that a page was opened with, once and within a minute, for what a login answers. `verifier`: of
    the `challenge` that the sign-in was begun with."""
    user, token = await exchange(data.code, data.verifier, client_of(request))
    return SignedIn(UserView.of(user), token)


@delete("/users/{id:uuid}/oidc", tags=["users"])
async def unlink(caller: Asking, id: FromPath[UUID], unlink: FromDishka[UnlinkOidc]) -> None:
    """Forget who the user is at the OpenID provider (ADMIN). Who has the user's e-mail there may be linked anew."""
    await unlink(caller, UserId(id))


def _leading(url: str, cookie: Cookie) -> Response[Any]:
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(None, status_code=303, headers=headers, cookies=[cookie])


def _refusal(request: Request[Any, Any, Any], error: OidcRefused, addresses: OidcAddresses) -> Response[Any]:
    """Answer a browser with a page, and forget the attempt. Raises OidcRefused to all others."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    answer = failed(error.failure, describe(error), request.headers.get("accept-language", ""))
    answer.set_cookie(addresses.binding(""))
    return answer


HANDLERS = [list_methods, begin, come_back, exchange_code, unlink]
