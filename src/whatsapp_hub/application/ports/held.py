"""Providers whose numbers hold a socket of their own (WhatsApp Web): what a connector process does with them."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider import SessionRef
from whatsapp_hub.domain.ids import SessionId


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a held session does. `silent_s`: seconds since the other side was last heard (any frame, a pong too)."""

    is_connected: bool
    is_logged_in: bool
    silent_s: float


@runtime_checkable
class HoldsSockets(Protocol):
    """The part of a provider's I/O half that only connectors call, one session at a time.

    All it learns goes through `Host.receive` as updates of the session, its own state too (`SessionSeen`: QR codes,
    pairing, connects, losses, bans), so that nothing is lost or overtaken. `Provider.send` takes only sessions that
    are open here; for others it raises Transient.
    """

    async def open(self, session: SessionRef) -> None:
        """Dial and stay connected; returns as soon as the dialling has begun. Raises Conflict if it is open."""
        ...

    async def close(self, session_id: SessionId) -> None:
        """Hang up, keeping the credentials; its threads and descriptors are gone when this returns. Idempotent."""
        ...

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        """A code to type on the phone instead of scanning. Raises as `Provider.send` does."""
        ...

    async def log_out(self, session_id: SessionId) -> None:
        """Unlink this device from the phone and forget the credentials. Raises as `Provider.send` does."""
        ...

    def pulse(self, session_id: SessionId) -> Pulse | None:
        """None if the session is not open here. Never blocks."""
        ...
