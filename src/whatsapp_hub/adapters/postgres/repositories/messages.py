"""Messages. Their place in a lane (`queue_seq`) belongs to lanes.py."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.bulk import Columns
from whatsapp_hub.adapters.postgres.engine.pages import ending_early
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.repositories import stored_content
from whatsapp_hub.adapters.postgres.repositories.message_failures import failure_in, stored_failure
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.application.ports.storage.conversations import UnmarkedMessage
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import ContactId, ConversationId, MessageId, SessionId
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus, Outcome

_FIXED: dict[str, str | tuple[str, str]] = {
    "tenant_id": "uuid",
    "session_id": "uuid",
    "conversation_id": "uuid",
    "contact_id": "uuid",
    "direction": "text",
    "chat": "text",
    "sender_id": "uuid",
    "is_bot": "bool",
    "reply_to": "text",
    "author": "text",
    "author_name": "text",
    "author_phone": "text",
    "target": "text",
    "created_at": "timestamptz",
    "type": "text",
    "content": "text",
    "media_url": "text",
    "media_id": "uuid",
    "data": ("text", "json"),
    "annotations": ("text", "json"),
}
_MUTABLE: dict[str, str | tuple[str, str]] = {
    "id": "uuid",
    "status": "text",
    "outcome": "text",
    "error": "text",
    "whatsapp_message_id": "text",
    "timestamp": "timestamptz",
}
ALL = Columns("messages", {**_FIXED, **_MUTABLE})
_CHANGES = Columns("messages", _MUTABLE)
ADD, _SAVE = Write("messages", ALL.insert()), Write("messages", _CHANGES.update())

COLUMNS = ", ".join((*ALL.names, "seq"))
SELECT = f"SELECT {COLUMNS} FROM messages"


def within_a_page(select: str, order: str) -> str:
    """Wrap a statement that reads messages in an order, so that it ends with the one that fills a page's bytes
    (`engine/pages.py`)."""
    return ending_early(select, order, "octet_length(content) + coalesce(octet_length(data::text), 0)")


_NAMED = "SELECT * FROM unnest($1::uuid[], $2::text[])"
_KNOWN = f"""{SELECT} WHERE id = ANY(ARRAY(
      SELECT id FROM messages WHERE (session_id, whatsapp_message_id) IN ({_NAMED})
      UNION ALL SELECT message_id FROM early_changes WHERE (session_id, target) IN ({_NAMED})))
    ORDER BY id FOR NO KEY UPDATE"""
_SAID = ("type", "content", "media_url", "media_id", "data", "annotations")
_ANNOTATIONS = Columns("messages", {"id": "uuid", **{name: _FIXED[name] for name in _SAID}})
_ANNOTATE = Write("messages", _ANNOTATIONS.update())
_WAIT = """
    INSERT INTO early_changes (message_id, tenant_id, session_id, target)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) ON CONFLICT (message_id) DO NOTHING"""
_ARRIVED = "DELETE FROM early_changes WHERE message_id = ANY($1::uuid[])"
_NEWEST_INBOUND = """
    SELECT whatsapp_message_id FROM messages
    WHERE conversation_id = $1 AND direction = 'INBOUND' AND whatsapp_message_id IS NOT NULL AND target IS NULL
    ORDER BY seq DESC LIMIT 1"""
_MARKED_UPTO = "(SELECT read_marked_seq FROM conversations WHERE id = $1)"
_READ_UPTO = f"""
    SELECT seq FROM messages
    WHERE conversation_id = $1 AND direction = 'INBOUND' AND whatsapp_message_id IS NOT NULL AND seq > {_MARKED_UPTO}
    ORDER BY seq DESC LIMIT 1"""
_UNMARKED = f"""
    SELECT seq, chat, whatsapp_message_id, author FROM messages
    WHERE conversation_id = $1 AND direction = 'INBOUND' AND whatsapp_message_id IS NOT NULL
      AND seq > {_MARKED_UPTO} AND seq <= $2
    ORDER BY seq LIMIT $3"""
_MARKED = "UPDATE conversations SET read_marked_seq = $2 WHERE id = $1 AND read_marked_seq < $2"
# A resolved conversation's last message may be echoed when the next one has begun.
_UNMATCHED = f"""
    {SELECT} WHERE id IN (
      SELECT m.id FROM unnest($1::uuid[], $2::uuid[]) AS p(session_id, contact_id)
      CROSS JOIN LATERAL (
        SELECT id FROM conversations c WHERE c.session_id = p.session_id AND c.contact_id = p.contact_id
        ORDER BY created_at DESC LIMIT 2) AS c
      CROSS JOIN LATERAL (
        SELECT id, direction, status, outcome, type, whatsapp_message_id FROM messages
        WHERE conversation_id = c.id AND created_at > $3 ORDER BY seq DESC LIMIT 100) AS m
      WHERE m.direction = 'OUTBOUND' AND (
        (m.whatsapp_message_id IS NULL AND (m.status = 'SENT' OR m.outcome = 'unknown'))
        OR (m.type = 'REACTION' AND m.status IN ('SENT', 'DELIVERED', 'READ'))))
    ORDER BY id FOR NO KEY UPDATE"""
_BY_ID = f"{SELECT} WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"

# The oldest of each conversation, by the index messages_of_conversation: recent ones cost one probe a conversation.
_FORGET = """
    WITH old AS (
      SELECT m.id FROM hub.sessions s JOIN conversations c ON c.session_id = s.id AND c.created_at < $1
      CROSS JOIN LATERAL (
        SELECT id, created_at, queue_seq FROM messages WHERE conversation_id = c.id ORDER BY seq LIMIT $2) AS m
      WHERE s.tenant_id = hub.tenant() AND s.routing = 'none' AND c.bot_part <> 'handed_over'
        AND m.created_at < $1 AND m.queue_seq IS NULL LIMIT $2)
    DELETE FROM messages USING old WHERE messages.id = old.id"""


def message_of(row: Any) -> Message:
    """Build a message from its row."""
    outcome = row["outcome"]
    return Message(
        id=row["id"],
        tenant_id=row["tenant_id"],
        session_id=row["session_id"],
        conversation_id=row["conversation_id"],
        contact_id=row["contact_id"],
        direction=Direction(row["direction"]),
        content=stored_content.decode(row["type"], row["content"], row["media_url"], row["media_id"], row["data"]),
        created_at=row["created_at"],
        timestamp=row["timestamp"],
        status=MessageStatus(row["status"]),
        chat=row["chat"],
        whatsapp_message_id=row["whatsapp_message_id"],
        sender_id=row["sender_id"],
        is_bot=row["is_bot"],
        outcome=Outcome(outcome) if outcome else None,
        error=failure_in(row["error"]),
        reply_to=row["reply_to"],
        author=row["author"],
        author_name=row["author_name"],
        author_phone=row["author_phone"],
        annotations=stored_content.decode_annotations(row["annotations"]),
        seq=row["seq"],
    )


def _changing(m: Message) -> tuple[object, ...]:
    """Return the values in the order of _MUTABLE."""
    return (m.id, m.status, m.outcome, stored_failure(m.error), m.whatsapp_message_id, m.timestamp)


def _whole(m: Message) -> tuple[object, ...]:
    """Return the values in the order of _FIXED and _MUTABLE."""
    owner = (m.tenant_id, m.session_id, m.conversation_id, m.contact_id, m.direction, m.chat, m.sender_id)
    content = stored_content.encode(m.content)
    author = (m.author, m.author_name, m.author_phone, m.target)
    annotations = stored_content.encode_annotations(m.annotations)
    return (*owner, m.is_bot, m.reply_to, *author, m.created_at, *content, annotations, *_changing(m))


def _annotated(m: Message) -> tuple[object, ...]:
    """Return the values in the order of _ANNOTATIONS."""
    return (m.id, *stored_content.encode(m.content), stored_content.encode_annotations(m.annotations))


def rows_of(messages: Iterable[Message]) -> list[Sequence[object]]:
    """Build rows of new messages, as ADD takes them."""
    return ALL.arrays(map(_whole, messages))


def written(messages: Iterable[Message]) -> Iterator[Hashable]:
    """List the rows written, and the ends of their conversations, whose order is that of the inserts."""
    for m in messages:
        yield from (m.id, m.conversation_id)


class PostgresMessages:
    """Implements `Messages`."""

    def __init__(self, connection: Statements, events: list[Event]) -> None:
        self._connection = connection
        self._events = events

    async def newest_inbound(self, conversation_id: ConversationId) -> str | None:
        """Read the provider's id of the customer's newest message."""
        found: str | None = await self._connection.fetchval(_NEWEST_INBOUND, conversation_id)
        return found

    async def read_upto(self, conversation_id: ConversationId) -> int | None:
        """Read the place of the newest message that is not marked yet."""
        found: int | None = await self._connection.fetchval(_READ_UPTO, conversation_id)
        return found

    async def unmarked(self, conversation_id: ConversationId, upto: int, limit: int) -> list[UnmarkedMessage]:
        """Read the oldest messages that are not marked yet, up to a place."""
        return [UnmarkedMessage(*row) for row in await self._connection.fetch(_UNMARKED, conversation_id, upto, limit)]

    async def marked(self, conversation_id: ConversationId, upto: int) -> None:
        """Advance the place up to which messages are marked."""
        await self._connection.execute(_MARKED, conversation_id, upto)

    async def known(self, keys: Iterable[ProviderKey]) -> list[Message]:
        """Read and lock messages by session and provider's id."""
        wanted = list(keys)
        rows = await self._connection.fetch(
            _KNOWN, [s for s, _ in wanted], [name for _, name in wanted], of=("messages",)
        )
        return [message_of(row) for row in rows]

    async def unmatched(
        self, pairs: Iterable[tuple[SessionId, ContactId]], since: datetime
    ) -> dict[tuple[SessionId, ContactId], list[Message]]:
        """Read and lock sent messages whose provider's id is unknown, and reactions, since a time."""
        wanted = list(pairs)
        keys = [session_id for session_id, _ in wanted], [contact_id for _, contact_id in wanted]
        found: dict[tuple[SessionId, ContactId], list[Message]] = {}
        for row in await self._connection.fetch(_UNMATCHED, *keys, since, of=("messages",)):
            found.setdefault((row["session_id"], row["contact_id"]), []).append(message_of(row))
        return found

    async def by_id(self, message_ids: Iterable[MessageId]) -> dict[MessageId, Message]:
        """Read and lock messages by id."""
        rows = await self._connection.fetch(_BY_ID, list(message_ids), of=("messages",))
        return {row["id"]: message_of(row) for row in rows}

    async def get(self, message_id: MessageId) -> Message:
        """Read and lock one. Raises NotFound."""
        found = await self.by_id([message_id])
        if message_id not in found:
            raise NotFound("message", message_id)
        return found[message_id]

    async def add(self, messages: Sequence[Message]) -> None:
        """Add messages in this order, which is the conversation's."""
        if messages:
            self._events += recorded(messages)
            await self._connection.defer(ADD, *rows_of(messages), rows=written(messages))

    async def save(self, messages: Sequence[Message]) -> None:
        """Update them with the transaction's next flush, by id."""
        if messages:
            self._events += recorded(messages)
            ordered = sorted(messages, key=lambda m: m.id)
            rows = _CHANGES.arrays(map(_changing, ordered))
            await self._connection.defer(_SAVE, *rows, rows=[m.id for m in ordered])

    async def annotate(self, messages: Sequence[Message]) -> None:
        """Update content and annotations with the transaction's next flush, by id."""
        if messages:
            ordered = sorted(messages, key=lambda m: m.id)
            rows = _ANNOTATIONS.arrays(map(_annotated, ordered))
            await self._connection.defer(_ANNOTATE, *rows, rows=[m.id for m in ordered])

    async def wait(self, changes: Sequence[Message]) -> None:
        """Insert a row for each into `early_changes`."""
        ordered = sorted(changes, key=lambda m: m.id)
        rows = [(m.id, m.tenant_id, m.session_id, m.target) for m in ordered]
        await self._connection.execute(_WAIT, *map(list, zip(*rows, strict=True)))

    async def arrived(self, changes: Sequence[Message]) -> None:
        """Delete their rows of `early_changes`."""
        await self._connection.execute(_ARRIVED, [m.id for m in changes])

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete old messages of sessions without routing; return how many."""
        tag: str = await self._connection.execute(_FORGET, before, limit)
        return int(tag.rpartition(" ")[2])
