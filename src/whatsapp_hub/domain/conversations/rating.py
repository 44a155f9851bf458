"""A rating: a number from 1 to 5 that a customer gives a resolved round, once."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.ids import UserId
from whatsapp_hub.domain.text import fold

RATING_WINDOW = timedelta(hours=24)
"""How long after the question an answer counts as a rating."""

CLOCKS_DIFFER = timedelta(seconds=30)
"""Providers give times in whole seconds, by clocks of their own."""

_WORDS = re.compile(
    r"(?:nota |avaliacao |minha nota e |rating |score |nota es |calificacion |puntuacion )?"
    r"([1-5])"
    r"(?: (?:de 5|of 5|out of 5|estrela|estrelas|estrella|estrellas|star|stars|ponto|pontos|punto|puntos))?"
)
_OF_FIVE = re.compile(r"\s*([1-5])\s*/\s*5[\s.!]*")
_STAR = re.compile("[\u2b50\U0001f31f]\ufe0f?")


def rating_in(text: str) -> int | None:
    """Parse a rating: 4, "nota 4", "4 estrelas", "4/5", four stars. None: anything else."""
    if match := _WORDS.fullmatch(fold(text)) or _OF_FIVE.fullmatch(text):
        return int(match[1])
    stars, rest = len(_STAR.findall(text)), _STAR.sub("", text).strip()
    return stars if 1 <= stars <= 5 and not rest else None


@dataclass(frozen=True, slots=True)
class Rating:
    """`asked_at`: when the customer was asked, None if not or if the round went on; `user_id` whose round it was."""

    asked_at: datetime | None = None
    value: int | None = None
    given_at: datetime | None = None
    user_id: UserId | None = None

    def is_awaited(self, at: datetime) -> bool:
        """Whether a customer's message of that time may be the answer."""
        if self.asked_at is None or self.value is not None:
            return False
        return self.asked_at - CLOCKS_DIFFER <= at < self.asked_at + RATING_WINDOW

    def asked(self, at: datetime) -> "Rating":
        """Set when the customer was asked for a rating."""
        return replace(self, asked_at=at)

    def withdrawn(self) -> "Rating":
        """Withdraw the question: the round continues, and no message answers it any more."""
        return replace(self, asked_at=None)

    def answered(self, value: int, at: datetime, user_id: UserId | None) -> "Rating":
        """Set the number that the customer gave, and the agent whom it is about."""
        return replace(self, value=value, given_at=at, user_id=user_id)


NOT_RATED = Rating()
