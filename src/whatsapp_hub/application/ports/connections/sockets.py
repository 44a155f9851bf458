"""Providers whose sessions hold a socket of their own (WhatsApp Web): the part that connector processes call."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId


@dataclass(frozen=True, slots=True)
class SocketHealth:
    """The health of a held session. `silent_s`: seconds since the last frame from the other side (pongs count).
    `unstored_s`: for how long an update of it has waited to be stored (0: none waits). `unanswered_s`: for how long a
    call has waited while nothing at all came from the other side (0: none waits)."""

    is_connected: bool
    is_logged_in: bool
    silent_s: float
    unstored_s: float = 0.0
    unanswered_s: float = 0.0


def store_name(session_id: SessionId) -> str:
    """Name the database connections (`application_name`) of a held session's store: the next holder finds and ends
    those of the former one by it. At most 63 characters, PostgreSQL's limit."""
    return f"whatsapp-hub session {session_id}"


@runtime_checkable
class HoldsSockets(Protocol):
    """The part of a provider's I/O half that only connectors call, one session at a time.

    All events go through `Host.receive` as updates of the session, its own state too, so that nothing is lost or
    overtaken. `Host.receive` gets the very `SessionRef` that `open` got: its `fence` names this dial, and states that
    an earlier dial still reports are ignored. The states (`SessionSeen`) are:

        QR_PENDING                             a code to scan (`qr_code`, raw text); each renewed one again
        CONNECTING    paired                   a phone has scanned; CONNECTED is to follow
        CONNECTED                              connected and logged in (`phone_number`)
        RECONNECTING  degraded                 keep-alives go unanswered: nothing is sent until they come back, or the
                                               hub dials again
        RECONNECTING  (why)                    the connection is lost, the provider dials again by itself
        DISCONNECTED  (why)                    down, and the provider does not dial again: the hub will, after a while
                                               (no_network, qr_timeout: the codes are used up, pairing_failed, ended)
        DISCONNECTED  replaced                 another client took the number: down until an operator starts it
        BANNED        (code)                   with `until`: dialled again then; else down until an operator starts it
        LOGGED_OUT    (why)                    the phone unlinked us; the credentials are gone
        FAILED        client_outdated          down for good, as with any other reason
        FAILED        credentials_corrupted    the store is unusable; the hub calls `forget`

    `Provider.send` accepts only sessions that are open here; for others it raises Transient.
    """

    async def open(self, session: SessionRef, *, unclean: bool = False) -> None:
        """Dial and stay connected; returns at once, and waits for nobody. Raises Conflict if it is open.

        `unclean`: an earlier holder died without closing, so messages may be missing; once connected, ask for the
        recent history of its chats where the provider can. A failure to dial is reported as a state, never raised."""
        ...

    async def close(self, session_id: SessionId) -> None:
        """Disconnect, keeping the credentials; its threads and descriptors are gone when this returns. Also one that
        dials, whatever it waits for, within half a minute. Idempotent."""
        ...

    async def forget(self, session_id: SessionId) -> None:
        """Delete the stored credentials, without unlinking the phone. Closes it if it is open. Idempotent, also for a
        session that this provider never saw. Raises Unavailable."""
        ...

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        """Get a code to type on the phone instead of scanning. Raises as `Provider.send` does."""
        ...

    async def log_out(self, session_id: SessionId) -> None:
        """Unlink this device from the phone and forget the credentials. Raises as `Provider.send` does."""
        ...

    def pulse(self, session_id: SessionId) -> SocketHealth | None:
        """Return its health; None if it is not open here, or went down by itself and may be opened again. Never
        blocks."""
        ...


@runtime_checkable
class SeversSockets(Protocol):
    """Providers that can end all their traffic at once. Without, a connector ends whose closing outlasts its lease."""

    def sever(self) -> None:
        """Cut every connection of this process to the other side: nothing comes in or goes out any more, over these or
        new ones, until a session is closed and opened again. Never blocks. Idempotent."""
        ...
