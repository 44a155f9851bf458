"""Conversations, and the record of their assignments."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from whatsapp_hub.adapters.postgres.engine.audit import acting
from whatsapp_hub.adapters.postgres.engine.bulk import Columns, array
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.repositories import service_columns
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState, Priority
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, UserId
from whatsapp_hub.domain.messaging.contact import Identity

_FIXED = {"id": "uuid", "tenant_id": "uuid", "session_id": "uuid", "contact_id": "uuid", "created_at": "timestamptz"}
_MUTABLE: dict[str, str | tuple[str, str]] = {
    "id": "uuid",
    "chat": "text",
    "updated_at": "timestamptz",
    "customer_phone": "text",
    "customer_name": "text",
    "profile_name": "text",
    "status": "text",
    "flow_state": "text",
    "department_id": "uuid",
    "assigned_user_id": "uuid",
    "timeout_at": "timestamptz",
    "told_timeout": "timestamptz",
    "told_at": "timestamptz",
    "routed_at": "timestamptz",
    "assigned_at": "timestamptz",
    "greeting_sent_at": "timestamptz",
    "resolved_at": "timestamptz",
    "resolve_reason": "text",
    "snoozed_until": "timestamptz",
    "last_message_at": "timestamptz",
    "last_department_id": "uuid",
    "last_attendant_id": "uuid",
    "routing_reason": "text",
    "waiting_since": "timestamptz",
    "unread_count": "int",
    "window_closes_at": "timestamptz",
    "thread_holder": "text",
    "bot_part": "text",
    "priority": "smallint",
    "labels": ("text", "text[]"),
    **service_columns.COLUMNS,
}
_ALL = Columns("conversations", {**_FIXED, **_MUTABLE})
_CHANGES = Columns("conversations", _MUTABLE)
_ADD, _SAVE = Write("conversations", _ALL.insert()), Write("conversations", _CHANGES.update())

# Columns that a message alone changes: most of all updates, and a fifth of the columns.
_ACTIVITY = (
    "updated_at",
    "timeout_at",
    "last_message_at",
    "waiting_since",
    "first_customer_at",
    "first_response_at",
    "unread_count",
    "window_closes_at",
    "target_look_at",
)
_ACTIVITY_COLUMNS = Columns("conversations", {name: _MUTABLE[name] for name in ("id", *_ACTIVITY)})
_SAVE_ACTIVITY = Write("conversations", _ACTIVITY_COLUMNS.update())
_OTHERS = (f.name for f in fields(Conversation) if f.compare and f.name not in _ACTIVITY and f.name != "clock")
_without_activity = attrgetter(*_OTHERS, "clock.targets")
_OF_CLOCK = ("first_customer_at", "first_response_at")
_activity_of = attrgetter(*(f"clock.{name}" if name in _OF_CLOCK else name for name in _ACTIVITY_COLUMNS.names))

COLUMNS = ", ".join(_ALL.names)
_SELECT = f"SELECT {COLUMNS} FROM conversations"
# The live conversation, which after a merge of contacts need not be the newest.
_LATEST = f"""{_SELECT} WHERE id = ANY(ARRAY(
      SELECT coalesce(
        (SELECT c.id FROM conversations c WHERE c.session_id = p.session_id AND c.contact_id = p.contact_id
           AND c.status IN ('OPEN', 'ASSIGNED')),
        (SELECT c.id FROM conversations c WHERE c.session_id = p.session_id AND c.contact_id = p.contact_id
         ORDER BY c.created_at DESC LIMIT 1))
      FROM unnest($1::uuid[], $2::uuid[]) AS p(session_id, contact_id)))
    ORDER BY id FOR NO KEY UPDATE"""
# Along one_live_conversation, session by session.
_LIVE_OF = f"""{_SELECT} WHERE id = ANY(ARRAY(
      SELECT c.id FROM hub.sessions s JOIN conversations c ON c.session_id = s.id
      WHERE s.tenant_id = hub.tenant() AND c.contact_id = $1 AND c.status IN ('OPEN', 'ASSIGNED')))
    ORDER BY id FOR NO KEY UPDATE"""
_LIVE_WITH = """
    SELECT c.id FROM unnest($2::text[], $3::text[]) AS w(kind, value)
    JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value
    JOIN conversations c ON c.session_id = $1 AND c.contact_id = i.contact_id AND c.status IN ('OPEN', 'ASSIGNED')
    LIMIT 1"""
_UNANSWERED = f"""{_SELECT} WHERE id = ANY(ARRAY(
      SELECT c.id FROM conversations c JOIN contacts p ON p.id = c.contact_id
      WHERE c.session_id = $1 AND c.status IN ('OPEN', 'ASSIGNED') AND c.bot_part = 'none' AND NOT p.is_group
        AND c.timeout_at IS NULL AND c.waiting_since IS NOT NULL
        AND (c.told_at IS NULL OR c.told_at < c.waiting_since)
        AND 'INBOUND' = (SELECT m.direction FROM messages m WHERE m.conversation_id = c.id AND m.target IS NULL
          ORDER BY m.seq DESC LIMIT 1)
      ORDER BY c.id FOR NO KEY UPDATE OF c)) ORDER BY id"""
_FLOWS_TIMED_OUT = f"""{_SELECT} WHERE timeout_at <= $1 AND status = 'OPEN'
      AND department_id IS NULL AND (asks OR bot_part <> 'none')
    ORDER BY timeout_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"""
_OVERDUE = f"""{_SELECT} WHERE timeout_at <= $1 AND (told_timeout IS NOT DISTINCT FROM timeout_at) = $3
      AND (status = 'ASSIGNED' OR status = 'OPEN' AND (department_id IS NOT NULL OR NOT asks AND bot_part = 'none'))
    ORDER BY timeout_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"""
_TARGETS_TO_TELL = f"""{_SELECT} WHERE target_look_at < $1
    ORDER BY target_look_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"""
_SNOOZED_UNTIL = f"""{_SELECT} WHERE snoozed_until <= $1
    ORDER BY snoozed_until, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"""
# Along conversations_by_status from its old end: a message moves a conversation to the other one.
_QUIET = f"""{_SELECT} WHERE tenant_id = hub.tenant() AND status IN ('OPEN', 'ASSIGNED') AND updated_at <= $2
      AND last_message_at <= $2 AND waiting_since IS NULL AND snoozed_until IS NULL
      AND department_id IS NOT DISTINCT FROM $1
      AND (bot_part = 'handed_over'
        OR session_id IN (SELECT id FROM hub.sessions WHERE routing = 'departments' OR bot IS NOT NULL))
      AND NOT EXISTS (SELECT FROM contacts p WHERE p.id = contact_id AND p.is_group)
    ORDER BY updated_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED"""
_HELD_ELSEWHERE = f"""{_SELECT} WHERE session_id = $1 AND status IN ('OPEN', 'ASSIGNED') AND thread_holder IS NOT NULL
    ORDER BY id LIMIT $2 FOR NO KEY UPDATE"""
_ROUTED_TO = f"""{_SELECT} WHERE assigned_user_id = $1 AND status = 'ASSIGNED'
      AND (bot_part = 'handed_over'
        OR session_id IN (SELECT id FROM hub.sessions WHERE routing = 'departments' OR bot IS NOT NULL))
    ORDER BY assigned_at, id LIMIT $2 FOR NO KEY UPDATE"""
_QUEUED = f"""{_SELECT} WHERE department_id = $1 AND status = 'OPEN'
    ORDER BY priority DESC, routed_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"""
_END_ASSIGNMENTS = Write(
    "assignments",
    """UPDATE assignments a SET unassigned_at = x.at FROM unnest($1::uuid[], $2::timestamptz[]) AS x(id, at)
       WHERE a.conversation_id = x.id AND a.unassigned_at IS NULL""",
)
_BEGIN_ASSIGNMENTS = Write(
    "assignments",
    """INSERT INTO assignments (tenant_id, conversation_id, user_id, assigned_at, reason)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[])""",
)
ASSIGNMENTS = """
    SELECT conversation_id, user_id, assigned_at, reason, unassigned_at, id FROM assignments
    WHERE conversation_id = $1 AND id > $2 ORDER BY id LIMIT $3"""
_ALL_ASSIGNMENTS = 2**31 - 1


def assignment_of(row: Any) -> Assignment:
    """Build an assignment from its row."""
    return Assignment(row["conversation_id"], row["user_id"], row["assigned_at"], row["reason"], row["unassigned_at"])


def conversation_of(row: Any) -> Conversation:
    """Build a conversation from its row."""
    values = service_columns.read(dict(row))
    values["status"] = ConversationStatus(values["status"])
    values["flow_state"], values["bot_part"] = FlowState(values["flow_state"]), BotPart(values["bot_part"])
    values["labels"] = tuple(values["labels"])
    values["priority"] = Priority(values["priority"])
    return Conversation(**values)


def _row(conversation: Conversation, columns: Columns) -> list[object]:
    own = service_columns.values_of(conversation)
    own["labels"] = array(conversation.labels)
    return [own[name] if name in own else getattr(conversation, name) for name in columns.names]


def _holder(conversation: Conversation) -> UserId | None:
    """Return the current assignee; a closed conversation has none, though it keeps the column."""
    return conversation.assigned_user_id if conversation.status is ConversationStatus.ASSIGNED else None


def _one_live_conversation() -> dict[str, Exception]:
    text = "this contact has an open conversation on this session"
    return {"one_live_conversation": Conflict("already_open", text)}


def _written(conversations: Iterable[Conversation]) -> Iterator[Hashable]:
    """List the rows written, and their contacts on sessions: one conversation must end before the next begins."""
    for c in conversations:
        yield from (c.id, (c.session_id, c.contact_id))


_COPIED = """
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, after)
    SELECT hub.tenant(), w ->> 'key', (w ->> 'user')::uuid, w ->> 'email', w ->> 'from', w ->> 'doing', 'create',
      'conversation_copy', $2::uuid::text, jsonb_build_object('format', $3::text, 'notes', $4::boolean)
    FROM (SELECT $1::text::jsonb AS w) AS who WHERE w IS NOT NULL"""


class PostgresConversations:
    """Implements `Conversations`."""

    def __init__(self, connection: Statements, events: list[Event]) -> None:
        self._connection = connection
        self._events = events
        self._holders: dict[ConversationId, UserId | None] = {}
        self._stored: dict[ConversationId, object] = {}
        """Each loaded row without the activity columns."""

    def _loaded(self, rows: Iterable[Any]) -> list[Conversation]:
        conversations = [conversation_of(row) for row in rows]
        self._holders.update((c.id, _holder(c)) for c in conversations)
        self._stored.update((c.id, _without_activity(c)) for c in conversations)
        return conversations

    async def latest(
        self, pairs: Iterable[tuple[SessionId, ContactId]]
    ) -> dict[tuple[SessionId, ContactId], Conversation]:
        """Read and lock the live one of each pair, else the newest, in one statement."""
        wanted = list(pairs)
        rows = await self._connection.fetch(
            _LATEST, [s for s, _ in wanted], [c for _, c in wanted], of=("conversations",)
        )
        return {(c.session_id, c.contact_id): c for c in self._loaded(rows)}

    async def start_waiting(self, session_id: SessionId, timeout_at: datetime, at: datetime, reason: str) -> None:
        """Set the wait of the session's unanswered conversations, as when its bot went."""
        waiting = self._loaded(await self._connection.fetch(_UNANSWERED, session_id))
        for conversation in waiting:
            conversation.set_wait(timeout_at, at, reason)
        await self.save(waiting)

    async def live_of(self, contact_id: ContactId) -> list[Conversation]:
        """Read and lock the contact's live conversations, of all sessions."""
        return self._loaded(await self._connection.fetch(_LIVE_OF, contact_id))

    async def live_with(self, session_id: SessionId, identities: Sequence[Identity]) -> ConversationId | None:
        """Find a live round by its customer's identities."""
        columns = [i.kind.value for i in identities], [i.value for i in identities]
        found: ConversationId | None = await self._connection.fetchval(_LIVE_WITH, session_id, *columns)
        return found

    async def get(self, conversation_id: ConversationId) -> Conversation:
        """Read and lock one. Raises NotFound."""
        rows = await self._connection.fetch(f"{_SELECT} WHERE id = $1 FOR NO KEY UPDATE", conversation_id)
        if not rows:
            raise NotFound("conversation", conversation_id)
        return self._loaded(rows)[0]

    async def of_contacts(self, contact_ids: Iterable[ContactId]) -> list[Conversation]:
        """Return all conversations of these contacts, locked."""
        statement = f"{_SELECT} WHERE contact_id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
        return self._loaded(await self._connection.fetch(statement, list(contact_ids)))

    async def add(self, conversations: Sequence[Conversation]) -> None:
        """Insert them with the transaction's next flush. A second live one of the same contact raises there."""
        if not conversations:
            return
        self._events += recorded(conversations)
        rows = _ALL.arrays(_row(c, _ALL) for c in conversations)
        await self._connection.defer(_ADD, *rows, rows=_written(conversations), refused=_one_live_conversation())
        await self._record(conversations)

    async def save(self, conversations: Sequence[Conversation]) -> None:
        """Update them by id; where only activity changed, only those columns."""
        if not conversations:
            return
        self._events += recorded(conversations)
        ordered = sorted(conversations, key=lambda c: c.id)
        if all(self._stored.get(c.id) == _without_activity(c) for c in ordered):
            write, rows = _SAVE_ACTIVITY, _ACTIVITY_COLUMNS.arrays(map(_activity_of, ordered))
        else:
            write, rows = _SAVE, _CHANGES.arrays(_row(c, _CHANGES) for c in ordered)
            self._stored.update((c.id, _without_activity(c)) for c in ordered)
        await self._connection.defer(write, *rows, rows=_written(ordered), refused=_one_live_conversation())
        await self._record(ordered)

    async def _record(self, conversations: Sequence[Conversation]) -> None:
        """Write the assignments that began or ended since loading."""
        changed = [c for c in conversations if self._holders.get(c.id) != _holder(c)]
        ended = [c for c in changed if self._holders.get(c.id)]
        begun = [c for c in changed if _holder(c)]
        self._holders.update((c.id, _holder(c)) for c in conversations)
        if ended:
            ids = [c.id for c in ended]  # a conversation has one at a time: the old one ends before another begins
            await self._connection.defer(_END_ASSIGNMENTS, ids, [c.updated_at for c in ended], rows=ids)
        if begun:
            rows = (
                (c.tenant_id, c.id, c.assigned_user_id, c.assigned_at or c.updated_at, c.routing_reason or "")
                for c in begun
            )
            await self._connection.defer(_BEGIN_ASSIGNMENTS, *zip(*rows, strict=True), rows=[c.id for c in begun])

    async def peek(self, conversation_id: ConversationId) -> Conversation:
        """Read one, unlocked. Raises NotFound."""
        row = await self._connection.fetchrow(f"{_SELECT} WHERE id = $1", conversation_id)
        if row is None:
            raise NotFound("conversation", conversation_id)
        return conversation_of(row)

    async def copied(self, conversation_id: ConversationId, form: str, *, with_notes: bool) -> None:
        """Add an entry to the audit trail."""
        await self._connection.execute(_COPIED, acting(), conversation_id, form, with_notes)

    async def flows_timed_out(self, now: datetime, limit: int) -> list[Conversation]:
        """Read and lock conversations whose question or menu expired."""
        return self._loaded(await self._connection.fetch(_FLOWS_TIMED_OUT, now, limit))

    async def overdue(self, now: datetime, limit: int, *, notified: bool) -> list[Conversation]:
        """Read and lock conversations past `timeout_at`: supervisors know of them, or (not `notified`) do not."""
        return self._loaded(await self._connection.fetch(_OVERDUE, now, limit, notified))

    async def with_target_due(self, now: datetime, limit: int) -> list[Conversation]:
        """Read and lock conversations with a deadline to look at."""
        return self._loaded(await self._connection.fetch(_TARGETS_TO_TELL, now, limit))

    async def snoozed_until(self, now: datetime, limit: int) -> list[Conversation]:
        """Read and lock conversations whose snooze is over."""
        return self._loaded(await self._connection.fetch(_SNOOZED_UNTIL, now, limit))

    async def quiet(self, department_id: DepartmentId | None, since: datetime, limit: int) -> list[Conversation]:
        """Read and lock conversations in which nothing was said since then, and that the company answered."""
        return self._loaded(await self._connection.fetch(_QUIET, department_id, since, limit))

    async def held_elsewhere(self, session_id: SessionId, limit: int) -> list[Conversation]:
        """Read and lock live rounds whose thread another program has."""
        return self._loaded(await self._connection.fetch(_HELD_ELSEWHERE, session_id, limit))

    async def routed_to(self, user_id: UserId, limit: int) -> list[Conversation]:
        """Read and lock a user's assigned conversations, where the hub may give them to somebody else."""
        return self._loaded(await self._connection.fetch(_ROUTED_TO, user_id, limit))

    async def queued(self, department_id: DepartmentId, limit: int) -> list[Conversation]:
        """Read and lock the department's queue, by priority and waiting time, skipping locked rows."""
        return self._loaded(await self._connection.fetch(_QUEUED, department_id, limit))


class PostgresAssignments:
    """Implements `Assignments`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def of(self, conversation_id: ConversationId) -> list[Assignment]:
        """Read a conversation's assignments, the oldest first."""
        rows = await self._connection.fetch(ASSIGNMENTS, conversation_id, 0, _ALL_ASSIGNMENTS)
        return [assignment_of(row) for row in rows]
