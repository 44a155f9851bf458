"""The inbox: raw updates, stored before they are acknowledged, processed in order per chat, replayable."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.domain.ids import SessionId, TenantId

ProviderKey = tuple[SessionId, str]
"""A provider's key of a message: the session, and the provider's id."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A raw update to process. `fence`: the dial that brought it, of a session that holds a socket."""

    id: int
    session_id: SessionId
    provider: str
    chat: str
    body: bytes
    received_at: datetime
    tries: int
    fence: int | None = None


class ClaimedUpdates(NamedTuple):
    """`has_more`: more may be due, as the limit was reached or another worker has a chat at the moment."""

    items: list[InboxItem]
    has_more: bool


class Inbox(Protocol):
    """The tenant's part of the inbox."""

    async def claim(self, limit: int) -> ClaimedUpdates:
        """Claim pending updates, in order, of chats that no other worker has; the chats are locked until the
        transaction ends. A chat whose head waits for its retry is left out whole."""
        ...

    def done(self, ids: Sequence[int]) -> None:
        """Mark them processed, with the commit."""
        ...

    async def wait(self, ids: Sequence[int], for_s: float) -> None:
        """Postpone them, and their chats behind them; no failed try is counted."""
        ...

    async def known(self, keys: Collection[tuple[SessionId, str]]) -> set[tuple[SessionId, str]]:
        """Return which of these updates (session, dedupe key) are stored, or were within the last nine days."""
        ...

    async def retry(self, item: InboxItem, error: str, after_s: float) -> None:
        """Count a failed try; the chat waits. Nothing happens if the update was applied, or tried, since its claim."""
        ...

    async def quarantine(self, item: InboxItem, error: str) -> None:
        """Set it aside; the chat goes on. `whatsapp-hub inbox replay` runs it again. Nothing happens if it was applied,
        or tried, since its claim."""
        ...


class EarlyReceipts(Protocol):
    """Receipts that overtake the answer to their send."""

    async def lock(self, keys: Iterable[ProviderKey]) -> None:
        """Lock the keys until the transaction ends. Must come before the messages are read, where a receipt is
        processed and where a provider's id is stored: so either the receipt finds the message, or the message's
        completion finds the receipt."""
        ...

    async def keep(self, receipts: Sequence[tuple[SessionId, ReceiptSeen]]) -> None:
        """Keep receipts whose message is not known yet. Idempotent."""
        ...

    async def take(self, keys: Iterable[ProviderKey]) -> list[tuple[SessionId, ReceiptSeen]]:
        """Remove and return the receipts kept for these messages, in the order of their times."""
        ...


class Charge(NamedTuple):
    """How one message is charged. `country`: ISO 3166, of its receiver."""

    session_id: SessionId
    provider_message_id: str
    at: datetime
    category: str
    kind: str | None
    is_billable: bool
    country: str | None


class Charges(Protocol):
    """How messages were charged, kept without saying which message that is."""

    async def add(self, charges: Iterable[Charge]) -> None:
        """Add those of messages that have none yet."""
        ...


class NewUpdate(NamedTuple):
    """A new row of the inbox. Without a session, `source` is `app`, and it is set aside as unassigned.

    A tuple, as one is created for each update: a frozen dataclass takes four times as long."""

    provider: str
    dedupe_key: str
    chat: str
    body: bytes
    tenant_id: TenantId | None = None
    session_id: SessionId | None = None
    quarantined: str | None = None
    fence: int | None = None


class InboxAppender(Protocol):
    """Store updates from webhooks, polls and connectors."""

    async def append(self, updates: Sequence[NewUpdate]) -> None:
        """Store them durably, dropping those already stored. Concurrent calls share a transaction; one call's
        bad row fails only that call. Raises Invalid, Unavailable."""
        ...
