"""The bot's texts by language; a tenant's own texts replace the defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice
from typing import Any

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Language, Tenant
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.menu.vocabulary import VOCABULARY, Vocabulary
from whatsapp_hub.domain.text import is_storable


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language, and the vocabulary of its answers. `confirm` and `transferred` have a placeholder for
    the department's name."""

    greeting: str
    choose: str
    type_number: str
    hint: str
    confirm: str
    confirm_hint: str
    queued: str
    transferred: str
    out_of_hours: str
    ask_rating: str
    rated: str
    resolved_quiet: str
    words: Vocabulary


PHRASES = {
    Language.PT_BR: Phrases(
        greeting="Olá! Seja bem-vindo ao nosso atendimento.",
        choose="Escolha o departamento:",
        type_number="Digite o número da opção desejada.",
        hint="Não entendi. Responda com o número ou o nome de uma das opções.",
        confirm="Deseja falar com {department}? (SIM/NÃO)",
        confirm_hint="Responda SIM ou NÃO, por favor.",
        queued="Todos os nossos atendentes estão ocupados. Você está na fila e será atendido em breve.",
        transferred="Seu atendimento foi transferido para {department}. Aguarde um momento, por favor.",
        out_of_hours="Estamos fora do horário de atendimento. Sua mensagem foi recebida e será respondida em breve.",
        ask_rating="Seu atendimento foi encerrado. De 1 a 5, que nota você dá ao atendimento? (5 é a melhor)",
        rated="Obrigado pela sua avaliação!",
        resolved_quiet="Como não tivemos resposta, encerramos este atendimento. Se precisar, é só escrever de novo.",
        words=VOCABULARY[Language.PT_BR],
    ),
    Language.EN: Phrases(
        greeting="Hello! Welcome to our support.",
        choose="Choose the department:",
        type_number="Type the number of the option you want.",
        hint="I did not understand. Answer with the number or the name of one of the options.",
        confirm="Would you like to talk to {department}? (YES/NO)",
        confirm_hint="Please answer YES or NO.",
        queued="All our agents are busy. You are in the queue and will be answered soon.",
        transferred="Your conversation was transferred to {department}. One moment, please.",
        out_of_hours="We are closed at the moment. We have your message and will answer when we are back.",
        ask_rating="Your conversation was closed. From 1 to 5, how would you rate our support? (5 is the best)",
        rated="Thank you for your rating!",
        resolved_quiet="We have not heard from you, so this conversation was closed. Write again any time.",
        words=VOCABULARY[Language.EN],
    ),
    Language.ES: Phrases(
        greeting="¡Hola! Bienvenido a nuestra atención.",
        choose="Elija el departamento:",
        type_number="Escriba el número de la opción deseada.",
        hint="No entendí. Responda con el número o el nombre de una de las opciones.",
        confirm="¿Desea hablar con {department}? (SÍ/NO)",
        confirm_hint="Responda SÍ o NO, por favor.",
        queued="Todos nuestros agentes están ocupados. Está en la fila y será atendido pronto.",
        transferred="Su conversación fue transferida a {department}. Un momento, por favor.",
        out_of_hours="Estamos fuera del horario de atención. Recibimos su mensaje y le responderemos pronto.",
        ask_rating="Su atención ha terminado. Del 1 al 5, ¿qué nota le da a la atención? (5 es la mejor)",
        rated="¡Gracias por su calificación!",
        resolved_quiet="Como no tuvimos respuesta, cerramos esta conversación. Puede escribirnos cuando quiera.",
        words=VOCABULARY[Language.ES],
    ),
}


def waiting_text(tenant: Tenant, department: Department, now: datetime) -> str:
    """Return the text for a customer for whom no agent is free."""
    phrases = phrases_of(tenant)
    return phrases.queued if department.is_open(now) else phrases.out_of_hours


CHANGEABLE = frozenset(field.name for field in fields(Phrases)) - {"greeting", "words"}
"""Texts that a tenant may replace; its greeting is a setting of its own."""

TEXT_LENGTH = 1024
DEPARTMENT = "{department}"
"""The placeholder for a department's name; the only one there is."""


def phrases_of(tenant: Tenant) -> Phrases:
    """Return the phrases of the tenant's language, with its own texts in place."""
    own: dict[str, Any] = dict(tenant.texts)
    return replace(PHRASES[tenant.language], **own)


def check_texts(texts: Mapping[str, str]) -> None:
    """Raise Invalid for a text of unknown name, of bad length, or with other placeholders than the default."""
    given = islice(texts.items(), 2 * len(CHANGEABLE))  # one flaw for each name, not for each of a million
    flaws = [Flaw(f"/texts/{name}", reason) for name, text in given if (reason := _flaw(name, text))]
    if flaws:
        raise Invalid(*flaws)


def _flaw(name: str, text: str) -> str | None:
    if name not in CHANGEABLE:
        return f"must be one of {', '.join(sorted(CHANGEABLE))}"
    if not text.strip() or len(text) > TEXT_LENGTH or not is_storable(text):
        return f"must have 1 to {TEXT_LENGTH} characters, without NUL"
    has_place = DEPARTMENT in getattr(PHRASES[Language.PT_BR], name)
    rest = text.replace(DEPARTMENT, "") if has_place else text
    if "{" not in rest and "}" not in rest:
        return None
    return (
        f"may have {DEPARTMENT} and no other brace" if has_place else "must not have braces: it has no place to fill in"
    )


def fill_in(text: str, department: str) -> str:
    """Fill the department's name into a text.

    Plain substitution, never `str.format`: texts are a company's own, and a format string may ask for a width of
    gigabytes or fail when it is used.
    """
    return text.replace(DEPARTMENT, department)


def menu(phrases: Phrases, opening: str, names: Sequence[str]) -> str:
    """Compose the menu: `opening`, the numbered departments, and how to answer."""
    lines = "\n".join(f"{number} - {name}" for number, name in enumerate(names, start=1))
    return f"{opening}\n\n{phrases.choose}\n{lines}\n\n{phrases.type_number}"
