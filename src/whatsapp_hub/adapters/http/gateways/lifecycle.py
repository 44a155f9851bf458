"""Contract D: the session life cycle. Its sending is A's, its events come over the socket."""

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.sessions.open_sessions import PrepareSession, ShowCode, StartNamed
from whatsapp_hub.domain.sessions.session import SessionStatus

TAGS = ["D: session life cycle"]


class PrepareBody(msgspec.Struct, rename="camel"):
    """A session to create without starting it."""

    session_id: str
    phone_number: str | None = None
    provider: str | None = None


@post("/whatsapp", tags=TAGS)
async def prepare_session(
    caller: Asking, data: JSONBody[PrepareBody], prepare_session: FromDishka[PrepareSession]
) -> entities.LifeSession:
    """Create a session, not started yet."""
    with renamed(name="sessionId"):
        return entities.life(await prepare_session(caller, data.session_id, data.phone_number, data.provider))


@post("/whatsapp/{key:str}/activate", status_code=202, tags=TAGS)
async def activate_session(
    caller: Asking, key: FromPath[str], start_named: FromDishka[StartNamed]
) -> entities.LifeSession:
    """Start a session (`key` is its id, or its sessionId). Its progress comes over the socket."""
    return entities.life(await start_named(caller, key), SessionStatus.CONNECTING)


@get("/whatsapp/{key:str}/qr", tags=TAGS)
async def get_code(caller: Asking, key: FromPath[str], show_code: FromDishka[ShowCode]) -> entities.LifeCode:
    """Show the code to scan, as text and as a picture (404: none yet; 409: connected)."""
    return entities.life_code((await show_code(caller, key)).session)


HANDLERS = [prepare_session, activate_session, get_code]
