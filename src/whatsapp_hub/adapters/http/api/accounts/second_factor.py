"""`/api/auth/second-factor`: one's own second factor, from its beginning to its end."""

from datetime import datetime
from typing import Any

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.gateways import qr_codes
from whatsapp_hub.adapters.contracts.views.view import View, time
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
    """The password of the person who asks."""

    password: str


class ConfirmationCode(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the authenticator app."""

    code: str


class ProofBody(msgspec.Struct, forbid_unknown_fields=True):
    """Password and a code, of the app or a recovery code."""

    password: str
    code: str


class SecondFactorView(View):
    """One's own second factor; `required`: the company requires one."""

    enabled: bool
    enabled_at: datetime | None
    recovery_codes_left: int
    required: bool


class NewSecondFactor(View):
    """What an authenticator needs: a secret (TOTP), its `otpauth` address, and that as a picture (a data URL)."""

    secret: str
    uri: str
    qr_code: str


class RecoveryCodes(View):
    """Codes that are good for once each, shown here only."""

    recovery_codes: list[str]


@get(PATH, opt=ENROLS, tags=TAGS)
async def get_second_factor(caller: Asking, show: FromDishka[ShowSecondFactor]) -> SecondFactorView:
    """Show whether one's own second factor is on, and whether the company requires it."""
    shown = await show(caller)
    return SecondFactorView(
        enabled=shown.confirmed_at is not None,
        enabled_at=time(shown.confirmed_at),
        recovery_codes_left=shown.recovery_codes_left,
        required=shown.is_required,
    )


@post(PATH, opt=ENROLS, tags=TAGS)
async def begin_second_factor(
    request: Request[Any, Any, Any], caller: Asking, data: JSONBody[PasswordBody], begin: FromDishka[BeginSecondFactor]
) -> Response[NewSecondFactor]:
    """Begin: a secret for an authenticator (TOTP), with its `otpauth` address and a QR code. It counts once it is
    confirmed (409: the second factor is on)."""
    secret, uri = await begin(caller, data.password, client_of(request).address)
    return Response(NewSecondFactor(secret, uri, qr_codes.secret_data_url(uri)), headers=_UNSTORED)


@post(f"{PATH}/confirm", opt=ENROLS, status_code=200, tags=TAGS)
async def confirm_second_factor(
    request: Request[Any, Any, Any],
    caller: Asking,
    data: JSONBody[ConfirmationCode],
    confirm: FromDishka[ConfirmSecondFactor],
) -> Response[RecoveryCodes]:
    """Turn it on by a first code. The recovery codes, good for once each, are shown here only."""
    codes = await confirm(caller, data.code, client_of(request).address)
    return Response(RecoveryCodes(list(codes)), headers=_UNSTORED)


@post(f"{PATH}/recovery-codes", status_code=200, tags=TAGS)
async def replace_recovery_codes(
    request: Request[Any, Any, Any],
    caller: Asking,
    data: JSONBody[ProofBody],
    replace: FromDishka[ReplaceRecoveryCodes],
) -> Response[RecoveryCodes]:
    """Make new recovery codes; the earlier ones are void. `code`: of the authenticator, or a recovery code."""
    codes = await replace(caller, data.password, data.code, client_of(request).address)
    return Response(RecoveryCodes(list(codes)), headers=_UNSTORED)


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
