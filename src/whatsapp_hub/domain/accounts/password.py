"""Rules for a new password: long enough, and not easily guessed.

Length counts, not kinds of characters (NIST SP 800-63B, 3.1.1.2). Passwords from before a rule keep working.
"""

from collections.abc import Collection, Iterable
from itertools import pairwise

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.text import is_storable

MIN_LENGTH = 12
MAX_LENGTH = 256
MOST_ADDED = 6
"""Up to so many digits and signs around a common password do not make it another."""

_WRITTEN_FOR = str.maketrans("@4031!$57", "aaoeiisst")


def check_new(password: str, common: Collection[str], own: Iterable[str] = ()) -> None:
    """Check a new password. `common`: common passwords, folded; `own`: facts about the person (e-mail, company, name).
    Raises Invalid."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid.field("password", f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if not is_storable(password):
        raise Invalid.field("password", "must not contain NUL or lone surrogates")
    if _is_monotonous(password.casefold()):
        raise Invalid.field("password", "must not be a sequence or a repetition of a few characters")
    cores = _cores(password)
    if any(_adds_little(core, word) for core in cores for word in _own_words(own)):
        raise Invalid.field("password", "must not be the e-mail address, the name or the company's name")
    if any(core in common for core in cores):
        raise Invalid.field("password", "is among the most common ones, or nearly; choose another")


def _is_monotonous(folded: str) -> bool:
    """Check for a repetition, or for one step repeated: `123456789012`, `lkjihgfedcba`."""
    period = (folded + folded).index(folded, 1)
    if period < MIN_LENGTH and period < len(folded):
        return True
    wrap = 10 if folded.isdecimal() else 0x110000
    steps = {(ord(after) - ord(before)) % wrap for before, after in pairwise(folded)}
    return len(steps) == 1 and steps <= {1, wrap - 1}


def _cores(password: str) -> set[str]:
    """Return it without the digits and signs around it, and with `@` read as `a`, `0` as `o`, …"""
    whole = "".join(password.casefold().split())
    inner = whole.strip("".join(sign for sign in set(whole) if not sign.isalpha()))
    cores = {whole, inner} if len(whole) - len(inner) <= MOST_ADDED else {whole}
    return cores | {core.translate(_WRITTEN_FOR) for core in cores}


def _adds_little(core: str, word: str) -> bool:
    """Check whether it is the word, with few digits and signs around it or none; a word may end in digits itself."""
    before, found, after = core.partition(word)
    added = before + after
    return bool(found) and len(added) <= MOST_ADDED and not any(sign.isalpha() for sign in added)


def _own_words(own: Iterable[str]) -> set[str]:
    given = {part for word in own for part in (word, *word.split("@"))}
    return {core for word in given for core in _cores(word) if core}
