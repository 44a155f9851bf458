"""Read the properties of files to send that WhatsApp requires."""

from whatsapp_hub.adapters.providers.neonize.translate.content import OPUS
from whatsapp_hub.adapters.providers.public_files import Fetched

_OPUS_RATE = 48_000


def mimetype_of(known: str, fetched: Fetched, usual: str) -> str:
    """Return the message's type, else the server's, else the usual one."""
    served = fetched.mimetype if fetched.mimetype not in ("", "application/octet-stream", "binary/octet-stream") else ""
    found = known or served or usual
    return OPUS if found in ("audio/ogg", "application/ogg", "audio/opus") else found


def opus_seconds(data: bytes) -> int:
    """Return a voice note's length, from the sample count of its last page. 0 for what is no Ogg file."""
    last = data.rfind(b"OggS")
    if not data.startswith(b"OggS") or last < 0:
        return 0
    samples = int.from_bytes(data[last + 6 : last + 14], "little")
    return min(samples // _OPUS_RATE, 86_400) or 1
