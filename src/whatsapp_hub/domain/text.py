"""Text: how it is compared, and what of it can be stored."""

import re
import unicodedata

LONGEST_FOLDED = 4096
"""Characters: WhatsApp's longest text. Strangers write what is folded, and one character may stand for eighteen."""
_MARKS = ("Mn", "Me", "Cf")


class _Folding(dict[int, str]):
    """What remains of each character of a decomposed text, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kept = sign if sign.isalnum() else "" if unicodedata.category(sign) in _MARKS else " "
        self[code] = kept
        return kept


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Normalise text for comparison: letters and digits only, no case, no accents, single spaces.

    Accents, invisible marks (some phones put one in front) and the frame of a keycap emoji vanish; any other
    character that is neither letter nor digit separates words. What exceeds LONGEST_FOLDED is not looked at.
    """
    plain = unicodedata.normalize("NFKD", text[:LONGEST_FOLDED]).casefold()
    plain = unicodedata.normalize("NFKD", plain[: 2 * LONGEST_FOLDED])
    return " ".join(plain.translate(_FOLDING).split())


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Check that PostgreSQL can store the text: no NUL, no lone surrogate."""
    if text.isascii():
        return "\x00" not in text
    return not _NOT_STORABLE.search(text)


def storable(text: str) -> str:
    """Replace NUL and lone surrogates with U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _NOT_STORABLE.sub("\ufffd", text)
