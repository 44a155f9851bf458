"""Text as the hub keeps and compares it."""

import re
import unicodedata


def fold(text: str) -> str:
    """The text as people compare it: letters and digits only, no case, no accents, single spaces.

    Accents, invisible marks (some phones put one in front) and the frame of a keycap emoji vanish; whatever
    else is neither letter nor digit parts words.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (c if c.isalnum() else " " for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return " ".join("".join(kept).split())


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no lone surrogate."""
    if text.isascii():
        return "\x00" not in text
    return not _NOT_STORABLE.search(text)


def storable(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _NOT_STORABLE.sub("\ufffd", text)
