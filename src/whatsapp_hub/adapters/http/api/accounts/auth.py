"""`/api/auth`."""

from importlib.metadata import version
from typing import Annotated, Any
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, get, patch, post
from litestar.params import JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.accounts import CompanyView, OwnUser, UserView
from whatsapp_hub.adapters.contracts.views.sign_ins import SignedIn
from whatsapp_hub.adapters.contracts.views.view import View, extended
from whatsapp_hub.adapters.http.auth import COMPANY_HEADER, ENROLS, PUBLIC, Asking, client_of, credential_of
from whatsapp_hub.adapters.http.rates import PER_ADDRESS
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.accounts.users import NewUser, RegisterUser
from whatsapp_hub.application.authentication.login import Login
from whatsapp_hub.application.authentication.own_password import ChangeOwnPassword
from whatsapp_hub.application.authentication.second_factors import ShowSecondFactor
from whatsapp_hub.application.authentication.sign_ins import EndSignIn, EndSignIns
from whatsapp_hub.application.authentication.tickets import LIFETIME_S, Tickets
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.access import Action, name_of
from whatsapp_hub.domain.accounts.sign_in import EndReason
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import TenantId

TAGS = ["auth"]


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """`code`: of the authenticator, or a recovery code, of who has a second factor."""

    email: str
    password: str
    code: str | None = None


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A change of one's own password."""

    current_password: str
    new_password: str


class Registration(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A new user; without `companyId` of the caller's company."""

    email: str
    password: str
    name: str
    role: Role = Role.AGENT
    company_id: UUID | None = None


class RegisteredUser(View):
    """The new user."""

    user: UserView


class TicketView(View):
    """A ticket for one stream, and within how many seconds it opens it."""

    ticket: str
    expires_in: int


@post("/auth/login", opt={**PUBLIC, **PER_ADDRESS}, status_code=200, tags=TAGS, security=[{}])
async def login(request: Request[Any, Any, Any], data: JSONBody[Credentials], login: FromDishka[Login]) -> SignedIn:
    """Sign in with an e-mail and a password. The token is valid until the sign-in expires or is ended.

    Who has a second factor gives a `code` too: without a good one 401 with type `second-factor-required`. Where the
    company requires one and the user has none, the answer says `secondFactorEnrolment: true`, and the token is good for
    enrolling only (else 401 with type `second-factor-enrolment-required`)."""
    entered = await login(data.email, data.password, client_of(request), data.code)
    return SignedIn(UserView.of(entered.user), entered.token, True if entered.must_enrol else msgspec.UNSET)


@post("/auth/register", tags=TAGS)
async def register(
    caller: Asking, data: JSONBody[Registration], register_user: FromDishka[RegisterUser]
) -> RegisteredUser:
    """Create a user of the caller's company (ADMIN), or of `companyId` (MASTER)."""
    tenant_id = TenantId(data.company_id) if data.company_id else None
    new = NewUser(data.email, data.password, data.name, data.role, tenant_id=tenant_id)
    return RegisteredUser(UserView.of(await register_user(caller, new)))


@patch("/auth/password", status_code=204, tags=TAGS)
async def change_password(
    request: Request[Any, Any, Any],
    caller: Asking,
    data: JSONBody[OwnPassword],
    change_own_password: FromDishka[ChangeOwnPassword],
) -> None:
    """Change one's own password. It ends all of one's other sign-ins; guesses at the current one count as at login."""
    with renamed(password="newPassword"):  # noqa: S106 - names of fields
        await change_own_password(caller, data.current_password, data.new_password, client_of(request).address)


@get("/auth/me", opt=ENROLS, tags=TAGS)
async def me(caller: Asking, directory: FromDishka[Directory], show: FromDishka[ShowSecondFactor]) -> OwnUser:
    """Show the signed-in user: the company (of a MASTER, the one chosen), what the user `may` do there (named as API
    keys' scopes are), whether the second factor is on, and the hub's version."""
    user = await directory.user(caller.user_id) if caller.user_id else None
    if user is None:
        raise Forbidden("see the signed-in user: an API key is not a person")
    tenant = await directory.tenant(caller.tenant_id)
    may = sorted(name_of(action) for action in Action if caller.may(action))
    return extended(
        OwnUser,
        UserView.of(user),
        company=CompanyView.of(tenant),
        may=may,
        version=version("whatsapp-hub"),
        second_factor=(await show(caller)).confirmed_at is not None,
    )


@post("/auth/logout", opt=ENROLS, status_code=204, tags=TAGS)
async def logout(
    caller: Asking,
    end: FromDishka[EndSignIn],
    end_all: FromDishka[EndSignIns],
    everywhere: Annotated[bool, QueryParameter(description="end all of one's sign-ins")] = False,
) -> None:
    """End the sign-in that asks: its token, its sockets and its streams are refused within seconds."""
    if everywhere:
        await end_all(caller, reason=EndReason.SIGNED_OUT)
    elif caller.sign_in_id:
        await end(caller, caller.sign_in_id, reason=EndReason.SIGNED_OUT)


@post("/auth/ticket", tags=TAGS)
async def issue_ticket(request: Request[Any, Caller, Any], caller: Asking, tickets: FromDishka[Tickets]) -> TicketView:
    """Give a ticket for one stream: `?ticket=` instead of a header, which a browser's EventSource cannot send.

    It opens the stream within half a minute. With `Last-Event-ID` the same address opens that stream again, which ends
    the older opening, while the credential is valid and the stream was open in the last 5 minutes."""
    ticket = await tickets.issue(credential_of(request), request.headers.get(COMPANY_HEADER))
    return TicketView(ticket, int(LIFETIME_S))


HANDLERS = [issue_ticket, login, register, change_password, me, logout]
