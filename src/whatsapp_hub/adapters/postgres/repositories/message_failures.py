"""Why a message failed, as stored in the columns `error` of messages and early receipts: a JSON object."""

import msgspec

from whatsapp_hub.domain.messaging.failure import Failure, title_of

_decode = msgspec.json.Decoder(Failure).decode


def stored_failure(failure: Failure | None) -> str | None:
    """Encode a failure to store."""
    return None if failure is None else msgspec.json.encode(failure).decode()


def failure_in(stored: str | None) -> Failure | None:
    """Decode a stored failure; an earlier version stored plain text, `code: words`."""
    if stored is None:
        return None
    try:
        return _decode(stored)
    except msgspec.MsgspecError:
        code, _, words = stored.partition(": ")
        return Failure(code, title_of(code), words) if words else Failure("failed", stored)
