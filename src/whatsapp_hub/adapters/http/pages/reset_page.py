"""`/reset-password`: the page behind a password-reset link, one form without a script.

It is in the company's language if the link is valid, else in what the browser asks for. The link is used up by the
form, not by viewing the page: link previews and mail scanners view it too. Nothing slow happens without a valid link,
so that the page needs no limit per address.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from dishka.integrations.litestar import FromDishka
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException

from whatsapp_hub.adapters.http.api.accounts.password_resets import asked
from whatsapp_hub.adapters.http.auth import PUBLIC
from whatsapp_hub.adapters.http.pages.plain_page import page, preferred, said
from whatsapp_hub.application.authentication.password_reset import ReadPasswordReset, ResetPassword
from whatsapp_hub.domain.accounts.password import MAX_LENGTH, MIN_LENGTH
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.errors import Invalid

PATH = "/reset-password"


@dataclass(frozen=True, slots=True)
class Words:
    """The page's texts in one language."""

    title: str
    account: str
    chosen: str
    repeated: str
    save: str
    rule: str
    differs: str
    expired: str
    ask_again: str
    done: str
    sign_in: str


WORDS = {
    Language.PT_BR: Words(
        title="Nova senha",
        account="Conta",
        chosen="Nova senha",
        repeated="Repita a nova senha",
        save="Salvar a nova senha",
        rule=f"A senha deve ter de {MIN_LENGTH} a {MAX_LENGTH} caracteres e não ser fácil de adivinhar: nem uma "
        "das mais usadas, nem uma sequência, nem o seu e-mail, o seu nome ou o da empresa.",
        differs="As duas senhas não são iguais.",
        expired="Este link já foi usado ou expirou.",
        ask_again="Peça um novo link a um administrador.",
        done="Sua senha foi alterada.",
        sign_in="Agora você pode entrar com a nova senha.",
    ),
    Language.EN: Words(
        title="New password",
        account="Account",
        chosen="New password",
        repeated="Repeat the new password",
        save="Save the new password",
        rule=f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters and not be easy to guess: none "
        "of the most common ones, no sequence, not your e-mail address, your name or the company's.",
        differs="The two passwords are not the same.",
        expired="This link was used already or has expired.",
        ask_again="Ask an administrator for a new link.",
        done="Your password was changed.",
        sign_in="You can sign in with the new password now.",
    ),
    Language.ES: Words(
        title="Nueva contraseña",
        account="Cuenta",
        chosen="Nueva contraseña",
        repeated="Repita la nueva contraseña",
        save="Guardar la nueva contraseña",
        rule=f"La contraseña debe tener de {MIN_LENGTH} a {MAX_LENGTH} caracteres y no ser fácil de adivinar: ni una "
        "de las más usadas, ni una secuencia, ni su correo, su nombre o el de la empresa.",
        differs="Las dos contraseñas no son iguales.",
        expired="Este enlace ya se usó o ha caducado.",
        ask_again="Pida un enlace nuevo a un administrador.",
        done="Su contraseña fue cambiada.",
        sign_in="Ya puede entrar con la nueva contraseña.",
    ),
}


@dataclass(frozen=True, slots=True)
class Form:
    """The form's fields; one that is missing, or is no text, is empty."""

    token: str
    password: str = field(repr=False)
    repeated: str = field(repr=False)


@get(PATH, opt=PUBLIC, tags=["auth"], security=[{}], media_type="text/html")
async def show_reset_form(request: Request[Any, Any, Any], read: FromDishka[ReadPasswordReset]) -> Response[str]:
    """Show the page behind a password-reset link (410: the link was used already or has expired)."""
    token = request.query_params.get("token", "")
    try:
        user, tenant = await read(token)
    except Invalid:
        return _expired(request)
    return _page(200, tenant.language, _form(WORDS[tenant.language], token, user.email))


@post(PATH, opt=PUBLIC, status_code=200, tags=["auth"], security=[{}], media_type="text/html")
async def submit_reset_form(
    request: Request[Any, Any, Any], read: FromDishka[ReadPasswordReset], reset: FromDishka[ResetPassword]
) -> Response[str]:
    """Set the new password from the page's form (400: the page says why)."""
    form = await _sent(request)
    try:
        user, tenant = await read(form.token)
    except Invalid:
        return _expired(request)
    language, words = tenant.language, WORDS[tenant.language]
    if form.password != form.repeated:
        return _page(400, language, _form(words, form.token, user.email, words.differs))
    try:
        await reset(form.token, form.password, asked(request))
    except Invalid as error:
        if {flaw.pointer for flaw in error.flaws} != {"/password"}:  # another use of the link was faster
            return _expired(request)
        return _page(400, language, _form(words, form.token, user.email, words.rule))
    return _page(200, language, said(words.done, words.sign_in))


async def _sent(request: Request[Any, Any, Any]) -> Form:
    try:
        sent = await request.form()
    except (ClientException, Invalid):
        sent = None
    fields = [sent.get(name) if sent else None for name in ("token", "password", "repeated")]
    return Form(*(value if isinstance(value, str) else "" for value in fields))


def _expired(request: Request[Any, Any, Any]) -> Response[str]:
    language = preferred(request.headers.get("accept-language", ""))
    words = WORDS[language]
    return _page(410, language, said(words.expired, words.ask_again))


def _page(status: int, language: Language, content: Iterator[str]) -> Response[str]:
    return page(status, language, WORDS[language].title, content)


def _form(words: Words, token: str, email: str, error: str | None = None) -> Iterator[str]:
    if error:
        yield f'<p role="alert">{escape(error)}</p>'
    yield f'<form method="post" action="{PATH}"><input type="hidden" name="token" value="{escape(token)}">'
    yield f"<label>{escape(words.account)}"
    yield f'<input type="email" autocomplete="username" readonly value="{escape(email)}"></label>'
    for name, text in (("password", words.chosen), ("repeated", words.repeated)):
        yield f'<label>{escape(text)}<input type="password" name="{name}" autocomplete="new-password" required'
        yield f' minlength="{MIN_LENGTH}" maxlength="{MAX_LENGTH}"></label>'
    yield f'<p>{escape(words.rule)}</p><button type="submit">{escape(words.save)}</button></form>'


HANDLERS = [show_reset_form, submit_reset_form]
