"""Lanes: outgoing messages, one ordered lane a chat of a session."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.application.ports.connections.connections import ConnectorId
from whatsapp_hub.domain.ids import ContactId, MessageId, SessionId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.moving import Affected


@dataclass(frozen=True, slots=True)
class LaneKey:
    """One lane: a session and the provider's address of a chat (`5511…@s.whatsapp.net`, a phone number at Meta)."""

    session_id: SessionId
    chat: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One message to send now. The lane's lease is ours while the lane has this `fence`. `tries` counts this message's
    attempts, this one included."""

    lane: LaneKey
    fence: int
    tries: int
    message: Message
    recipient: tuple[Identity, ...]


class ClaimedLanes(NamedTuple):
    """`typing`: the lanes for whose head typing is to be shown from now on; they are due after the time that it
    takes."""

    claims: list[Claim]
    typing: list[LaneKey]


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A provider call whose result is not stored yet. `began_at` is by the database's clock."""

    contact_id: ContactId
    content: Content
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a claim. `settled`: the message leaves the lane (sent, failed or of unknown outcome); else it stays
    the head. `again_in_s`: the lane is due again after so many seconds. `awaits_receipt`: its outcome is unknown, and a
    receipt may end the wait early."""

    claim: Claim
    settled: bool = True
    again_in_s: float = 0.0
    awaits_receipt: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """The sessions that a connector may send for, each with the fence under which it holds it."""

    connector_id: ConnectorId
    fences: Mapping[SessionId, int]


class Lanes(Protocol):
    """All times are the hub's time (`hub.time`)."""

    async def enqueue(self, messages: Sequence[Message], provider: str) -> None:
        """Put stored PENDING messages at the end of their lanes, in this order."""
        ...

    async def add(self, messages: Sequence[Message], providers: Mapping[MessageId, str]) -> None:
        """Store new messages, in this order (which is their conversations'); those with a provider are PENDING, and are
        also put at the ends of their lanes."""
        ...

    async def claim(
        self,
        pacing: Mapping[str, Pacing],
        limit: int,
        lease_s: float,
        holding: Holding | None = None,
    ) -> ClaimedLanes:
        """Lease due lanes and open an attempt for the head of each; the caller commits before it calls a
        provider. Only lanes of the providers in `pacing` (by kind). With `holding` only lanes of sessions whose lease
        is still that connector's, under that fence.

        Reserves each message's slot on the session's and on the lane's pace; a lane whose slot is later
        than now gets it as its next_at and is not claimed. Leaves out sessions on hold, leased lanes, and
        lanes whose last attempt is still open (`stale` handles those). Never waits for another claimer.
        """
        ...

    async def waiting(self, session_id: SessionId, limit: int) -> int:
        """Return in how many of the session's lanes a message is due, or will be within seconds; at most `limit`.
        Provider calls under way are none of them."""
        ...

    async def stale(self, limit: int, wait_s: float) -> list[Message]:
        """Return messages whose lease ended with the attempt open, locked. The attempt is closed, the message has left
        its lane, and the lane continues after `wait_s` or when a receipt comes."""
        ...

    async def release(self, releases: Sequence[Release]) -> list[Claim]:
        """Close attempts; return the claims whose fence was still ours. Other lanes do not change."""
        ...

    async def hold(self, session_id: SessionId, for_s: float | None) -> None:
        """Pause sending for this session (None: until `resume`). Never shortens a hold."""
        ...

    async def hold_first_contacts(self, session_id: SessionId, for_s: float | None) -> None:
        """Let what goes to people whom the session does not know wait for so long (None: no longer). Only where its
        pace is a person's."""
        ...

    async def resume(self, session_id: SessionId) -> None:
        """Let the session's lanes go on after a pause. Idempotent. Raises Unavailable."""
        ...

    async def settled(self, messages: Sequence[Message]) -> None:
        """End the wait of lanes whose messages of unknown outcome a receipt settled."""
        ...

    async def open_attempts(self, session_ids: Iterable[SessionId]) -> dict[SessionId, list[OpenAttempt]]:
        """Return these sessions' provider calls under way, unlocked."""
        ...

    async def reserve_id(self, claim: Claim, provider_message_id: str) -> bool:
        """Store the id under which the claim's message is about to be sent; False if the claim is no longer ours.
        Called with that id's receipt key locked."""
        ...

    async def move(self, session_id: SessionId, chat: str, to: str, contact_id: ContactId) -> None:
        """Move the contact's waiting messages from the lane of `chat` to the lane of `to`, in order; one whose provider
        call is under way stays, and the others wait for its end. Call with the contact and its live round locked."""
        ...

    async def affected(self, session_id: SessionId, limit: int) -> Affected:
        """Return what a move of the session to another provider touches, unlocked: the first `limit` messages of its
        queue, how many there are, its live group conversations, those of people whose window is not known to be open,
        its files to fetch."""
        ...

    async def abandon(self, session_id: SessionId) -> list[Message]:
        """Empty the session's lanes; return the messages that waited in them, locked."""
        ...
