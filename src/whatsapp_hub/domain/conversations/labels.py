"""Labels of conversations and skills of agents: short texts, compared without case or accents."""

from collections.abc import Iterable

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.text import fold, is_storable

MOST = 20
LENGTH = 40
_MOST_GIVEN = 10 * MOST
"""Repetitions are allowed, not without end."""


def checked(words: Iterable[str], field_name: str) -> tuple[str, ...]:
    """Trim and deduplicate, in the given order. Raises Invalid with a pointer to the bad one."""
    kept: dict[str, str] = {}
    for place, word in enumerate(words):
        if len(word) > LENGTH or not (folded := fold(word)) or not is_storable(word):
            reason = f"must have 1 to {LENGTH} characters, a letter or digit among them"
            raise Invalid.field(f"{field_name}/{place}", reason)
        kept.setdefault(folded, word.strip())
        if len(kept) > MOST or place >= _MOST_GIVEN:
            raise Invalid.field(field_name, f"must be at most {MOST}")
    return tuple(kept.values())


def added(labels: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    """Return the union of both without duplicates, truncated to MOST."""
    kept = {fold(label): label for label in labels}
    for label in more:
        kept.setdefault(fold(label), label)
    return tuple(kept.values())[:MOST]


def changed(labels: Iterable[str], more: Iterable[str], less: Iterable[str]) -> tuple[str, ...]:
    """Return the labels without `less` and with `more`, each once."""
    kept, gone = {fold(label): label for label in labels}, {fold(label) for label in less}
    for label in more:
        kept.setdefault(fold(label), label)
    wanted = {fold(label) for label in more}
    return tuple(label for folded, label in kept.items() if folded in wanted or folded not in gone)


def shared(labels: Iterable[str], skills: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that are among the skills."""
    known = {fold(skill) for skill in skills}
    return tuple(label for label in labels if fold(label) in known)
