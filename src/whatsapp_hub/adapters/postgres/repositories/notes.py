"""Notes of conversations, and notifications of people."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import NotificationId, TenantId, UserId

NOTE_COLUMNS = "id, tenant_id, conversation_id, user_id, content, created_at"
NOTIFICATION_COLUMNS = "id, tenant_id, user_id, kind, conversation_id, created_at, read_at"
_ADD_NOTE = f"INSERT INTO notes ({NOTE_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"
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
    return Note(**dict(row))


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

    async def add(self, note: Note) -> None:
        """Insert a note, and take its events."""
        n = note
        self._events += note.take_events()
        await self._connection.execute(
            _ADD_NOTE, n.id, n.tenant_id, n.conversation_id, n.user_id, n.content, n.created_at
        )

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
