"""A QR code's text as a picture: PNG, and a data URL that any page can show."""

import base64
import io
from functools import lru_cache

import qrcode
from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.pure import PyPNGImage

_REMEMBERED = 512
LONGEST = 2953
"""Bytes in the largest picture. Source: ISO/IEC 18004, version 40, correction L."""


@lru_cache(maxsize=_REMEMBERED)
def png(text: str) -> bytes:
    """Draw the code, black on white with the quiet zone that scanners need. The first time takes tens of ms."""
    return _drawn(text)


def secret_data_url(text: str) -> str:
    """Draw a secret as a data URL, without caching it."""
    return f"data:image/png;base64,{base64.b64encode(_drawn(text)).decode()}"


def _drawn(text: str) -> bytes:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=6, border=4, image_factory=PyPNGImage)
    code.add_data(text)
    code.make(fit=True)
    picture = io.BytesIO()
    code.make_image().save(picture)
    return picture.getvalue()


def data_url(text: str | None) -> str | None:
    """Return the picture as a data URL; None while there is no code, or one that no picture holds."""
    is_code = text is not None and 0 < len(text.encode()) <= LONGEST
    return f"data:image/png;base64,{base64.b64encode(png(text)).decode()}" if text and is_code else None
