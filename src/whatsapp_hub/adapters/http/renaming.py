"""Fields whose names at a client differ from the hub's."""

from collections.abc import Iterator
from contextlib import contextmanager

from whatsapp_hub.adapters.contracts.wire import ClientFlaw
from whatsapp_hub.domain.errors import Flaw, Invalid


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
