"""Phone numbers as people write them: `+55 (11) 99999-0001`, `0055 11 …`, `011 99999-0001`."""

import unicodedata
from dataclasses import dataclass

_SIGNS = frozenset("().-/\t")
_KINDS = frozenset({"Zs", "Pd", "Cf"})
"""Spaces, dashes, and invisible marks that are copied along with a number."""

LONGEST = 15
_MOST_WRITTEN = 200
"""Characters, signs between the digits among them."""


@dataclass(frozen=True, slots=True)
class Written:
    """A number without its punctuation. `is_international`: it began with `+` or `00`, which are not among `digits`;
    `literal` are all digits that were written."""

    digits: str
    literal: str
    is_international: bool


def read_number(text: str) -> Written | None:
    """Parse a number. None if it is none: other characters, a `+` that is not in front, too many digits."""
    if len(text) > _MOST_WRITTEN:
        return None
    marks = "".join(c for c in text.strip() if not _is_sign(c))
    literal = marks.removeprefix("+")
    has_zeros = literal == marks and literal.startswith("00")
    digits = literal[2:] if has_zeros else literal
    if not (literal.isascii() and literal.isdigit() and digits and len(digits) <= LONGEST):
        return None
    return Written(digits, literal, literal != marks or has_zeros)


def _is_sign(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character) in _KINDS
