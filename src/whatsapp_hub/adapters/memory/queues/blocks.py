"""What providers are still to be told of blocks."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS, SESSIONS
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.domain.ids import ContactId, SessionId


@dataclass(frozen=True, slots=True)
class DueBlock:
    """A block, and from when on it is tried; None: no more."""

    block: ProviderBlock
    next_at: datetime | None


BLOCKS: Table[tuple[SessionId, ContactId], DueBlock] = Table("provider_blocks")


class MemoryProviderBlocks:
    """Implements `ProviderBlocks`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, contact_id: ContactId, kinds: Collection[str], at: datetime, *, blocked: bool) -> int:
        spoken = {c.session_id for c in self._rows.each(CONVERSATIONS) if c.contact_id == contact_id}
        sessions = [s.id for s in self._rows.each(SESSIONS) if s.id in spoken and s.provider in kinds]
        for session_id in sessions:
            block = ProviderBlock(session_id, contact_id, blocked, at)
            await self._rows.put(BLOCKS, (session_id, contact_id), DueBlock(block, self._rows.now))
        return len(sessions)

    async def claim(self, limit: int, lease_s: float) -> list[ProviderBlock]:
        now = self._rows.now
        due = sorted((d.next_at, d.block) for d in self._rows.each(BLOCKS) if d.next_at and d.next_at <= now)
        claimed = [replace(block, tries=block.tries + 1) for _, block in due[:limit]]
        for block in claimed:
            await self._put(block, lease_s)
        return claimed

    async def done(self, block: ProviderBlock) -> None:
        if self._is_ours(block):
            await self._rows.drop(BLOCKS, (block.session_id, block.contact_id))

    async def failed(self, block: ProviderBlock, error: str, again_in_s: float | None) -> None:
        if self._is_ours(block):
            await self._put(replace(block, error=error, is_given_up=again_in_s is None), again_in_s)

    async def of(self, contact_id: ContactId) -> list[ProviderBlock]:
        found = (d.block for d in self._rows.each(BLOCKS) if d.block.contact_id == contact_id)
        return sorted(found, key=lambda block: block.session_id)

    def _is_ours(self, block: ProviderBlock) -> bool:
        known = self._rows.peek(BLOCKS, (block.session_id, block.contact_id))
        return known is not None and (known.block.asked_at, known.block.tries) == (block.asked_at, block.tries)

    async def _put(self, block: ProviderBlock, after_s: float | None) -> None:
        next_at = None if after_s is None else self._rows.now + timedelta(seconds=after_s)
        await self._rows.put(BLOCKS, (block.session_id, block.contact_id), DueBlock(block, next_at))
