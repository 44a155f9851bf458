"""The least that every ingest endpoint must do: check the signature over the raw bytes, and read the body."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec

from benchmarks.hub import APP_SECRET


class Metadata(msgspec.Struct):
    phone_number_id: str


class Message(msgspec.Struct):
    id: str
    from_: str = msgspec.field(name="from")


class Value(msgspec.Struct):
    metadata: Metadata
    messages: list[Message] = []


class Change(msgspec.Struct):
    value: Value
    field: str


class Entry(msgspec.Struct):
    id: str
    changes: list[Change]


class Webhook(msgspec.Struct):
    entry: list[Entry]


_decode = msgspec.json.Decoder(Webhook).decode
_KEY = APP_SECRET.encode()


def read(headers: Any, body: bytes) -> list[Message] | None:
    """Return the messages of a signed body; None when the signature is wrong. `headers` as in ASGI."""
    given = next((value for name, value in headers if name == b"x-hub-signature-256"), b"")
    if not hmac.compare_digest(b"sha256=" + hmac.digest(_KEY, body, hashlib.sha256).hex().encode(), given):
        return None
    return [m for entry in _decode(body).entry for change in entry.changes for m in change.value.messages]
