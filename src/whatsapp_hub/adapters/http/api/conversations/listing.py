"""`GET /api/conversations`: filtered, sorted, by view; and how many each view has."""

from typing import Annotated
from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from whatsapp_hub.adapters.contracts.views.conversations import PRIORITY_NAMES, ConversationView, PriorityName
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.conversations.conversations import READ, TAGS
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.paging import POSITION, Cursor, Limit, page
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.reading.conversation_filter import (
    ConversationFilter,
    Counts,
    InboxView,
    Order,
    Window,
    viewed,
)
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.reading.visibility import reader_for, sight_for
from whatsapp_hub.domain.conversations.conversation import LIVE, ConversationStatus
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import DepartmentId, SessionId, UserId

_PRIORITIES = {name: priority for priority, name in PRIORITY_NAMES.items()}


class ViewCounts(View):
    """How many live conversations each view of the inbox has for the caller, of those that the caller may see.
    `isComplete` false: there are more than were counted (20,000)."""

    mine: int
    waiting: int
    unassigned: int
    department: int
    bot: int
    all: int
    snoozed: int
    is_complete: bool

    @classmethod
    def of(cls, counts: Counts) -> "ViewCounts":
        """Show them by the views' names."""
        return cls(**{view.value: count for view, count in counts.views.items()}, is_complete=counts.is_complete)


def _statuses(text: str | None) -> frozenset[ConversationStatus]:
    try:
        return frozenset(ConversationStatus(name) for name in text.split(",")) if text else frozenset()
    except ValueError:
        known = ", ".join(ConversationStatus)
        raise Invalid.field("status", f"must be one or more of {known}, with commas between") from None


@get("/conversations", guards=READ, tags=TAGS)
async def list_conversations(
    caller: Asking,
    queries: FromDishka[Queries],
    log: FromDishka[EventLog],
    view: FromQuery[InboxView | None] = None,
    status: FromQuery[str | None] = None,
    department_id: Annotated[UUID | None, QueryParameter(name="departmentId")] = None,
    assigned_user_id: Annotated[UUID | None, QueryParameter(name="assignedUserId")] = None,
    session_id: Annotated[UUID | None, QueryParameter(name="sessionId")] = None,
    search: Annotated[str | None, QueryParameter(max_length=200)] = None,
    breached: FromQuery[bool] = False,
    unassigned: FromQuery[bool] = False,
    unread: FromQuery[bool] = False,
    waiting: FromQuery[bool] = False,
    label: Annotated[str | None, QueryParameter(max_length=200)] = None,
    priority: FromQuery[PriorityName | None] = None,
    bot: FromQuery[bool | None] = None,
    snoozed: FromQuery[bool | None] = None,
    window: FromQuery[Window | None] = None,
    sort: FromQuery[Order] = Order.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[ConversationView]]:
    """List conversations that the caller may see. `view`: one of the inbox, narrowed by what else is asked: `mine`,
    `waiting` (mine, unread), `unassigned`, `department` (mine), `bot`, `all` (live ones), `snoozed`, `resolved`
    (archived ones too). `breached`: those that missed a target; `waiting`: whose customer waits for an answer; `bot`:
    whether the session's bot answers; `window`: WhatsApp's 24 hours are over (`closed`), will be within two hours
    (`closing`), or neither (`open`). `sort`: `newest` (changed last), or, of live ones, `waiting` (the longest first),
    `due` (whose target is due next), `priority`. A page may hold fewer than `limit` and yet have a cursor: it looks at
    10,000 at most. `X-Position`: a position of the log that the answer reflects at least."""
    position = await log.head()
    asked = ConversationFilter(
        statuses=_statuses(status),
        department_id=DepartmentId(department_id) if department_id else None,
        assigned_user_id=UserId(assigned_user_id) if assigned_user_id else None,
        session_id=SessionId(session_id) if session_id else None,
        search=search or None,
        breached=breached,
        unassigned=unassigned,
        unread=unread,
        waiting=waiting,
        label=label or None,
        priority=_PRIORITIES[priority] if priority else None,
        bot=bot,
        snoozed=snoozed,
        window=window,
        order=sort,
    )
    wanted = viewed(view, await reader_for(caller, queries), asked) if view else asked
    if wanted is None:
        return page([], None, position)
    if wanted.order is not Order.NEWEST and wanted.statuses - LIVE:
        raise Invalid.field("sort", "is of live conversations: status must be OPEN, ASSIGNED or both")
    found = await queries.conversations(caller.tenant_id, await sight_for(caller, queries), wanted, limit, cursor)
    beside = await queries.glances(caller.tenant_id, [c.id for c in found.items])
    return page([ConversationView.of(c, beside[c.id]) for c in found.items], found.next_cursor, position)


@get("/conversations/counts", guards=READ, tags=TAGS)
async def count_conversations(
    caller: Asking, queries: FromDishka[Queries], log: FromDishka[EventLog]
) -> Response[ViewCounts]:
    """Count the live conversations of each view of the inbox, of those that the caller may see. `X-Position`: a
    position of the log that the answer reflects at least."""
    position = await log.head()
    sight, reader = await sight_for(caller, queries), await reader_for(caller, queries)
    counts = await queries.conversation_counts(caller.tenant_id, sight, reader)
    return Response(ViewCounts.of(counts), headers={POSITION: str(position)})


HANDLERS = [list_conversations, count_conversations]
