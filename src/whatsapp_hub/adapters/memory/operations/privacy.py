"""Erasure, export and retention of customers' data."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows
from whatsapp_hub.adapters.memory.queues.log import MemoryEventLog
from whatsapp_hub.adapters.memory.queues.scheduled import SCHEDULED
from whatsapp_hub.adapters.memory.repositories.campaigns import CAMPAIGNS, RECIPIENTS
from whatsapp_hub.adapters.memory.repositories.media import MEDIA, let_go
from whatsapp_hub.adapters.memory.repositories.messages import NOTES, NOTIFICATIONS
from whatsapp_hub.adapters.memory.repositories.privacy import ERASURES
from whatsapp_hub.adapters.memory.tables.entities import ASSIGNMENTS, CONTACTS, CONVERSATIONS, MESSAGES
from whatsapp_hub.adapters.memory.tables.inbox import DONE, SEEN, UPDATES
from whatsapp_hub.adapters.memory.tables.lanes import QUEUED
from whatsapp_hub.application.ports.operations.privacy import Erasure, Part
from whatsapp_hub.domain.campaigns.recipient import Recipient
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ContactId, ConversationId, ErasureId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.content import stored_media
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.privacy.retention import Kind


@dataclass(slots=True)
class MemoryErasureSweep:
    """Implements `ErasureSweep`, for one process: leases end with it."""

    database: MemoryDatabase
    events: MemoryEventLog
    _taken: set[ErasureId] = field(default_factory=set)

    async def take(self, lease_s: float, but: Collection[ErasureId]) -> Erasure | None:
        """Return an erasure that is due and not taken."""
        async with self.database.transaction() as transaction:
            due = [e for _, e in transaction.everywhere(ERASURES) if e.finished_at is None and e.id not in but]
            free = sorted((e for e in due if e.id not in self._taken), key=lambda e: e.begun_at)
            self._taken |= {e.id for e in free[:1]}
            return next(iter(free), None)

    async def leave(self, erasure: Erasure) -> None:
        """Give the erasure back."""
        self._taken.discard(erasure.id)

    async def rows(self, erasure: Erasure, limit: int) -> int:
        """Delete at most `limit` messages of the customer, then all else; return how many rows went."""
        async with self.database.transaction() as transaction:
            rows = transaction.of(erasure.tenant_id)
            messages = [m.id for m in rows.each(MESSAGES) if m.contact_id == erasure.contact_id][:limit]
            for message_id in messages:
                await rows.drop(MESSAGES, message_id)
            rounds = _rounds(rows, erasure.contact_id)
            notes = [n.id for n in rows.each(NOTES) if n.conversation_id in rounds][:limit]
            for note_id in notes:
                await rows.drop(NOTES, note_id)
            told = [key for key, n in rows.items(NOTIFICATIONS) if n.conversation_id in rounds][:limit]
            for key in told:
                await rows.drop(NOTIFICATIONS, key)
            return len(messages) + len(notes) + len(told)

    async def log(self, erasure: Erasure, limit: int) -> bool:
        """Blank the customer's events, all at once."""
        async with self.database.transaction() as transaction:
            self.events.erase(_rounds(transaction.of(erasure.tenant_id), erasure.contact_id))
            return False

    async def finish(self, erasure: Erasure) -> None:
        """Delete the contact and mark the erasure as done."""
        async with self.database.transaction() as transaction:
            rows = transaction.of(erasure.tenant_id)
            await rows.drop(CONTACTS, erasure.contact_id)
            await rows.save(ERASURES, erasure.id, replace(erasure, finished_at=self.database.now))


def _rounds(rows: Rows, contact_id: ContactId) -> set[ConversationId]:
    return {c.id for c in rows.each(CONVERSATIONS) if c.contact_id == contact_id}


@dataclass(frozen=True, slots=True)
class MemoryPersonalData:
    """Implements `PersonalData`: contact, conversations and messages, a JSON file each."""

    database: MemoryDatabase

    async def of(self, tenant_id: TenantId, contact_id: ContactId) -> AsyncIterator[Part]:
        """Yield one part a table, one line of JSON an entity."""
        async with self.database.transaction() as transaction:
            rows = transaction.of(tenant_id)
            contact = rows.peek(CONTACTS, contact_id)
            found: dict[str, Sequence[_Entity]] = {
                "contact": [contact] if contact else [],
                "conversations": [c for c in rows.each(CONVERSATIONS) if c.contact_id == contact_id],
                "messages": [m for m in rows.each(MESSAGES) if m.contact_id == contact_id],
                "campaigns": [r for r in rows.each(RECIPIENTS) if r.contact_id == contact_id],
            }
        for name, entities in found.items():
            yield Part(f"{name}.json", _written(entities))


_Entity = Contact | Conversation | Message | Recipient


async def _written(entities: Sequence[_Entity]) -> AsyncIterator[bytes]:
    for entity in entities:
        yield json.dumps(asdict(entity), default=str).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class MemoryRetentionSweep:
    """Implements `RetentionSweep`. Events and audit are not kept by kind here."""

    database: MemoryDatabase

    async def trim(self, tenant_id: TenantId, kind: Kind, before: datetime, limit: int) -> int:
        """Delete at most `limit` things of one kind that are older than `before`; return how many."""
        async with self.database.transaction() as transaction:
            rows = transaction.of(tenant_id)
            match kind:
                case Kind.CONVERSATIONS:
                    return await self._conversations(rows, before, limit)
                case Kind.MESSAGES:
                    return await self._messages(rows, before, limit)
                case Kind.UPDATES:
                    return await self._updates(rows, before, limit)
                case _:
                    return 0

    async def _conversations(self, rows: Rows, before: datetime, limit: int) -> int:
        waits = {m.conversation_id for m in rows.each(SCHEDULED)}
        old = (c.id for c in rows.each(CONVERSATIONS) if not c.is_live and c.updated_at < before)
        closed = [id for id in old if id not in waits][:limit]
        await rows.drop_where(MESSAGES, lambda m: m.conversation_id in closed, lambda m: m.id)
        await rows.drop_where(ASSIGNMENTS, lambda a: a[1].conversation_id in closed, lambda a: a[0])
        over = [s.campaign.id for s in rows.each(CAMPAIGNS) if s.campaign.ended_at and s.campaign.ended_at < before]
        await rows.drop_where(RECIPIENTS, lambda r: r.campaign_id in over, lambda r: (r.campaign_id, r.contact_id))
        campaigns = await rows.drop_where(CAMPAIGNS, lambda s: s.campaign.id in over, lambda s: s.campaign.id)
        return campaigns + await rows.drop_where(CONVERSATIONS, lambda c: c.id in closed, lambda c: c.id)

    async def _messages(self, rows: Rows, before: datetime, limit: int) -> int:
        old = [m.id for m in rows.each(MESSAGES) if m.created_at < before and rows.peek(QUEUED, m.id) is None]
        for message_id in old[:limit]:
            await rows.drop(MESSAGES, message_id)
        return len(old[:limit])

    async def _updates(self, rows: Rows, before: datetime, limit: int) -> int:
        old = [u for u in rows.each(UPDATES) if u.state == DONE and u.received_at < before][:limit]
        for update in old:
            await rows.drop(UPDATES, update.id)
            await rows.transaction.of(None).drop(SEEN, (update.source, update.update.dedupe_key))
        return len(old)

    async def trim_unused_files(self, tenant_id: TenantId, before: datetime, limit: int) -> int:
        """Delete files that no message names any more; return how many."""
        async with self.database.transaction() as transaction:
            rows = transaction.of(tenant_id)
            used = {stored_media(m.content) for table in (MESSAGES, SCHEDULED) for m in rows.each(table)}
            unused = [m for m in rows.each(MEDIA) if m.created_at < before and m.id not in used][:limit]
            await let_go(rows, unused, self.database.now)
            return len(unused)
