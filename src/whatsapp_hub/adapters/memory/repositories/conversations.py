"""Conversations, and the record of their assignments."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, copied
from whatsapp_hub.adapters.memory.tables.entities import (
    ASSIGNMENTS,
    CONTACTS,
    CONVERSATIONS,
    MESSAGES,
    SESSIONS,
)
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import ContactId, ConversationId, DepartmentId, SessionId, UserId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.message import Direction

_NEVER = datetime.max.replace(tzinfo=UTC)


def _holder(conversation: Conversation | None) -> UserId | None:
    """Return the current assignee; a closed conversation has none, though it keeps the field."""
    is_assigned = conversation is not None and conversation.status is ConversationStatus.ASSIGNED
    return conversation.assigned_user_id if conversation and is_assigned else None


class MemoryConversations:
    """Implements `Conversations`."""

    def __init__(self, rows: Rows, events: list[Event]) -> None:
        self._rows = rows
        self._events = events

    async def latest(
        self, pairs: Iterable[tuple[SessionId, ContactId]]
    ) -> dict[tuple[SessionId, ContactId], Conversation]:
        """Return the newest round of each pair, the live one first: after a merge it need not be the newest."""
        found = {}
        for pair in dict.fromkeys(pairs):
            rounds = [c for c in self._rows.each(CONVERSATIONS) if (c.session_id, c.contact_id) == pair]
            if rounds:
                found[pair] = max(rounds, key=lambda c: (c.is_live, c.created_at)).id
        locked = {id: await self.get(id) for id in sorted(found.values())}
        return {pair: locked[id] for pair, id in found.items()}

    async def start_waiting(self, session_id: SessionId, timeout_at: datetime, at: datetime, reason: str) -> None:
        waiting = [c.id for c in self._rows.each(CONVERSATIONS) if c.session_id == session_id and self._waits(c)]
        for id in sorted(waiting):
            conversation = await self.get(id)
            if self._waits(conversation):
                conversation.set_wait(timeout_at, at, reason)
                await self.save([conversation])

    def _waits(self, conversation: Conversation) -> bool:
        contact = self._rows.peek(CONTACTS, conversation.contact_id)
        is_persons = contact is not None and not contact.is_group and conversation.bot_part is BotPart.NONE
        return is_persons and conversation.waits_unseen and self._is_unanswered(conversation.id)

    def _is_unanswered(self, conversation_id: ConversationId) -> bool:
        messages = [m for m in self._rows.each(MESSAGES) if m.conversation_id == conversation_id]
        return bool(messages) and messages[-1].direction is Direction.INBOUND

    async def live_of(self, contact_id: ContactId) -> list[Conversation]:
        ids = [c.id for c in self._rows.each(CONVERSATIONS) if c.contact_id == contact_id and c.is_live]
        return [await self.get(id) for id in sorted(ids)]

    async def live_with(self, session_id: SessionId, identities: Sequence[Identity]) -> ConversationId | None:
        people = {c.id for c in self._rows.each(CONTACTS) if not set(c.identities).isdisjoint(identities)}
        live = (c for c in self._rows.each(CONVERSATIONS) if c.session_id == session_id and c.is_live)
        return next((c.id for c in live if c.contact_id in people), None)

    async def of_contacts(self, contact_ids: Iterable[ContactId]) -> list[Conversation]:
        """Return all conversations of these contacts, locked."""
        wanted = set(contact_ids)
        ids = [c.id for c in self._rows.each(CONVERSATIONS) if c.contact_id in wanted]
        return [await self.get(id) for id in sorted(ids)]

    async def copied(self, conversation_id: ConversationId, form: str, *, with_notes: bool) -> None:
        """Do nothing: the memory has no record of changes."""

    async def get(self, conversation_id: ConversationId) -> Conversation:
        if (found := await self._rows.get(CONVERSATIONS, conversation_id)) is None:
            raise NotFound("conversation", conversation_id)
        return found

    async def peek(self, conversation_id: ConversationId) -> Conversation:
        if (found := self._rows.peek(CONVERSATIONS, conversation_id)) is None:
            raise NotFound("conversation", conversation_id)
        return found

    async def add(self, conversations: Sequence[Conversation]) -> None:
        self._events += recorded(conversations)
        for conversation in conversations:
            await self._require_one_live(conversation)
            await self._rows.put(CONVERSATIONS, conversation.id, conversation)
            await self._record(conversation, None)

    async def save(self, conversations: Sequence[Conversation]) -> None:
        self._events += recorded(conversations)
        for conversation in sorted(conversations, key=lambda c: c.id):
            if (was := await self._rows.get(CONVERSATIONS, conversation.id)) is None:
                continue
            await self._require_one_live(conversation)
            await self._rows.put(CONVERSATIONS, conversation.id, conversation)
            await self._record(conversation, was)

    async def _require_one_live(self, conversation: Conversation) -> None:
        pair = (conversation.session_id, conversation.contact_id)
        if not conversation.is_live:
            return
        await self._rows.lock_name("live", *pair)
        others = (c for c in self._rows.each(CONVERSATIONS) if (c.session_id, c.contact_id) == pair and c.is_live)
        if any(c.id != conversation.id for c in others):
            text = "this contact has an open conversation on this session"
            raise self._rows.refused(Conflict("already_open", text))

    async def _record(self, conversation: Conversation, was: Conversation | None) -> None:
        """Write the assignments that began or ended."""
        c, holder = conversation, _holder(conversation)
        if holder == _holder(was):
            return
        for number, assignment in list(self._rows.each(ASSIGNMENTS)):
            if assignment.conversation_id == c.id and assignment.unassigned_at is None:
                ended = replace(assignment, unassigned_at=c.updated_at)
                await self._rows.put(ASSIGNMENTS, number, (number, ended))
        if holder:
            number = self._rows.next("assignments")
            begun = Assignment(c.id, holder, c.assigned_at or c.updated_at, c.routing_reason or "")
            await self._rows.put(ASSIGNMENTS, number, (number, begun))

    def _free(self, found: Iterable[Conversation], limit: int) -> list[Conversation]:
        """Lock up to `limit` of them, without those that another transaction has."""
        taken: list[Conversation] = []
        for conversation in found:
            if len(taken) < limit and self._rows.try_lock(CONVERSATIONS, conversation.id):
                taken.append(copied(conversation))
        return taken

    async def flows_timed_out(self, now: datetime, limit: int) -> list[Conversation]:
        late = [
            c
            for c in self._rows.each(CONVERSATIONS)
            if c.timeout_at and c.timeout_at <= now and c.status is ConversationStatus.OPEN
            and c.department_id is None and (c.dialogue.asks or c.bot_part is not BotPart.NONE)
        ]  # fmt: skip
        return self._free(sorted(late, key=_timeout), limit)

    async def overdue(self, now: datetime, limit: int, *, notified: bool) -> list[Conversation]:
        late = [
            c
            for c in self._rows.each(CONVERSATIONS)
            if c.timeout_at and c.timeout_at <= now and c.has_unreported_timeout is not notified and _is_peoples(c)
        ]
        return self._free(sorted(late, key=_timeout), limit)

    async def with_target_due(self, now: datetime, limit: int) -> list[Conversation]:
        due = [c for c in self._rows.each(CONVERSATIONS) if (at := c.target_look_at) and at < now]
        return self._free(sorted(due, key=lambda c: (c.target_look_at or _NEVER, c.id)), limit)

    async def snoozed_until(self, now: datetime, limit: int) -> list[Conversation]:
        over = [c for c in self._rows.each(CONVERSATIONS) if c.snoozed_until and c.snoozed_until <= now]
        return self._free(sorted(over, key=lambda c: (c.snoozed_until or _NEVER, c.id)), limit)

    async def quiet(self, department_id: DepartmentId | None, since: datetime, limit: int) -> list[Conversation]:
        of_department = (c for c in self._rows.each(CONVERSATIONS) if c.department_id == department_id)
        found = [c for c in of_department if c.is_quiet(since) and self._routes(c) and not self._is_groups(c)]
        return self._free(sorted(found, key=lambda c: (c.updated_at, c.id)), limit)

    def _is_groups(self, conversation: Conversation) -> bool:
        contact = self._rows.peek(CONTACTS, conversation.contact_id)
        return contact is not None and contact.is_group

    async def held_elsewhere(self, session_id: SessionId, limit: int) -> list[Conversation]:
        held = [c.id for c in self._rows.each(CONVERSATIONS) if c.session_id == session_id and c.thread_holder]
        found = [await self.get(id) for id in sorted(held)]
        return [c for c in found if c.is_live and c.thread_holder][:limit]

    async def routed_to(self, user_id: UserId, limit: int) -> list[Conversation]:
        held = [c for c in self._rows.each(CONVERSATIONS) if _holder(c) == user_id and self._routes(c)]
        held.sort(key=lambda c: (c.assigned_at or _NEVER, c.id))
        return [await self.get(c.id) for c in held[:limit]]

    def _routes(self, conversation: Conversation) -> bool:
        session = self._rows.peek(SESSIONS, conversation.session_id)
        return session is not None and session.routes(conversation.bot_part)

    async def queued(self, department_id: DepartmentId, limit: int) -> list[Conversation]:
        waiting = [c for c in self._rows.each(CONVERSATIONS) if c.is_queued and c.department_id == department_id]
        waiting.sort(key=lambda c: (-c.priority, c.routed_at or _NEVER))
        return self._free(waiting, limit)


def _timeout(conversation: Conversation) -> tuple[datetime, ConversationId]:
    return conversation.timeout_at or _NEVER, conversation.id


def _is_peoples(conversation: Conversation) -> bool:
    """Check that neither a question nor the session's bot has it."""
    c = conversation
    is_open = c.status is ConversationStatus.OPEN
    is_unasked = not c.dialogue.asks and c.bot_part is BotPart.NONE
    return c.status is ConversationStatus.ASSIGNED or (is_open and (c.department_id is not None or is_unasked))


class MemoryAssignments:
    """Implements `Assignments`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def of(self, conversation_id: ConversationId) -> list[Assignment]:
        return [a for _, a in self._rows.each(ASSIGNMENTS) if a.conversation_id == conversation_id]
