"""Providers on whose numbers several programs may answer, one of them at a time (feature `threads`)."""

from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.messaging.contact import Identity


@runtime_checkable
class TakesThreads(Protocol):
    """Providers that let us take a customer's thread from the program that has it."""

    async def take_thread(self, session: SessionRef, recipient: tuple[Identity, ...], chat: str) -> None:
        """Take the thread with this customer. Idempotent. Raises as `send` does; Rejected: we may not take it."""
        ...
