"""`/api/users/{id}/password-reset` and `/api/auth/reset-password`."""

from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.http.auth import PUBLIC, Asking
from whatsapp_hub.adapters.http.rates import PER_ADDRESS
from whatsapp_hub.application.authentication.password_reset import Asked, OfferPasswordReset, ResetPassword
from whatsapp_hub.domain.ids import UserId

PublicUrl = NewType("PublicUrl", str)
"""The address under which people reach this hub, without a slash at its end."""


class ResetBody(msgspec.Struct, forbid_unknown_fields=True):
    """A link's token and the new password."""

    token: str
    password: str


class PasswordLink(View):
    """A link that sets a new password once, and its token."""

    token: str
    link: str
    expires_at: datetime


@post("/users/{id:uuid}/password-reset", tags=["users"])
async def offer_password_reset(
    caller: Asking,
    id: FromPath[UUID],
    offer_password_reset: FromDishka[OfferPasswordReset],
    base: FromDishka[PublicUrl],
) -> PasswordLink:
    """Make a link that sets a new password once, within a day (ADMIN). It opens a page, and is shown here only."""
    token, expires_at = await offer_password_reset(caller, UserId(id))
    return PasswordLink(token, f"{base}/reset-password?token={token}", time(expires_at))


@post("/auth/reset-password", opt={**PUBLIC, **PER_ADDRESS}, status_code=204, tags=["auth"], security=[{}])
async def reset_password(
    request: Request[Any, Any, Any], data: JSONBody[ResetBody], reset_password: FromDishka[ResetPassword]
) -> None:
    """Set a new password, by such a link's token."""
    await reset_password(data.token, data.password, asked(request))


def asked(request: Request[Any, Any, Any]) -> Asked:
    """Tell the audit trail which request this is, and from which address."""
    path = request.scope.get("path_template") or request.scope["path"]
    return Asked(f"{request.method} {path}", request.client.host if request.client else None)


HANDLERS = [offer_password_reset, reset_password]
