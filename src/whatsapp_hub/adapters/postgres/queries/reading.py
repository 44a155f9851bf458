"""The Queries port: each call a transaction of its own as hub_app, without locks."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early, is_cut
from whatsapp_hub.adapters.postgres.media import files
from whatsapp_hub.adapters.postgres.queries import conversation_search, glances, stretches
from whatsapp_hub.adapters.postgres.queries.conversation_orders import place_of
from whatsapp_hub.adapters.postgres.queries.cursors import (
    Cursor,
    Id,
    Named,
    Newer,
    Older,
    Ranked,
    encode_cursor,
    read_id,
    read_named,
    read_newer,
    read_older,
    read_ranked,
)
from whatsapp_hub.adapters.postgres.queues.log import COLUMNS as LOG_COLUMNS
from whatsapp_hub.adapters.postgres.repositories import contacts, conversations, messages, notes, sessions
from whatsapp_hub.adapters.postgres.repositories.accounts import departments, quick_replies, users
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.reading.conversation_filter import ConversationFilter, Counts, Reader
from whatsapp_hub.application.reading.queries import (
    Glance,
    LabelCount,
    Page,
    Sight,
    Stretch,
    UserFilter,
)
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import (
    ConversationId,
    DepartmentId,
    MediaId,
    MessageId,
    QuickReplyId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session

T = TypeVar("T")

_CONVERSATION = f"SELECT {conversations.COLUMNS} FROM conversations WHERE id = $1"
_QUEUE = ending_early(
    f"""
    SELECT {conversations.COLUMNS} FROM conversations WHERE department_id = $1 AND status = 'OPEN'
      AND (-priority, routed_at, id) > ($2, $3, $4)
    ORDER BY -priority, routed_at, id LIMIT $5""",
    "-priority, routed_at, id",
)
_MESSAGES = messages.within_a_page(
    f"""{messages.SELECT}
    WHERE conversation_id = $1 AND seq < $2 AND target IS NULL ORDER BY seq DESC LIMIT $3""",
    "seq DESC",
)
_USERS = ending_early(
    f"""
    {users.SELECT} WHERE u.tenant_id = hub.tenant()
      AND ($1::text IS NULL OR u.role = $1) AND ($2::bool IS NULL OR u.is_active = $2)
      AND ($3::text IS NULL OR u.online_status = $3) AND ($4::uuid IS NULL OR u.department_id = $4)
      AND ($5::text IS NULL OR (lower(u.name), u.id) > (lower($5), $6))
    ORDER BY lower(u.name), u.id LIMIT $7""",
    "lower(name), id",
)
_DEPARTMENTS = ending_early(
    f"""
    {departments.SELECT} WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3""",
    "created_at, id",
)
_SESSIONS = ending_early(
    f"""
    {sessions.SELECT} WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3""",
    "created_at, id",
)
_NOTES = ending_early(
    f"""
    SELECT {notes.NOTE_COLUMNS} FROM notes WHERE conversation_id = $1 AND id > $2 ORDER BY id LIMIT $3""",
    "id",
)
_NEWEST_NOTES = ending_early(
    f"SELECT {notes.NOTE_COLUMNS} FROM notes WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2", "id DESC"
)
_NOTIFICATIONS = ending_early(
    f"""
    SELECT {notes.NOTIFICATION_COLUMNS} FROM notifications
    WHERE user_id = $1 AND id < $2 AND (NOT $3 OR read_at IS NULL) ORDER BY id DESC LIMIT $4""",
    "id DESC",
)
_SENT_IN = f"""
    SELECT {conversations.COLUMNS} FROM conversations
    WHERE id IN (SELECT conversation_id FROM messages WHERE media_id = $1) LIMIT 1000"""
_QUICK_REPLIES = ending_early(
    f"""
    SELECT {quick_replies.COLUMNS} FROM quick_replies
    WHERE starts_with(shortcut, $1) AND shortcut > $2 ORDER BY shortcut LIMIT $3""",
    "shortcut",
)
_ASSIGNMENTS = ending_early(conversations.ASSIGNMENTS, "id")
_LONG_AGO = Newer(datetime.min.replace(tzinfo=UTC), UUID(int=0))
_HIGHEST = 100
_LAST_ID = Id(UUID(int=2**128 - 1))


def _after(cursor: str | None) -> tuple[datetime, UUID]:
    after = read_newer(cursor) if cursor is not None else _LONG_AGO
    return after.at, after.id


def _page(rows: Sequence[Any], entity_of: Callable[[Any], T], limit: int, place: Callable[[T], Cursor]) -> Page[T]:
    """Build a page from `limit + 1` rows: the extra one shows that there is a next page. One of very long rows ends
    early."""
    shown, goes_on = cut(rows, limit)
    items = [entity_of(row) for row in shown]
    return Page(items, encode_cursor(place(items[-1])) if goes_on else None)


# Along events_of_conversation.
_TIMELINE = ending_early(
    f"""
    SELECT {LOG_COLUMNS} FROM hub.events
    WHERE conversation_id = $1 AND position < $2 AND type LIKE 'conversation.%' ORDER BY position DESC LIMIT $3""",
    "position DESC",
)
_LAST_POSITION = 2**63 - 1
# Of each status the newest, along conversations_by_status: bounded however many conversations there are.
_LABELS = """
    SELECT label, count(*) AS n
    FROM unnest('{OPEN,ASSIGNED,RESOLVED,ARCHIVED}'::text[]) AS s(status)
    CROSS JOIN LATERAL (
      SELECT labels FROM conversations c WHERE c.tenant_id = hub.tenant() AND c.status = s.status
      ORDER BY updated_at DESC, id DESC LIMIT 2000) AS newest
    CROSS JOIN LATERAL unnest(newest.labels) AS label
    GROUP BY label ORDER BY n DESC, label LIMIT 200"""


class PostgresQueries:
    """Implements `Queries`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def _rows(self, tenant_id: TenantId, statement: str, *arguments: object) -> list[Any]:
        async with self._storage.reading(tenant_id) as connection:
            rows: list[Any] = await connection.fetch(statement, *arguments)
            return rows

    async def _one(self, tenant_id: TenantId, kind: str, key: object, statement: str) -> Any:
        rows = await self._rows(tenant_id, statement, key)
        if not rows:
            raise NotFound(kind, key)
        return rows[0]

    async def tenant(self, tenant_id: TenantId) -> Tenant:
        """Read from the directory's cache, at most a second old."""
        return await self._storage.directory.tenant(tenant_id)

    async def conversations(
        self, tenant_id: TenantId, sight: Sight, filter: ConversationFilter, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """Read a page by the keys of its order."""
        async with self._storage.reading(tenant_id) as connection:
            rows, stopped = await conversation_search.listed(connection, tenant_id, sight, filter, limit, cursor)
        page = [conversations.conversation_of(row) for row in rows[:limit]]
        last = page[-1] if len(rows) > limit else conversations.conversation_of(stopped) if stopped else None
        return Page(page, encode_cursor(place_of(filter.order, last)) if last else None)

    async def conversation_counts(self, tenant_id: TenantId, sight: Sight, reader: Reader) -> Counts:
        """Count with at most two statements."""
        async with self._storage.reading(tenant_id) as connection:
            return await conversation_search.counted(connection, tenant_id, sight, reader)

    async def glances(
        self, tenant_id: TenantId, conversation_ids: Sequence[ConversationId]
    ) -> dict[ConversationId, Glance]:
        """Read all of them with one statement."""
        if not conversation_ids:
            return {}
        rows = await self._rows(tenant_id, glances.GLANCES, list(conversation_ids))
        return {row["conversation_id"]: glances.glance_of(row) for row in rows}

    async def conversation(self, tenant_id: TenantId, sight: Sight, conversation_id: ConversationId) -> Conversation:
        """Read one; one out of sight does not exist for the reader (NotFound)."""
        row = await self._one(tenant_id, "conversation", conversation_id, _CONVERSATION)
        conversation = conversations.conversation_of(row)
        if not is_in(sight, conversation):
            raise NotFound("conversation", conversation_id)
        return conversation

    async def messages(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Message]:
        """Read a page by descending `seq`, then turn it round. One of very long messages ends early."""
        before = read_older(cursor).seq if cursor is not None else 2**63 - 1
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(_MESSAGES, conversation_id, before, limit + 1)
            if not rows and not await connection.fetchval(_CONVERSATION, conversation_id):
                raise NotFound("conversation", conversation_id)
            page = [messages.message_of(row) for row in reversed(rows[:limit])]
            await glances.quote(connection, page)
        last = rows[: len(page)][-1:]
        return Page(page, encode_cursor(Older(last[0]["seq"])) if is_cut(rows, limit) else None)

    async def messages_around(
        self, tenant_id: TenantId, conversation_id: ConversationId, message_id: MessageId, limit: int
    ) -> Stretch:
        """Read one half backwards, the other forwards from the message's `seq`."""
        async with self._storage.reading(tenant_id) as connection:
            return await stretches.around(connection, conversation_id, message_id, limit)

    async def messages_after(
        self, tenant_id: TenantId, conversation_id: ConversationId, seq: int, limit: int
    ) -> Stretch:
        """Read forwards by `seq`."""
        async with self._storage.reading(tenant_id) as connection:
            return await stretches.after(connection, conversation_id, seq, limit)

    async def message(self, tenant_id: TenantId, message_id: MessageId) -> Message:
        """Read one by id."""
        return messages.message_of(
            await self._one(tenant_id, "message", message_id, f"{messages.SELECT} WHERE id = $1")
        )

    async def contact_of(self, tenant_id: TenantId, conversation_id: ConversationId) -> Contact:
        """Read the contact with identities, by the conversation's id."""
        async with self._storage.reading(tenant_id) as connection:
            row = await connection.fetchrow(contacts.OF_CONVERSATION, conversation_id)
            if row is None:
                raise NotFound("conversation", conversation_id)
            known = await contacts.contacts_of(connection, [row])
        return known[row["id"]]

    async def users(self, tenant_id: TenantId, filter: UserFilter, limit: int, cursor: str | None) -> Page[User]:
        """Read a page by name and id."""
        wanted = (filter.role, filter.active, filter.online_status, filter.department_id)
        after = read_named(cursor) if cursor is not None else None
        place = (after.name, after.id) if after else (None, None)
        rows = await self._rows(tenant_id, _USERS, *wanted, *place, limit + 1)
        return _page(rows, users.user_of, limit, lambda user: Named(user.name, user.id))

    async def user(self, tenant_id: TenantId, user_id: UserId) -> User:
        """Read one by id."""
        return users.user_of(await self._one(tenant_id, "user", user_id, f"{users.SELECT} WHERE id = $1"))

    async def departments(self, tenant_id: TenantId, limit: int, cursor: str | None) -> Page[Department]:
        """Read a page by time of creation and id."""
        rows = await self._rows(tenant_id, _DEPARTMENTS, *_after(cursor), limit + 1)
        return _page(rows, departments.department_of, limit, lambda d: Newer(d.created_at, d.id))

    async def department(self, tenant_id: TenantId, department_id: DepartmentId) -> Department:
        """Read one by id."""
        return departments.department_of(await self._one(tenant_id, "department", department_id, departments.ONE))

    async def queue(
        self, tenant_id: TenantId, sight: Sight, department_id: DepartmentId, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """Read a page by priority, then by waiting time."""
        after = read_ranked(cursor) if cursor is not None else Ranked(-_HIGHEST, _LONG_AGO.at, _LONG_AGO.id)
        async with self._storage.reading(tenant_id) as connection:
            if not await connection.fetchrow(departments.ONE, department_id):
                raise NotFound("department", department_id)
            if not sight.everything and sight.department_id != department_id:
                return Page([])
            rows = await connection.fetch(_QUEUE, department_id, after.rank, after.at, after.id, limit + 1)
        return _page(
            rows, conversations.conversation_of, limit, lambda c: Ranked(-c.priority, c.routed_at or c.created_at, c.id)
        )

    async def sessions(self, tenant_id: TenantId, limit: int, cursor: str | None) -> Page[Session]:
        """Read a page by time of creation and id; settings are decrypted."""
        rows = await self._rows(tenant_id, _SESSIONS, *_after(cursor), limit + 1)
        vault = self._storage.kit.vault
        return _page(rows, lambda row: sessions.session_of(row, vault), limit, lambda s: Newer(s.created_at, s.id))

    async def notes(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Note]:
        """Read a page by ascending id."""
        after = read_id(cursor).id if cursor is not None else UUID(int=0)
        rows = await self._rows(tenant_id, _NOTES, conversation_id, after, limit + 1)
        return _page(rows, notes.note_of, limit, lambda note: Id(note.id))

    async def newest_notes(self, tenant_id: TenantId, conversation_id: ConversationId, limit: int) -> list[Note]:
        """Read them by descending id; fewer where they are long."""
        newest, _ = cut(await self._rows(tenant_id, _NEWEST_NOTES, conversation_id, limit), limit)
        return [notes.note_of(row) for row in newest[::-1]]

    async def assignments(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[Assignment]:
        """Read a page by ascending row id."""
        after = read_older(cursor).seq if cursor is not None else 0
        rows = await self._rows(tenant_id, _ASSIGNMENTS, conversation_id, after, limit + 1)
        shown, goes_on = cut(rows, limit)
        items = [conversations.assignment_of(row) for row in shown]
        return Page(items, encode_cursor(Older(shown[-1]["id"])) if goes_on else None)

    async def timeline(
        self, tenant_id: TenantId, conversation_id: ConversationId, limit: int, cursor: str | None
    ) -> Page[LoggedEvent]:
        """Read a page by descending position."""
        before = read_older(cursor).seq if cursor is not None else _LAST_POSITION
        rows = await self._rows(tenant_id, _TIMELINE, conversation_id, before, limit + 1)
        return _page(rows, lambda row: LoggedEvent(**dict(row)), limit, lambda event: Older(event.position))

    async def labels(self, tenant_id: TenantId) -> list[LabelCount]:
        """Count them over the newest conversations of each status."""
        return [LabelCount(row["label"], row["n"]) for row in await self._rows(tenant_id, _LABELS)]

    async def quick_replies(self, tenant_id: TenantId, prefix: str, limit: int, cursor: str | None) -> Page[QuickReply]:
        """Read a page by shortcut."""
        after = read_named(cursor).name if cursor is not None else ""
        rows = await self._rows(tenant_id, _QUICK_REPLIES, prefix, after, limit + 1)
        return _page(rows, quick_replies.quick_reply_of, limit, lambda reply: Named(reply.shortcut, reply.id))

    async def quick_reply(self, tenant_id: TenantId, reply_id: QuickReplyId) -> QuickReply:
        """Read one by id."""
        statement = f"SELECT {quick_replies.COLUMNS} FROM quick_replies WHERE id = $1"
        return quick_replies.quick_reply_of(await self._one(tenant_id, "quick reply", reply_id, statement))

    async def media(self, tenant_id: TenantId, sight: Sight, media_id: MediaId) -> Media:
        """Read what is known of a file, after a look at the conversations in which it was sent."""
        async with self._storage.reading(tenant_id) as connection:
            row = await connection.fetchrow(files.ONE, media_id)
            seen = await connection.fetch(_SENT_IN, media_id) if row else []
        if not any(is_in(sight, conversations.conversation_of(one)) for one in seen):
            raise NotFound("media", media_id)
        return files.media_of(row)

    async def notifications(
        self, tenant_id: TenantId, user_id: UserId, unread: bool, limit: int, cursor: str | None
    ) -> Page[Notification]:
        """Read a page by descending id."""
        before = read_id(cursor) if cursor is not None else _LAST_ID
        rows = await self._rows(tenant_id, _NOTIFICATIONS, user_id, before.id, unread, limit + 1)
        return _page(rows, notes.notification_of, limit, lambda n: Id(n.id))

    async def session(self, tenant_id: TenantId, session_id: SessionId) -> Session:
        """Read one by id; settings are decrypted."""
        row = await self._one(tenant_id, "session", session_id, f"{sessions.SELECT} WHERE id = $1")
        return sessions.session_of(row, self._storage.kit.vault)
