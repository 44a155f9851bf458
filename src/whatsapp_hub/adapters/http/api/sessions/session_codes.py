"""`/api/sessions/{id}`: linking a phone, by QR code or pairing code, and unlinking it."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.gateways import qr_codes
from whatsapp_hub.adapters.contracts.views.sessions import SessionDetail
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.http.api.sessions.sessions import TAGS, shown
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.sessions.close_sessions import UnlinkSession
from whatsapp_hub.application.sessions.holder_commands import RequestPairingCode
from whatsapp_hub.application.sessions.open_sessions import Code, ShowCode
from whatsapp_hub.domain.ids import SessionId

PNG = "image/png"


class PhoneBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The number that shall be linked, for the code that is typed on the phone."""

    phone_number: str


class CodeView(View):
    """A code to scan: its text, and a picture as a data URL."""

    session_id: str
    qr: str | None
    qr_code: str | None
    expires_at: datetime | None

    @classmethod
    def of(cls, code: Code) -> "CodeView":
        """Show the QR code as text and as a picture, and until when it can be scanned."""
        text = code.session.qr_code
        return cls(code.session.key, text, qr_codes.data_url(text), time(code.expires_at))


class PairingCode(View):
    """A code to type on the phone."""

    pairing_code: str


@get("/sessions/{id:uuid}/qr", tags=TAGS)
async def get_qr_code(
    caller: Asking, id: FromPath[UUID], show_code: FromDishka[ShowCode], request: Request[Any, Any, Any]
) -> Response[CodeView]:
    """Show the code to scan, as JSON or (`Accept: image/png`) as a picture (ADMIN; 404: none yet; 409: connected)."""
    code = await show_code(caller, str(id))
    if PNG in request.headers.get("accept", ""):
        picture = qr_codes.png(code.session.qr_code or "")
        shown = Response(picture, media_type=PNG, headers={"Cache-Control": "no-store"})
        return cast("Response[CodeView]", shown)  # the same in another form; `pages/bodies.py` describes it
    return Response(CodeView.of(code), headers={"Cache-Control": "no-store"})


@post("/sessions/{id:uuid}/pairing-code", status_code=200, tags=TAGS)
async def request_pairing_code(
    caller: Asking, id: FromPath[UUID], data: JSONBody[PhoneBody], request_pairing_code: FromDishka[RequestPairingCode]
) -> PairingCode:
    """Request a code to type on the phone instead of scanning; the session must be started (ADMIN)."""
    return PairingCode(await request_pairing_code(caller, SessionId(id), data.phone_number))


@post("/sessions/{id:uuid}/logout", status_code=200, tags=TAGS)
async def log_out_session(
    caller: Asking, id: FromPath[UUID], unlink_session: FromDishka[UnlinkSession], providers: FromDishka[Providers]
) -> SessionDetail:
    """Unlink a session from the phone and delete its credentials (ADMIN)."""
    return shown(await unlink_session(caller, SessionId(id)), caller, providers)


HANDLERS = [get_qr_code, request_pairing_code, log_out_session]
