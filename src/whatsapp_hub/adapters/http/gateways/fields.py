"""What the gateways' handlers share: bodies, and fields that are called otherwise here than in the hub."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from whatsapp_hub.domain.errors import Flaw, Invalid


class SendBody(msgspec.Struct):
    """Fields that are not known are ignored in gateways' bodies: their clients were written for others."""

    to: str
    message: str


@contextmanager
def renamed(**names: str) -> Iterator[None]:
    """Bad fields are told by the names that the client gave them: `spelled(content="message")`."""
    try:
        yield
    except Invalid as error:
        raise Invalid(*(_renamed(flaw, names) for flaw in error.flaws)) from None


def _renamed(flaw: Flaw, names: dict[str, str]) -> Flaw:
    name = flaw.pointer.removeprefix("/")
    return Flaw(f"/{names[name]}", flaw.reason) if name in names else flaw
