"""E-mail addresses of users: how they are compared, and which ones a new user may have."""

import re
import unicodedata

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.text import is_storable

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_LONGEST = 254
"""No user has a longer one."""


def normal(email: str) -> str:
    """Return an address as it is stored and compared: in lower case. A sign of another script whose lower case is an
    ASCII letter (the Kelvin sign) stays: who has that mailbox is somebody else."""
    email = email.strip()
    return email.lower() if email.isascii() or len(email) > _LONGEST else "".join(map(_lower, email))


def check(email: str) -> None:
    """Check an address in its normal form. Raises Invalid."""
    if not _EMAIL.fullmatch(email) or not is_storable(email):
        raise Invalid.field("email", "is not an e-mail address")


def check_new(email: str) -> None:
    """Refuse an address that looks like another one, which somebody else may have: with invisible signs, text that runs
    from right to left, or another form of the same letters. Raises Invalid."""
    check(normal(email))
    if not email.strip().isprintable() or unicodedata.normalize("NFKC", email) != email:
        raise Invalid.field("email", "must be written without invisible signs, in composed and plain letters (NFKC)")


def _lower(sign: str) -> str:
    lower = sign.lower()
    return sign if lower.isascii() and not sign.isascii() else lower
