"""Text: how it is compared, and what of it can be stored."""

import re
import unicodedata


def fold(text: str) -> str:
    """Normalise text for comparison: letters and digits only, no case, no accents, single spaces.

    Accents, invisible marks (some phones put one in front) and the frame of a keycap emoji vanish; any other
    character that is neither letter nor digit separates words.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (c if c.isalnum() else " " for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return " ".join("".join(kept).split())


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
