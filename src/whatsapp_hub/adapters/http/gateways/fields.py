"""Shared by the gateways' handlers: bodies, and fields whose names differ from the hub's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from whatsapp_hub.adapters.contracts.wire import ClientFlaw
from whatsapp_hub.domain.errors import Flaw, Invalid


class TextBody(msgspec.Struct):
    """A text to send, with `sendAt` not before then. Unknown fields are ignored in gateways' bodies: their clients were
    written for other servers."""

    to: str
    message: str
    send_at: datetime | None = msgspec.field(default=None, name="sendAt")


@contextmanager
def renamed(**names: str) -> Iterator[None]:
    """Report flaws under the client's names of the fields: `renamed(content="message")`. The others are named as in the
    API."""
    try:
        yield
    except Invalid as error:
        raise Invalid(*(_renamed(flaw, names) for flaw in error.flaws)) from None


def _renamed(flaw: Flaw, names: dict[str, str]) -> Flaw:
    name = flaw.pointer.removeprefix("/")
    return ClientFlaw(f"/{names[name]}", flaw.reason) if name in names else flaw
