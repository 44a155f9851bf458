"""Messages to be sent later."""

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.ids import ConversationId, MessageId, UserId
from whatsapp_hub.domain.messaging.message import Message

SCHEDULED: Table[MessageId, Message] = Table("scheduled")


def place_of(message: Message) -> Place:
    """Return its place in the order of sending."""
    return Place(message.send_at or message.created_at, message.id)


class MemoryScheduled:
    """Implements `Scheduled`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, message: Message) -> None:
        await self._rows.put(SCHEDULED, message.id, copied(message))

    async def find(self, message_id: MessageId) -> Message | None:
        found = self._rows.peek(SCHEDULED, message_id)
        return copied(found) if found else None

    async def page(
        self,
        limit: int,
        after: Place | None,
        conversation_id: ConversationId | None,
        sender_id: UserId | None,
        sight: Sight,
    ) -> Part[Message]:
        wanted = (
            m
            for m in self._behind(after)
            if conversation_id in (None, m.conversation_id) and sender_id in (None, m.sender_id)
        )
        return Part.of((copied(m) for m in wanted if self._is_seen(m, sight)), limit)

    def _behind(self, after: Place | None) -> list[Message]:
        found = (m for m in self._rows.each(SCHEDULED) if after is None or place_of(m) > after)
        return sorted(found, key=place_of)

    def _is_seen(self, message: Message, sight: Sight) -> bool:
        conversation = self._rows.peek(CONVERSATIONS, message.conversation_id)
        return sight.everything or (conversation is not None and is_in(sight, conversation))

    async def due(self, limit: int, after: Place | None = None) -> list[Place]:
        return [at for at in map(place_of, self._behind(after)) if at.send_at <= self._rows.now][:limit]

    async def take(self, message_id: MessageId) -> Message | None:
        """Wait for another transaction, which PostgreSQL skips: the outcome is the same."""
        found = await self._rows.get(SCHEDULED, message_id)
        if found is None or place_of(found).send_at > self._rows.now:
            return None
        await self._rows.drop(SCHEDULED, message_id)
        return found

    async def cancel(self, message_id: MessageId) -> bool:
        if await self._rows.get(SCHEDULED, message_id) is None:
            return False
        await self._rows.drop(SCHEDULED, message_id)
        return True
