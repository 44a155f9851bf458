"""Blocks, and their ends, of which a number's provider is still to be told: a row each, until the provider did it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import ContactId, SessionId


@dataclass(frozen=True, slots=True)
class ProviderBlock:
    """What a session's provider is to do: block the contact, or (`blocked` False) unblock it. `tries` counts what was
    tried of this wish; `error`: why the last one failed, a code; `is_given_up`: it is not tried again; `claims` counts
    all claims, of earlier wishes too, and fences them."""

    session_id: SessionId
    contact_id: ContactId
    blocked: bool
    asked_at: datetime
    tries: int = 0
    error: str | None = None
    is_given_up: bool = False
    claims: int = 0


class ProviderBlocks(Protocol):
    """One tenant's."""

    async def ask(self, contact_id: ContactId, kinds: Collection[str], at: datetime, *, blocked: bool) -> int:
        """Have the contact blocked or unblocked on every session of these providers' kinds that it has a conversation
        with, instead of what was asked before; return how many. It is due now, or once a call under way has ended, or
        its lease has: WhatsApp would keep whichever of two opposite calls comes last."""
        ...

    async def claim(self, limit: int, lease_s: float) -> list[ProviderBlock]:
        """Lease due ones, the longest due first; after the lease another may claim them."""
        ...

    async def done(self, block: ProviderBlock) -> None:
        """Remove it; what was asked for anew meanwhile is due now. Nothing happens where somebody else has it."""
        ...

    async def failed(self, block: ProviderBlock, error: str, again_in_s: float | None, *, is_certain: bool) -> None:
        """Keep why it failed (a code) and try again in so many seconds, or (None) not again; what was asked for anew
        meanwhile is due now. Not `is_certain`: the provider may still do it, and nothing is due before the lease's end.
        Nothing happens where somebody else has it."""
        ...

    async def of(self, contact_id: ContactId) -> list[ProviderBlock]:
        """Return those of a contact, unlocked, by session."""
        ...
