"""What providers can do about a person, beside writing to them."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.messaging.contact import Identity


@runtime_checkable
class BlocksPeople(Protocol):
    """Providers that can block a person on a number (feature `block`)."""

    async def block(self, session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        """Block the person with these identities on this number, or unblock them. Idempotent. Raises as `send` does,
        and Unsupported (`no_identity`) where none of the identities is one that it can block."""
        ...
