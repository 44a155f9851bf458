"""`/api/conversations`: one conversation; begin, assign, resolve, read."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationDetail, ConversationView, NoteView
from whatsapp_hub.adapters.contracts.views.messages import MessagePage, MessageView
from whatsapp_hub.adapters.contracts.views.view import extended
from whatsapp_hub.adapters.http.api.conversations.contents import check_components
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.adapters.http.paging import POSITION, Cursor, Limit
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.close_conversation import ResolveConversation
from whatsapp_hub.application.handling.mark_read import MarkConversationRead
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.reading.queries import Queries, Stretch
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.application.sending.schedule_message import ListScheduled
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, MessageId, SessionId, UserId
from whatsapp_hub.domain.messaging import content as kinds

TAGS = ["conversations"]
READ = [allows(Action.READ_CONVERSATIONS)]
FIRST_MESSAGES = 50
MOST_BESIDE = 200
Include = Annotated[str, QueryParameter(max_length=100, description="`notes`, `scheduled`: what stands with it")]

IdempotencyKey: TypeAlias = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


class Template(msgspec.Struct, forbid_unknown_fields=True):
    """A template message in Meta's form; `components` are passed on as they are."""

    name: str
    language: str
    components: list[dict[str, Any]] = msgspec.field(default_factory=list)


class StartBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A conversation that an agent begins, with a text or a template; `send_at`: which is sent then, not now."""

    session_id: UUID
    to: str
    content: str | None = None
    template: Template | None = None
    send_at: datetime | None = None

    def what(self) -> kinds.Text | kinds.Template:
        """Return the content. Raises Invalid unless exactly one of both is given."""
        if (self.content is None) == (self.template is None):
            raise Invalid.field("content", "either content or template must be given")
        if self.template is None:
            return kinds.Text.plain(self.content or "")
        template = self.template
        check_components(template.components, "template/components")
        return kinds.Template(name=template.name, language=template.language, components=tuple(template.components))


class AssignBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Who gets the conversation; left out: the caller."""

    user_id: UUID | None = None


class ResolveBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is resolved, in one of the company's `resolveReasons`, and a note for colleagues."""

    reason: str | None = None
    note: str | None = None


@get("/conversations/{id:uuid}", guards=READ, tags=TAGS)
async def get_conversation(
    caller: Asking,
    id: FromPath[UUID],
    queries: FromDishka[Queries],
    log: FromDishka[EventLog],
    list_scheduled: FromDishka[ListScheduled],
    include: Include = "",
) -> Response[ConversationDetail]:
    """Show a conversation with its contact and its newest messages. `X-Position`: a position of the log that the answer
    reflects at least."""
    wanted = _included(include)
    position = await log.head()
    sight = await sight_for(caller, queries)
    conversation = await queries.conversation(caller.tenant_id, sight, ConversationId(id))
    contact = await queries.contact_of(caller.tenant_id, conversation.id)
    beside = await queries.glances(caller.tenant_id, [conversation.id])
    newest = await queries.messages(caller.tenant_id, conversation.id, FIRST_MESSAGES, None)
    shown = extended(
        ConversationDetail,
        ConversationView.of(conversation, beside[conversation.id]),
        contact=ContactView.of(contact),
        messages=[MessageView.of(m) for m in newest.items],
        next_cursor=newest.next_cursor,
    )
    if "notes" in wanted:
        notes = await queries.newest_notes(caller.tenant_id, conversation.id, MOST_BESIDE)
        shown.notes = [NoteView.of(note) for note in notes]
    if "scheduled" in wanted:
        waiting = await list_scheduled(caller, conversation.id, MOST_BESIDE, None)
        shown.scheduled = [MessageView.of(message) for message in waiting]
    return Response(shown, headers={POSITION: str(position)})


def _included(names: str) -> frozenset[str]:
    wanted = frozenset(filter(None, (name.strip() for name in names.split(","))))
    if wanted - {"notes", "scheduled"}:
        raise Invalid.field("include", "must be notes, scheduled or both, with a comma between")
    return wanted


@get("/conversations/{id:uuid}/messages", guards=READ, tags=TAGS)
async def list_messages(
    caller: Asking,
    id: FromPath[UUID],
    queries: FromDishka[Queries],
    limit: Limit = 50,
    cursor: Cursor = None,
    around: FromQuery[UUID | None] = None,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
) -> MessagePage:
    """List a conversation's messages: the newest page first, ascending inside; the cursor leads to older ones.
    `around`: those around a message; `after`: those that follow a `seq`. One of the three at a time."""
    if (cursor is not None) + (around is not None) + (after is not None) > 1:
        raise Invalid.field("cursor", "of cursor, around and after one may be given")
    sight = await sight_for(caller, queries)
    conversation = await queries.conversation(caller.tenant_id, sight, ConversationId(id))
    if around is not None:
        return _shown(await queries.messages_around(caller.tenant_id, conversation.id, MessageId(around), limit))
    if after is not None:
        return _shown(await queries.messages_after(caller.tenant_id, conversation.id, after, limit))
    found = await queries.messages(caller.tenant_id, conversation.id, limit, cursor)
    return MessagePage([MessageView.of(m) for m in found.items], found.next_cursor or msgspec.UNSET)


def _shown(stretch: Stretch) -> MessagePage:
    return MessagePage([MessageView.of(m) for m in stretch.items], stretch.older or msgspec.UNSET, stretch.has_newer)


@post("/conversations", tags=TAGS)
async def start_conversation(
    caller: Asking,
    data: JSONBody[StartBody],
    start_conversation: FromDishka[StartConversation],
    key: IdempotencyKey = None,
) -> ConversationView:
    """Send a customer the first message. A live conversation with that customer is continued; one that the caller does
    not see is answered with 409 `held_elsewhere`, the `department` and the `user` who have it. `to` is a JID, or a
    phone number as people write it; one without a country code is read in the company's country. With `sendAt` the
    message waits until then (`GET /api/messages/scheduled`), in the customer's latest conversation that the caller
    sees, else in a new one."""
    later = utc("send_at", data.send_at)
    started = await start_conversation(caller, SessionId(data.session_id), data.to, data.what(), key, later)
    return ConversationView.of(started)


@post("/conversations/{id:uuid}/assign", status_code=200, tags=TAGS)
async def assign_conversation(
    caller: Asking,
    id: FromPath[UUID],
    assign_conversation: FromDishka[AssignConversation],
    data: JSONBody[AssignBody | None] = None,
) -> ConversationView:
    """Assign it to oneself, or (ADMIN) to `userId`."""
    user_id = UserId(data.user_id) if data and data.user_id else None
    return ConversationView.of(await assign_conversation(caller, ConversationId(id), user_id))


@post("/conversations/{id:uuid}/resolve", status_code=200, tags=TAGS)
async def resolve_conversation(
    caller: Asking,
    id: FromPath[UUID],
    resolve_conversation: FromDishka[ResolveConversation],
    data: JSONBody[ResolveBody | None] = None,
) -> ConversationView:
    """Resolve a conversation; with a `reason` where the company requires one, and a `note` for colleagues. If
    `asksRating` is on, the customer is asked for a rating from 1 to 5; what they write within 24 hours, if it is one,
    is stored as `rating` and opens no new round."""
    given = data or ResolveBody()
    with renamed(content="note"):
        done = await resolve_conversation(caller, ConversationId(id), given.reason, given.note)
    return ConversationView.of(done)


@post("/conversations/{id:uuid}/read", status_code=200, tags=TAGS)
async def mark_read(
    caller: Asking, id: FromPath[UUID], mark_conversation_read: FromDishka[MarkConversationRead]
) -> ConversationView:
    """Mark all of its messages as read."""
    return ConversationView.of(await mark_conversation_read(caller, ConversationId(id)))


HANDLERS = [
    get_conversation,
    list_messages,
    start_conversation,
    assign_conversation,
    resolve_conversation,
    mark_read,
]
