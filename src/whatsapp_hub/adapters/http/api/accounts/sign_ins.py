"""`/api/auth/sign-ins` and `/api/users/{id}/sign-ins`: where people are signed in, and how that is ended."""

from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Response, delete, get
from litestar.params import FromPath

from whatsapp_hub.adapters.contracts.views.sign_ins import SignInView
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page, sliced
from whatsapp_hub.application.authentication.sign_ins import EndSignIn, EndSignIns, ListSignIns
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.sign_in import SignIn
from whatsapp_hub.domain.ids import SignInId, UserId

Listed = Response[list[SignInView]]
MANAGE = [allows(Action.MANAGE_USERS)]


def _page(found: list[SignIn], caller: Caller, limit: int, cursor: str | None) -> Listed:
    shown, more = sliced(found, lambda one: one.id, limit, cursor, newest_first=True)
    return page([SignInView.of(one, caller.sign_in_id) for one in shown], more)


@get("/auth/sign-ins", tags=["auth"])
async def list_own_sign_ins(
    caller: Asking, list_sign_ins: FromDishka[ListSignIns], limit: Limit = 50, cursor: Cursor = None
) -> Listed:
    """List where one is signed in, the newest first; `current` is the sign-in that asks."""
    return _page(await list_sign_ins(caller), caller, limit, cursor)


@delete("/auth/sign-ins", tags=["auth"])
async def end_other_sign_ins(caller: Asking, end_sign_ins: FromDishka[EndSignIns]) -> None:
    """End all of one's own sign-ins but the one that asks."""
    await end_sign_ins(caller, but=caller.sign_in_id)


@delete("/auth/sign-ins/{id:uuid}", tags=["auth"])
async def end_own_sign_in(caller: Asking, id: FromPath[UUID], end_sign_in: FromDishka[EndSignIn]) -> None:
    """End one of one's own sign-ins; what it let in is out within seconds."""
    await end_sign_in(caller, SignInId(id))


@get("/users/{id:uuid}/sign-ins", guards=MANAGE, tags=["users"])
async def list_sign_ins(
    caller: Asking, id: FromPath[UUID], list_sign_ins: FromDishka[ListSignIns], limit: Limit = 50, cursor: Cursor = None
) -> Listed:
    """List where a user is signed in, the newest first (ADMIN)."""
    return _page(await list_sign_ins(caller, UserId(id)), caller, limit, cursor)


@delete("/users/{id:uuid}/sign-ins", guards=MANAGE, tags=["users"])
async def end_sign_ins(caller: Asking, id: FromPath[UUID], end_sign_ins: FromDishka[EndSignIns]) -> None:
    """End all sign-ins of a user (ADMIN)."""
    await end_sign_ins(caller, UserId(id))


@delete("/users/{id:uuid}/sign-ins/{sign_in_id:uuid}", guards=MANAGE, tags=["users"])
async def end_sign_in(
    caller: Asking, id: FromPath[UUID], sign_in_id: FromPath[UUID], end_sign_in: FromDishka[EndSignIn]
) -> None:
    """End a sign-in of a user (ADMIN)."""
    await end_sign_in(caller, SignInId(sign_in_id), UserId(id))


HANDLERS = [list_own_sign_ins, end_other_sign_ins, end_own_sign_in, list_sign_ins, end_sign_ins, end_sign_in]
