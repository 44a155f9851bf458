"""`/api/auth/second-factor`: one's own second factor, from its beginning to its end."""

from typing import Any

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.gateways import qr_codes
from whatsapp_hub.adapters.contracts.views.view import time
from whatsapp_hub.adapters.http.auth import ENROLS, Asking, client_of
from whatsapp_hub.application.authentication.second_factors import (
    BeginSecondFactor,
    ConfirmSecondFactor,
    DisableSecondFactor,
    ReplaceRecoveryCodes,
    ShowSecondFactor,
)

PATH = "/auth/second-factor"
TAGS = ["auth"]
_UNSTORED = {"Cache-Control": "no-store"}


class PasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    password: str


class CodeBody(msgspec.Struct, forbid_unknown_fields=True):
    code: str


class ProofBody(msgspec.Struct, forbid_unknown_fields=True):
    password: str
    code: str


@get(PATH, opt=ENROLS, tags=TAGS)
async def get_second_factor(caller: Asking, show: FromDishka[ShowSecondFactor]) -> dict[str, object]:
    """Show whether one's own second factor is on, and whether the company requires it."""
    shown = await show(caller)
    return {
        "enabled": shown.confirmed_at is not None,
        "enabledAt": time(shown.confirmed_at),
        "recoveryCodesLeft": shown.recovery_codes_left,
        "required": shown.is_required,
    }


@post(PATH, opt=ENROLS, tags=TAGS)
async def begin_second_factor(
    request: Request[Any, Any, Any], caller: Asking, data: JSONBody[PasswordBody], begin: FromDishka[BeginSecondFactor]
) -> Response[dict[str, object]]:
    """Begin: a secret for an authenticator (TOTP), with its `otpauth` address and a QR code. It counts once it is
    confirmed (409: the second factor is on)."""
    secret, uri = await begin(caller, data.password, client_of(request).address)
    return Response({"secret": secret, "uri": uri, "qrCode": qr_codes.secret_data_url(uri)}, headers=_UNSTORED)


@post(f"{PATH}/confirm", opt=ENROLS, status_code=200, tags=TAGS)
async def confirm_second_factor(
    caller: Asking, data: JSONBody[CodeBody], confirm: FromDishka[ConfirmSecondFactor]
) -> Response[dict[str, object]]:
    """Turn it on by a first code. The recovery codes, good for once each, are shown here only."""
    return Response({"recoveryCodes": list(await confirm(caller, data.code))}, headers=_UNSTORED)


@post(f"{PATH}/recovery-codes", status_code=200, tags=TAGS)
async def replace_recovery_codes(
    request: Request[Any, Any, Any],
    caller: Asking,
    data: JSONBody[ProofBody],
    replace: FromDishka[ReplaceRecoveryCodes],
) -> Response[dict[str, object]]:
    """New recovery codes; the earlier ones are void. `code`: of the authenticator, or a recovery code."""
    codes = await replace(caller, data.password, data.code, client_of(request).address)
    return Response({"recoveryCodes": list(codes)}, headers=_UNSTORED)


@post(f"{PATH}/disable", status_code=204, tags=TAGS)
async def disable_second_factor(
    request: Request[Any, Any, Any], caller: Asking, data: JSONBody[ProofBody], disable: FromDishka[DisableSecondFactor]
) -> None:
    """Turn it off (409: it is off, or the company requires it). `code`: of the authenticator, or a recovery code."""
    await disable(caller, data.password, data.code, client_of(request).address)


HANDLERS = [
    get_second_factor,
    begin_second_factor,
    confirm_second_factor,
    replace_recovery_codes,
    disable_second_factor,
]
