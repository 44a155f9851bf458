"""Repositories of sessions, their history, pairings, assignments and idempotency keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.ids import (
    ConversationId,
    MessageId,
    SessionId,
)
from whatsapp_hub.domain.sessions.history import HistoryEntry
from whatsapp_hub.domain.sessions.moving import OtherProvider
from whatsapp_hub.domain.sessions.pairing import Pairing
from whatsapp_hub.domain.sessions.session import Session


class Sessions(Protocol):
    """`Session.settings` come decoded by the provider's plugin; secrets are sealed at rest."""

    async def get(self, session_id: SessionId) -> Session:
        """Return it, locked. Raises NotFound."""
        ...

    async def by_key(self, key: str) -> Session | None:
        """Return it, unlocked."""
        ...

    async def peek(self, session_ids: Iterable[SessionId]) -> dict[SessionId, Session]:
        """Return those that exist, unlocked."""
        ...

    async def started_with(self, phone_number: str) -> list[Session]:
        """Return the started sessions of this number, unlocked, by name."""
        ...

    async def add(self, session: Session) -> None:
        """Store it, with its webhook routes and its pace. Raises Conflict: the key is taken."""
        ...

    async def save(self, session: Session) -> None:
        """Store changes, its webhook routes and its history included, and publish its events."""
        ...

    async def remove(self, session_id: SessionId) -> None:
        """Delete it with what belongs to it alone. Conversations and messages stay."""
        ...


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry of a session's history, and its place in it: later ones have higher places."""

    place: int
    entry: HistoryEntry


class SessionHistory(Protocol):
    """What happened to sessions. `Sessions.add` and `save` store what the session noted itself."""

    async def add(self, session_id: SessionId, entries: Iterable[HistoryEntry]) -> None:
        """Add entries, oldest first. One that adds to an earlier entry (`HistoryEntry.adds_to`) changes that one; a
        session that does not exist any more is left alone."""
        ...

    async def newest(self, session_id: SessionId, limit: int, before: int | None = None) -> list[PlacedEntry]:
        """List entries, the newest first; with `before`, those at lower places."""
        ...


class OtherProviders(Protocol):
    """Providers of sessions besides their present ones (`OtherProvider`): those that they left, those that they are
    moving to, and the one that a session moves to by itself. Call with the session locked where something is
    stored."""

    async def keep(self, other: OtherProvider) -> None:
        """Store it, in place of an earlier one of the same role: of that provider, or (PLANNED) of any."""
        ...

    async def beside(self, session_id: SessionId, provider: str) -> OtherProvider | None:
        """Return the provider that the session is moving to, or left, unlocked; None: neither, or that is long ago."""
        ...

    async def arrived(self, session_id: SessionId) -> None:
        """Forget where it is moving to: it is there, or does not get there. Idempotent."""
        ...

    async def planned(self, session_id: SessionId) -> OtherProvider | None:
        """Return where it moves by itself, unlocked."""
        ...

    async def cancel(self, session_id: SessionId) -> bool:
        """Forget where it moves by itself; False: nowhere."""
        ...

    async def due(self, limit: int) -> list[SessionId]:
        """List some, any, of the sessions whose number WhatsApp restricts (banned, or writing to nobody new) and that
        move then."""
        ...


class Pairings(Protocol):
    """Pairings of sessions that no connector holds. Call with the session locked."""

    async def of(self, session_id: SessionId) -> Pairing | None:
        """Return it, locked; None: no phone is awaited."""
        ...

    async def save(self, session_id: SessionId, pairing: Pairing) -> None:
        """Store a pairing, in place of the session's earlier one."""
        ...

    async def end(self, session_id: SessionId) -> None:
        """Delete it. Idempotent."""
        ...


class Assignments(Protocol):
    """Who had a conversation, and when."""

    async def of(self, conversation_id: ConversationId) -> list[Assignment]:
        """List a conversation's assignments, the oldest first."""
        ...


class IdempotencyKeys(Protocol):
    """Keys by which clients repeat a request without a second effect. They live 24 hours."""

    async def claim(self, caller: str, key: str, request_hash: bytes, message_id: MessageId) -> MessageId | None:
        """Claim a key for `message_id`; None: it was new. Else return the message that it was claimed for. Raises
        KeyReused if that was another request. Waits for a concurrent claim of the same key."""
        ...
