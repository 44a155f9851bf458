"""What providers are still to be told of blocks."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS, SESSIONS
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.contact import Contact


@dataclass(frozen=True, slots=True)
class DueBlock:
    """A block, from when on it is tried (None: no more), and until when a call may be under way."""

    block: ProviderBlock
    next_at: datetime | None
    leased_until: datetime | None = None


BLOCKS: Table[tuple[SessionId, ContactId], DueBlock] = Table("provider_blocks")


class MemoryProviderBlocks:
    """Implements `ProviderBlocks`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, contact_id: ContactId, kinds: Collection[str], at: datetime, *, blocked: bool) -> int:
        spoken = {c.session_id for c in self._rows.each(CONVERSATIONS) if c.contact_id == contact_id}
        sessions = [s.id for s in self._rows.each(SESSIONS) if s.id in spoken and s.provider in kinds]
        for session_id in sessions:
            await self._ask((session_id, contact_id), at, blocked=blocked)
        return len(sessions)

    async def _ask(self, key: tuple[SessionId, ContactId], at: datetime, *, blocked: bool) -> None:
        known = self._rows.peek(BLOCKS, key)
        claims, leased = (known.block.claims, known.leased_until) if known else (0, None)
        block = ProviderBlock(*key, blocked, at, claims=claims)
        await self._rows.put(BLOCKS, key, DueBlock(block, max(leased or self._rows.now, self._rows.now), leased))

    async def merge(self, kept: ContactId, other: ContactId, at: datetime, *, blocked: bool, differ: bool) -> None:
        """Have what was asked for either of two merged contacts done for the one that stays: block or unblock it
        (`differ`: one of them was blocked), on every session, after a call under way."""
        for due in [d for d in self._rows.each(BLOCKS) if d.block.contact_id == other]:
            key = (due.block.session_id, kept)
            await self._rows.drop(BLOCKS, (due.block.session_id, other))
            known = self._rows.peek(BLOCKS, key)
            claims = max(due.block.claims, known.block.claims if known else 0) + 1
            leases = [one for one in (due.leased_until, known and known.leased_until) if one]
            block = ProviderBlock(*key, blocked, at, claims=claims)
            await self._rows.put(
                BLOCKS, key, DueBlock(block, max([self._rows.now, *leases]), max(leases, default=None))
            )
        if differ:
            for session_id in {c.session_id for c in self._rows.each(CONVERSATIONS) if c.contact_id == kept}:
                await self._ask((session_id, kept), at, blocked=blocked)

    async def part(self, contact: Contact, other: Contact, at: datetime) -> None:
        """Have the new contact, which is not blocked, unblocked where the other one is, or was to be unblocked."""
        waits = {d.block.session_id for d in self._rows.each(BLOCKS) if d.block.contact_id == contact.id}
        for session_id in {c.session_id for c in self._rows.each(CONVERSATIONS) if c.contact_id == other.id}:
            if contact.card.blocked_at or session_id in waits:
                await self._ask((session_id, other.id), at, blocked=False)

    async def claim(self, limit: int, lease_s: float) -> list[ProviderBlock]:
        now = self._rows.now
        due = [(at, d.block) for d in self._rows.each(BLOCKS) if (at := d.next_at) and at <= now]
        first = sorted(due, key=lambda one: one[0])[:limit]
        claimed = [replace(b, tries=b.tries + 1, claims=b.claims + 1) for _, b in first]
        for block in claimed:
            until = now + timedelta(seconds=lease_s)
            await self._rows.put(BLOCKS, (block.session_id, block.contact_id), DueBlock(block, until, until))
        return claimed

    async def done(self, block: ProviderBlock) -> None:
        due = self._ours(block)
        if due is None:
            return
        if due.block.asked_at == block.asked_at:
            await self._rows.drop(BLOCKS, (block.session_id, block.contact_id))
        else:
            await self._put(due.block, self._rows.now, None)

    async def failed(self, block: ProviderBlock, error: str, again_in_s: float | None, *, is_certain: bool) -> None:
        due = self._ours(block)
        if due is None:
            return
        leased, now = None if is_certain else due.leased_until, self._rows.now
        if due.block.asked_at != block.asked_at:
            await self._put(due.block, max(now, leased or now), leased)
            return
        failed = replace(block, error=error, is_given_up=again_in_s is None)
        again = None if again_in_s is None else max(now + timedelta(seconds=again_in_s), leased or now)
        await self._put(failed, again, leased)

    async def of(self, contact_id: ContactId) -> list[ProviderBlock]:
        found = (d.block for d in self._rows.each(BLOCKS) if d.block.contact_id == contact_id)
        return sorted(found, key=lambda block: block.session_id)

    def _ours(self, block: ProviderBlock) -> DueBlock | None:
        known = self._rows.peek(BLOCKS, (block.session_id, block.contact_id))
        return known if known and known.block.claims == block.claims else None

    async def _put(self, block: ProviderBlock, next_at: datetime | None, leased: datetime | None) -> None:
        await self._rows.put(BLOCKS, (block.session_id, block.contact_id), DueBlock(block, next_at, leased))
