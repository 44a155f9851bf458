"""Phone numbers as people write them: `+55 (11) 99999-0001`, `0055 11 …`, `011 99999-0001`."""

import unicodedata
from dataclasses import dataclass

_SIGNS = frozenset("().-/\t")
_KINDS = frozenset({"Zs", "Pd", "Cf"})
"""Spaces, dashes, and the invisible marks that come along when a number is copied."""

LONGEST = 15


@dataclass(frozen=True, slots=True)
class Written:
    """The digits that are left when the signs fall away. `is_international`: they began with `+` or `00`, which are not
    among `digits`; `literal` are all digits that were written."""

    digits: str
    literal: str
    is_international: bool


def read_number(text: str) -> Written | None:
    """Drop the signs. None for what is no number: other characters, a `+` that is not in front, too many digits."""
    marks = "".join(c for c in text.strip() if not _is_sign(c))
    literal = marks.removeprefix("+")
    has_zeros = literal == marks and literal.startswith("00")
    digits = literal[2:] if has_zeros else literal
    if not (literal.isascii() and literal.isdigit() and digits and len(digits) <= LONGEST):
        return None
    return Written(digits, literal, literal != marks or has_zeros)


def _is_sign(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character) in _KINDS
