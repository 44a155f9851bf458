"""Erasures and exports of a customer's data."""

from dataclasses import replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.queues.scheduled import SCHEDULED
from whatsapp_hub.adapters.memory.repositories.campaigns import RECIPIENTS
from whatsapp_hub.adapters.memory.repositories.contacts import LEFT_IDENTITIES
from whatsapp_hub.adapters.memory.tables.entities import ASSIGNMENTS, CONTACTS, CONVERSATIONS, MESSAGES
from whatsapp_hub.adapters.memory.tables.inbox import PENDING, UPDATES
from whatsapp_hub.adapters.memory.tables.lanes import LANES, QUEUED
from whatsapp_hub.application.ports.operations.privacy import Begun, Erasure, Export
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, ErasureId, ExportId
from whatsapp_hub.domain.messaging.contact import NO_CARD

ERASURES: Table[ErasureId, Erasure] = Table("contact_erasures")
EXPORTS: Table[ExportId, Export] = Table("contact_exports")


class MemoryErasures:
    """Implements `Erasures`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def require(self, contact_id: ContactId) -> None:
        if self._rows.peek(CONTACTS, contact_id) is None:
            raise NotFound("contact", contact_id)

    async def of(self, contact_id: ContactId) -> Erasure | None:
        return next((e for e in self._rows.each(ERASURES) if e.contact_id == contact_id), None)

    async def get(self, erasure_id: ErasureId) -> Erasure:
        if (found := self._rows.peek(ERASURES, erasure_id)) is None:
            raise NotFound("erasure", erasure_id)
        return found

    async def newest(self, limit: int, before: ErasureId | None) -> list[Erasure]:
        found = [e for e in self._rows.each(ERASURES) if before is None or e.id < before]
        return sorted(found, key=lambda e: e.id, reverse=True)[:limit]

    async def begin(self, erasure: Erasure) -> Begun:
        contact = await self._rows.get(CONTACTS, erasure.contact_id)
        if contact is None or await self.of(erasure.contact_id):
            raise NotFound("contact", erasure.contact_id)
        rounds = [copied(c) for c in self._rows.each(CONVERSATIONS) if c.contact_id == contact.id]
        await self._rows.put(
            ERASURES, erasure.id, replace(erasure, counts={"hub.inbox deleted": await self._drop(rounds)})
        )
        for conversation in rounds:
            await self._archive(conversation, erasure.begun_at)
        contact.identities, contact.name, contact.profile_pic, contact.card = (), None, None, NO_CARD
        await self._rows.put(CONTACTS, contact.id, contact)
        await self._rows.drop_where(
            LEFT_IDENTITIES, lambda left: left.contact_id == contact.id, lambda left: (left.identity, left.until)
        )
        await self._rows.drop_where(SCHEDULED, lambda m: m.contact_id == contact.id, lambda m: m.id)
        await self._rows.drop_where(EXPORTS, lambda e: e.contact_id == contact.id, lambda e: e.id)
        await self._rows.drop_where(
            RECIPIENTS, lambda r: r.contact_id == contact.id, lambda r: (r.campaign_id, r.contact_id)
        )
        return Begun(erasure, [(c.session_id, c.id) for c in rounds])

    async def _drop(self, rounds: list[Conversation]) -> int:
        """Remove unsent messages and unprocessed updates; return how many of the latter."""
        ids, chats = {c.id for c in rounds}, {(c.session_id, c.chat) for c in rounds}
        unsent = [m for m in self._rows.each(MESSAGES) if m.conversation_id in ids]
        for message in unsent:
            await self._rows.drop(QUEUED, message.id)
        for lane in [lane for lane in self._rows.each(LANES) if (lane.key.session_id, lane.key.chat) in chats]:
            emptied = replace(lane.closed(self._rows.now), fence=lane.fence + 1, tries=0, slot_at=None)
            await self._rows.put(LANES, lane.key, emptied)
        return await self._rows.drop_where(UPDATES, lambda u: u.state == PENDING and u.chat in chats, lambda u: u.id)

    async def _archive(self, conversation: Conversation, at: datetime) -> None:
        c = conversation
        c.status, c.assigned_user_id, c.labels, c.chat = ConversationStatus.ARCHIVED, None, (), ""
        c.customer_name = c.customer_phone = c.profile_name = None
        c.unread_count, c.bot_part, c.dialogue = 0, BotPart.NONE, c.dialogue.ended().closed()
        c.timeout_at = c.routed_at = c.waiting_since = None
        c.updated_at = at
        await self._rows.put(CONVERSATIONS, c.id, c)
        for number, a in [(n, a) for n, a in self._rows.each(ASSIGNMENTS) if a.conversation_id == c.id]:
            if a.unassigned_at is None:
                await self._rows.put(ASSIGNMENTS, number, (number, replace(a, unassigned_at=at)))


class MemoryExports:
    """Implements `Exports`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, export: Export) -> None:
        if self._rows.peek(CONTACTS, export.contact_id) is None:
            raise NotFound("contact", export.contact_id)
        await self._rows.put(EXPORTS, export.id, export)

    async def get(self, export_id: ExportId, now: datetime) -> Export:
        found = self._rows.peek(EXPORTS, export_id)
        if found is None or found.expires_at <= now or self._rows.peek(CONTACTS, found.contact_id) is None:
            raise NotFound("export", export_id)
        return found

    async def taken(self, export: Export, at: datetime) -> None:
        await self._rows.save(EXPORTS, export.id, replace(export, downloaded_at=at))
