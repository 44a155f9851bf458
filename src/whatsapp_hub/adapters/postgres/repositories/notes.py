"""Notes of conversations, and notifications of people."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import NoteId, NotificationId, TenantId, UserId

NOTE_COLUMNS = "id, tenant_id, conversation_id, user_id, content, created_at, mentions, edited_at"
NOTIFICATION_COLUMNS = "id, tenant_id, user_id, kind, conversation_id, created_at, read_at"
_ADD_NOTE = f"INSERT INTO notes ({NOTE_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_NOTE = f"SELECT {NOTE_COLUMNS} FROM notes WHERE id = $1 FOR UPDATE"
_CHANGE_NOTE = "UPDATE notes SET content = $2, mentions = $3, edited_at = $4 WHERE id = $1"
_DELETE_NOTE = "DELETE FROM notes WHERE id = $1"
_BY = f"""
    SELECT {NOTE_COLUMNS} FROM notes WHERE user_id = $1 AND created_at > $3 AND content = ANY ($2::text[])
    ORDER BY created_at DESC"""
# A notification of supervisors becomes one row for each current supervisor.
_NOTIFY = Write(
    "notifications",
    """INSERT INTO notifications (id, tenant_id, user_id, kind, conversation_id, created_at)
       SELECT x.id, $1, u.id, x.kind, x.conversation_id, x.at
       FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[])
         AS x(id, user_id, kind, conversation_id, at)
       JOIN hub.users u ON u.tenant_id = $1 AND u.is_active
         AND (u.id = x.user_id OR x.user_id IS NULL AND u.role IN ('ADMIN', 'MASTER'))""",
)
_KNOWN = "SELECT 1 FROM notifications WHERE user_id = $1 AND id = $2"
_READ = """
    UPDATE notifications SET read_at = $3
    WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) AND read_at IS NULL"""
_TRIM = "DELETE FROM notifications WHERE created_at < $1"


def note_of(row: Any) -> Note:
    """Build a note from its row."""
    values = dict(row)
    values["mentions"] = tuple(values["mentions"])
    return Note(**values)


def notification_of(row: Any) -> Notification:
    """Build a notification from its row."""
    values = dict(row)
    values["kind"] = NotificationKind(values["kind"])
    return Notification(**values)


class PostgresNotes:
    """Implements `Notes`."""

    def __init__(self, connection: Any, events: list[Event]) -> None:
        self._connection = connection
        self._events = events

    async def get(self, note_id: NoteId) -> Note:
        """Select it for update."""
        row = await self._connection.fetchrow(_NOTE, note_id)
        if row is None:
            raise NotFound("note", note_id)
        return note_of(row)

    async def add(self, note: Note) -> None:
        """Insert a note, and take its events."""
        n = note
        self._events += note.take_events()
        written = (n.id, n.tenant_id, n.conversation_id, n.user_id, n.content, n.created_at, n.mentions, n.edited_at)
        await self._connection.execute(_ADD_NOTE, *written)

    async def save(self, note: Note) -> None:
        """Update a note, and take its events."""
        self._events += note.take_events()
        await self._connection.execute(_CHANGE_NOTE, note.id, note.content, note.mentions, note.edited_at)

    async def delete(self, note: Note) -> None:
        """Delete a note, and take its events."""
        self._events += note.take_events()
        await self._connection.execute(_DELETE_NOTE, note.id)

    async def by(self, user_id: UserId, texts: Collection[str], since: datetime) -> list[Note]:
        """Read along the index on (user, time)."""
        return [note_of(row) for row in await self._connection.fetch(_BY, user_id, list(texts), since)]


class PostgresNotifications:
    """Implements `Notifications`."""

    def __init__(self, connection: Statements, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, notifications: Sequence[Notification]) -> None:
        """Insert them with the transaction's next flush."""
        if not notifications:
            return
        rows = ((n.id, n.user_id, n.kind, n.conversation_id, n.created_at) for n in notifications)
        written = [n.id for n in notifications]
        await self._connection.defer(_NOTIFY, self._tenant_id, *zip(*rows, strict=True), rows=written)

    async def mark_read(self, user_id: UserId, notification_id: NotificationId | None, at: datetime) -> int:
        """Mark one (None: all) of the user's as read; return how many. Raises NotFound."""
        if notification_id and not await self._connection.fetchval(_KNOWN, user_id, notification_id):
            raise NotFound("notification", notification_id)
        tag: str = await self._connection.execute(_READ, user_id, notification_id, at)
        return int(tag.rpartition(" ")[2])

    async def trim(self, before: datetime) -> None:
        """Delete those from before a time."""
        await self._connection.execute(_TRIM, before)
