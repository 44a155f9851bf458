"""`/api/auth`."""

from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get, post
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts import entities
from whatsapp_hub.adapters.http.auth import PUBLIC, Asking
from whatsapp_hub.adapters.http.rates import PER_ADDRESS
from whatsapp_hub.application.accounts.login import Login
from whatsapp_hub.application.accounts.users import NewUser, RegisterUser
from whatsapp_hub.application.ports.directory import Directory
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.user import Role

TAGS = ["auth"]


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str


class Registration(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    email: str
    password: str
    name: str
    role: Role = Role.AGENT
    company_id: UUID | None = None


@post("/auth/login", opt={**PUBLIC, **PER_ADDRESS}, status_code=200, tags=TAGS, security=[{}])
async def login(data: JSONBody[Credentials], use: FromDishka[Login]) -> dict[str, object]:
    """An e-mail and a password become a token."""
    user, _, token = await use(data.email, data.password)
    return {"user": entities.user(user), "token": token}


@post("/auth/register", tags=TAGS)
async def register(caller: Asking, data: JSONBody[Registration], use: FromDishka[RegisterUser]) -> dict[str, object]:
    """A new user of the caller's company (ADMIN), or of `companyId` (MASTER)."""
    tenant_id = TenantId(data.company_id) if data.company_id else None
    new = NewUser(data.email, data.password, data.name, data.role, tenant_id=tenant_id)
    return {"user": entities.user(await use(caller, new))}


@get("/auth/me", tags=TAGS)
async def me(caller: Asking, directory: FromDishka[Directory]) -> dict[str, object]:
    """The signed-in user."""
    user = await directory.user(caller.user_id) if caller.user_id else None
    if user is None:
        raise Forbidden("be somebody: an API key is no user")
    return {"user": entities.user(user)}


@post("/auth/logout", status_code=204, tags=TAGS)
async def logout(caller: Asking) -> None:
    """Ends the session of a page. A token is valid until it expires; a client forgets it."""


HANDLERS = [login, register, me, logout]
