"""A QR code's text as a picture: PNG, and a data URL that any page shows as it is."""

import base64
import io
from functools import lru_cache

import qrcode
from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.pure import PyPNGImage

_REMEMBERED = 512


@lru_cache(maxsize=_REMEMBERED)
def png(text: str) -> bytes:
    """Black on white with the quiet margin that scanners want. Takes tens of milliseconds the first time."""
    return _drawn(text)


def secret_data_url(text: str) -> str:
    """Draw what must not be remembered here."""
    return f"data:image/png;base64,{base64.b64encode(_drawn(text)).decode()}"


def _drawn(text: str) -> bytes:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=6, border=4, image_factory=PyPNGImage)
    code.add_data(text)
    code.make(fit=True)
    picture = io.BytesIO()
    code.make_image().save(picture)
    return picture.getvalue()


def data_url(text: str | None) -> str | None:
    """None while there is no code."""
    return f"data:image/png;base64,{base64.b64encode(png(text)).decode()}" if text else None
