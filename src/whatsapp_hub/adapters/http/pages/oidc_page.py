"""What somebody reads whose sign-in by the OpenID provider came to nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from litestar import Response

from whatsapp_hub.adapters.http.pages.plain_page import page, preferred, said
from whatsapp_hub.adapters.http.problems import Problem
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.errors import OidcFailure

PATH = "/api/auth/oidc"


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language."""

    title: str
    again: str
    why: dict[OidcFailure, str]


WORDS = {
    Language.PT_BR: Words(
        title="Você não entrou",
        again="Tentar de novo",
        why={
            OidcFailure.ACCESS_DENIED: "O provedor não permitiu a entrada, ou você desistiu lá.",
            OidcFailure.ATTEMPT_UNKNOWN: "Esta tentativa não começou neste navegador, expirou ou já foi usada.",
            OidcFailure.PROVIDER_AWAY: "O provedor não responde agora.",
            OidcFailure.PROVIDER_REFUSED: "A resposta do provedor não pode ser usada. Avise um administrador.",
            OidcFailure.EMAIL_UNVERIFIED: "O provedor ainda não confirmou o seu e-mail.",
            OidcFailure.UNKNOWN_USER: "Ninguém aqui tem o seu e-mail do provedor. Fale com o administrador.",
            OidcFailure.INACTIVE_USER: "O seu usuário não está ativo. Fale com o administrador.",
            OidcFailure.LINKED_OTHERWISE: "O seu usuário está ligado a outra conta lá. Fale com o administrador.",
        },
    ),
    Language.EN: Words(
        title="You are not signed in",
        again="Try again",
        why={
            OidcFailure.ACCESS_DENIED: "The provider did not let you in, or you turned back there.",
            OidcFailure.ATTEMPT_UNKNOWN: "This attempt was not begun in this browser, has expired or was used already.",
            OidcFailure.PROVIDER_AWAY: "The provider does not answer now.",
            OidcFailure.PROVIDER_REFUSED: "The provider's answer cannot be used. Tell an administrator.",
            OidcFailure.EMAIL_UNVERIFIED: "The provider has not verified your e-mail yet.",
            OidcFailure.UNKNOWN_USER: "Nobody here has the e-mail that you have at the provider. Ask an administrator.",
            OidcFailure.INACTIVE_USER: "Your user is not active. Ask an administrator.",
            OidcFailure.LINKED_OTHERWISE: "Your user is linked to another account there. Ask an administrator.",
        },
    ),
    Language.ES: Words(
        title="No ha iniciado sesión",
        again="Intentar de nuevo",
        why={
            OidcFailure.ACCESS_DENIED: "El proveedor no le dejó entrar, o usted desistió allí.",
            OidcFailure.ATTEMPT_UNKNOWN: "Este intento no empezó en este navegador, ha caducado o ya se usó.",
            OidcFailure.PROVIDER_AWAY: "El proveedor no responde ahora.",
            OidcFailure.PROVIDER_REFUSED: "La respuesta del proveedor no se puede usar. Avise a un administrador.",
            OidcFailure.EMAIL_UNVERIFIED: "El proveedor aún no ha verificado su correo.",
            OidcFailure.UNKNOWN_USER: "Nadie aquí tiene el correo que usted usa allí. Hable con su administrador.",
            OidcFailure.INACTIVE_USER: "Su usuario no está activo. Hable con su administrador.",
            OidcFailure.LINKED_OTHERWISE: "Su usuario está ligado a otra cuenta allí. Hable con su administrador.",
        },
    ),
}


def failed(failure: OidcFailure, problem: Problem, accept_language: str) -> Response[str]:
    """Say what went wrong, and lead to another attempt."""
    language = preferred(accept_language)
    words = WORDS[language]
    headers = {**problem.headers, "Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
    return page(problem.status, language, words.title, _content(words, failure), headers)


def _content(words: Words, failure: OidcFailure) -> Iterator[str]:
    yield from said(words.why[failure])
    yield f'<p><a href="{PATH}">'
    yield f"{words.again}</a></p>"
