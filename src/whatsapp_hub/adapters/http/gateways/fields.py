"""Bodies that several gateways take."""

from datetime import datetime

import msgspec


class TextBody(msgspec.Struct):
    """A text to send, with `sendAt` not before then. Unknown fields are ignored in gateways' bodies: their clients were
    written for other servers."""

    to: str
    message: str
    send_at: datetime | None = msgspec.field(default=None, name="sendAt")
