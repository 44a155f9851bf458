"""`/api/conversations/{id}/…`: agents' actions on a conversation other than answering it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody

from whatsapp_hub.adapters.contracts.events.envelope import EventView
from whatsapp_hub.adapters.contracts.views.conversations import AssignmentView, ConversationView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.conversations.conversations import READ, TAGS
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import Cursor, Limit, page
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.application.handling.ask_for_conversation import AskForConversation
from whatsapp_hub.application.handling.classify_conversation import ClassifyConversation, RenameCustomer
from whatsapp_hub.application.handling.close_conversation import ArchiveConversation, ReopenConversation
from whatsapp_hub.application.handling.mark_read import MarkConversationUnread
from whatsapp_hub.application.handling.snooze_conversation import SnoozeConversation
from whatsapp_hub.application.handling.take_thread import TakeThread
from whatsapp_hub.application.handling.transfer_conversation import TransferConversation, UnassignConversation
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.conversations.conversation import Priority
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, SessionId, UserId


class TransferBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The department to transfer to, and perhaps the person there."""

    department_id: UUID
    user_id: UUID | None = None


class ConversationPatch(msgspec.Struct, forbid_unknown_fields=True):
    """Changes of priority or labels; `labels` replaces all of them."""

    priority: Literal["LOW", "NORMAL", "HIGH", "URGENT"] | None = None
    labels: list[str] | None = None


class NameBody(msgspec.Struct, forbid_unknown_fields=True):
    """The customer's name as agents shall see it."""

    name: str


class LabelView(View):
    """A label, and how many of the recent conversations have it."""

    label: str
    count: int


class SnoozeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Until when it stays out of sight; null: it comes back now."""

    until: datetime | None


class AskBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A customer whom others have: by which number, and the customer's own."""

    session_id: UUID
    to: str


@post("/conversations/ask-for", status_code=204, tags=TAGS)
async def ask_for_conversation(
    caller: Asking, data: JSONBody[AskBody], ask_for_conversation: FromDishka[AskForConversation]
) -> None:
    """Ask for a customer's live conversation that others have (`held_elsewhere`): a note in it, and a notification to
    who has it, else to administrators; again within ten minutes nothing is added, and 20 an hour are let through (429).
    409 `not_held`: the caller sees it."""
    await ask_for_conversation(caller, SessionId(data.session_id), data.to)


@post("/conversations/{id:uuid}/unassign", status_code=200, tags=TAGS)
async def unassign_conversation(
    caller: Asking, id: FromPath[UUID], unassign_conversation: FromDishka[UnassignConversation]
) -> ConversationView:
    """Give it back: to another agent who is free, or to the queue."""
    return ConversationView.of(await unassign_conversation(caller, ConversationId(id)))


@post("/conversations/{id:uuid}/transfer", status_code=200, tags=TAGS)
async def transfer_conversation(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[TransferBody],
    transfer_conversation: FromDishka[TransferConversation],
) -> ConversationView:
    """Transfer it to a department, to `userId` first if free. The customer is notified."""
    user_id = UserId(data.user_id) if data.user_id else None
    moved = await transfer_conversation(caller, ConversationId(id), DepartmentId(data.department_id), user_id)
    return ConversationView.of(moved)


@post("/conversations/{id:uuid}/archive", status_code=200, tags=TAGS)
async def archive_conversation(
    caller: Asking, id: FromPath[UUID], archive_conversation: FromDishka[ArchiveConversation]
) -> ConversationView:
    """Archive it, live or resolved."""
    return ConversationView.of(await archive_conversation(caller, ConversationId(id)))


@post("/conversations/{id:uuid}/reopen", status_code=200, tags=TAGS)
async def reopen_conversation(
    caller: Asking, id: FromPath[UUID], reopen_conversation: FromDishka[ReopenConversation]
) -> ConversationView:
    """Reopen a resolved or archived conversation."""
    return ConversationView.of(await reopen_conversation(caller, ConversationId(id)))


@post("/conversations/{id:uuid}/unread", status_code=200, tags=TAGS)
async def mark_unread(
    caller: Asking, id: FromPath[UUID], mark_conversation_unread: FromDishka[MarkConversationUnread]
) -> ConversationView:
    """Mark it unread, to come back to it; the customer sees nothing of it."""
    return ConversationView.of(await mark_conversation_unread(caller, ConversationId(id)))


@post("/conversations/{id:uuid}/snooze", status_code=200, tags=TAGS)
async def snooze_conversation(
    caller: Asking, id: FromPath[UUID], data: JSONBody[SnoozeBody], snooze_conversation: FromDishka[SnoozeConversation]
) -> ConversationView:
    """Put it out of sight until a time (`snoozedUntil`), at most a year ahead. It comes back then, with a notification,
    or with the customer's next message; time-outs and targets go on."""
    until = utc("until", data.until)
    return ConversationView.of(await snooze_conversation(caller, ConversationId(id), until))


@post("/conversations/{id:uuid}/take-thread", status_code=200, tags=TAGS)
async def take_thread(caller: Asking, id: FromPath[UUID], take_thread: FromDishka[TakeThread]) -> ConversationView:
    """Take the customer from another program that answers the same number (`threadHolder`; Meta's conversation
    routing). Until then neither bots nor agents write to them: 409 `thread_held`. 409 `thread_refused`: WhatsApp lets
    only the escalation partner take it."""
    return ConversationView.of(await take_thread(caller, ConversationId(id)))


@patch("/conversations/{id:uuid}", tags=TAGS)
async def classify_conversation(
    caller: Asking,
    id: FromPath[UUID],
    data: JSONBody[ConversationPatch],
    classify_conversation: FromDishka[ClassifyConversation],
) -> ConversationView:
    """Set its priority in queues, and its labels, by which agents with such skills are chosen."""
    priority = None if data.priority is None else Priority[data.priority]
    return ConversationView.of(await classify_conversation(caller, ConversationId(id), priority, data.labels))


@patch("/conversations/{id:uuid}/customer-name", tags=TAGS)
async def rename_customer(
    caller: Asking, id: FromPath[UUID], data: JSONBody[NameBody], rename_customer: FromDishka[RenameCustomer]
) -> ConversationView:
    """Set the customer's name for this company."""
    return ConversationView.of(await rename_customer(caller, ConversationId(id), data.name))


@get("/conversations/{id:uuid}/assignments", guards=READ, tags=TAGS)
async def list_assignments(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[AssignmentView]]:
    """List who had it from when to when, and why, the older first; the one without `unassignedAt` has it now."""
    conversation = await queries.conversation(caller.tenant_id, await sight_for(caller, queries), ConversationId(id))
    found = await queries.assignments(caller.tenant_id, conversation.id, limit, cursor)
    return page([AssignmentView.of(one) for one in found.items], found.next_cursor)


@get("/conversations/{id:uuid}/events", guards=READ, tags=TAGS)
async def list_conversation_events(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], limit: Limit = 50, cursor: Cursor = None
) -> Response[list[EventView]]:
    """List what happened to it (assigned, transferred, resolved, …), the newest first, as far as the log is kept."""
    conversation = await queries.conversation(caller.tenant_id, await sight_for(caller, queries), ConversationId(id))
    found = await queries.timeline(caller.tenant_id, conversation.id, limit, cursor)
    return page([EventView.of(event) for event in found.items], found.next_cursor)


@get("/labels", guards=READ, tags=TAGS)
async def list_labels(caller: Asking, queries: FromDishka[Queries]) -> list[LabelView]:
    """List the labels of the company's recent conversations, the most frequent first."""
    return [LabelView(found.label, found.count) for found in await queries.labels(caller.tenant_id)]


HANDLERS = [
    ask_for_conversation,
    unassign_conversation,
    transfer_conversation,
    archive_conversation,
    reopen_conversation,
    mark_unread,
    snooze_conversation,
    take_thread,
    classify_conversation,
    rename_customer,
    list_assignments,
    list_conversation_events,
    list_labels,
]
