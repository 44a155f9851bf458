"""Opting out of campaigns: by a word of the customer's, by WhatsApp's report, or by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.text import fold


class OptOutReason(StrEnum):
    """WORD: the customer wrote one of the words; PROVIDER: WhatsApp says so; HAND: a person or a program of the
    company's recorded it."""

    WORD = "word"
    PROVIDER = "provider"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class OptOut:
    """Since when a contact wants no campaigns, and why. `detail`: the word, or the provider's code."""

    at: datetime
    reason: OptOutReason
    detail: str | None = None


class Choice(StrEnum):
    """What a customer's word asks for."""

    STOP = "stop"
    RESUME = "resume"


STOPPED = "131050"
"""WhatsApp's code of a message that failed because its customer stopped marketing messages of the business."""

PREFERENCE = "user_preferences"
"""The detail of an opt-out that WhatsApp reported by itself, without a message that failed."""

_STOP: Mapping[str, tuple[str, ...]] = {
    "pt-BR": ("sair", "parar", "descadastrar", "nao quero receber"),
    "en": ("stop", "unsubscribe", "stop all"),
    "es": ("baja", "no quiero recibir", "darme de baja"),
}
_RESUME: Mapping[str, tuple[str, ...]] = {
    "pt-BR": ("voltar", "quero receber"),
    "en": ("start", "unstop", "subscribe"),
    "es": ("alta", "quiero recibir"),
}
_STOPS = frozenset(word for words in _STOP.values() for word in words)
_RESUMES = frozenset(word for words in _RESUME.values() for word in words)
_LONGEST = 40

_SAID: Mapping[str, Mapping[Choice, str]] = {
    "pt-BR": {
        Choice.STOP: "Pronto: você não receberá mais as nossas divulgações. Para voltar a receber, escreva VOLTAR.",
        Choice.RESUME: "Pronto: você voltará a receber as nossas divulgações. Para sair, escreva SAIR.",
    },
    "en": {
        Choice.STOP: "Done: you will get no more of our announcements. To get them again, write START.",
        Choice.RESUME: "Done: you will get our announcements again. To leave, write STOP.",
    },
    "es": {
        Choice.STOP: "Listo: no recibirá más nuestras novedades. Para volver a recibirlas, escriba ALTA.",
        Choice.RESUME: "Listo: volverá a recibir nuestras novedades. Para salir, escriba BAJA.",
    },
}


def choice_in(text: str) -> tuple[Choice, str] | None:
    """Return what a message that is nothing but one of the words asks for, and the word; case, accents and signs
    aside. Words of every language count: a customer's need not be the company's."""
    if len(text) > _LONGEST:
        return None
    said = " ".join(fold(text).split())
    if said in _STOPS:
        return Choice.STOP, said
    return (Choice.RESUME, said) if said in _RESUMES else None


def confirmation(choice: Choice, language: str) -> str:
    """Return what the customer is answered, in the company's language."""
    return _SAID.get(language, _SAID["pt-BR"])[choice]
