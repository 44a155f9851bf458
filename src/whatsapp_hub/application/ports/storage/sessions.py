"""Repositories of sessions, their pairings, and the keys of sends."""

from collections.abc import Iterable
from typing import Protocol

from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.ids import (
    ConversationId,
    MessageId,
    SessionId,
)
from whatsapp_hub.domain.sessions.pairing import Pairing
from whatsapp_hub.domain.sessions.session import Session


class Sessions(Protocol):
    """`Session.settings` come decoded by the provider's plugin; secrets are sealed at rest."""

    async def get(self, session_id: SessionId) -> Session:
        """Locks. Raises NotFound."""
        ...

    async def by_key(self, key: str) -> Session | None:
        """Unlocked."""
        ...

    async def peek(self, session_ids: Iterable[SessionId]) -> dict[SessionId, Session]:
        """Those that exist, unlocked."""
        ...

    async def add(self, session: Session) -> None:
        """With its webhook routes and its pace. Raises Conflict: the key is taken."""
        ...

    async def save(self, session: Session) -> None: ...

    async def remove(self, session_id: SessionId) -> None: ...


class Pairings(Protocol):
    """Of sessions that no connector holds; called with the session locked."""

    async def of(self, session_id: SessionId) -> Pairing | None:
        """Locked. None: no phone is waited for."""
        ...

    async def save(self, session_id: SessionId, pairing: Pairing) -> None: ...

    async def end(self, session_id: SessionId) -> None:
        """Idempotent."""
        ...


class Assignments(Protocol):
    async def of(self, conversation_id: ConversationId) -> list[Assignment]: ...


class IdempotencyKeys(Protocol):
    async def claim(self, caller: str, key: str, request_hash: bytes, message_id: MessageId) -> MessageId | None:
        """None: the key is new and now stands for `message_id`. Else the message it stood for.
        Raises KeyReused if that was another request. Waits for a concurrent claim of the same key."""
        ...
