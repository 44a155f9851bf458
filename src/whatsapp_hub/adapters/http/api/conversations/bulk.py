"""`/api/conversations/bulk`: one action on many conversations."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Literal, TypeAlias, assert_never
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Request, post
from litestar.datastructures import State
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.api.conversations.conversations import TAGS
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.adapters.http.patches import utc
from whatsapp_hub.adapters.http.problems import ProblemView, describe
from whatsapp_hub.adapters.http.renaming import renamed
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.classify_conversation import ClassifyConversation
from whatsapp_hub.application.handling.close_conversation import ArchiveConversation, ResolveConversation
from whatsapp_hub.application.handling.mark_read import MarkConversationRead, MarkConversationUnread
from whatsapp_hub.application.handling.snooze_conversation import SnoozeConversation
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation, Priority
from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.ids import ConversationId, UserId

MOST = 100


class _Bulk(msgspec.Struct, forbid_unknown_fields=True, rename="camel", tag_field="action", kw_only=True):
    ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MOST)]


class BulkRead(_Bulk, tag="read"):
    """Mark them read."""


class BulkUnread(_Bulk, tag="unread"):
    """Mark them unread."""


class BulkArchive(_Bulk, tag="archive"):
    """Archive them."""


class BulkAssign(_Bulk, tag="assign"):
    """Assign them to `userId`; left out: to the caller."""

    user_id: UUID | None = None


class BulkResolve(_Bulk, tag="resolve"):
    """Resolve them for one reason, with one note."""

    reason: str | None = None
    note: str | None = None


class BulkSnooze(_Bulk, tag="snooze"):
    """Snooze them until a time; null: wake them."""

    until: datetime | None


class BulkClassify(_Bulk, tag="classify"):
    """Set their priority, add and remove labels."""

    priority: Literal["LOW", "NORMAL", "HIGH", "URGENT"] | None = None
    add_labels: list[str] = msgspec.field(default_factory=list)
    remove_labels: list[str] = msgspec.field(default_factory=list)


BulkBody: TypeAlias = BulkRead | BulkUnread | BulkArchive | BulkAssign | BulkResolve | BulkSnooze | BulkClassify
Act: TypeAlias = Callable[[ConversationId], Awaitable[Conversation]]


class BulkResult(View):
    """What became of one conversation; `problem` null: it was done."""

    id: UUID
    problem: ProblemView | None


@dataclass(frozen=True, slots=True)
class Handling:
    """The use case of each action."""

    read: MarkConversationRead
    unread: MarkConversationUnread
    archive: ArchiveConversation
    assign: AssignConversation
    resolve: ResolveConversation
    snooze: SnoozeConversation
    classify: ClassifyConversation

    def act(self, caller: Caller, body: BulkBody) -> Act:
        """Return what is done with each conversation."""
        match body:
            case BulkRead():
                return partial(self.read, caller)
            case BulkUnread():
                return partial(self.unread, caller)
            case BulkArchive():
                return partial(self.archive, caller)
            case BulkAssign(user_id=user_id):
                return partial(self.assign, caller, user_id=UserId(user_id) if user_id else None)
            case BulkResolve(reason=reason, note=note):
                return partial(self.resolve, caller, reason=reason, note=note)
            case BulkSnooze(until=until):
                return partial(self.snooze, caller, until=utc("until", until))
            case BulkClassify(priority=priority, add_labels=added, remove_labels=removed):
                wanted = None if priority is None else Priority[priority]
                return partial(self.classify, caller, priority=wanted, add=added, remove=removed)
            case _:
                assert_never(body)


@post("/conversations/bulk", status_code=200, tags=TAGS)
async def handle_many(
    caller: Asking,
    data: JSONBody[BulkBody],
    request: Request[object, object, State],
    read: FromDishka[MarkConversationRead],
    unread: FromDishka[MarkConversationUnread],
    archive: FromDishka[ArchiveConversation],
    assign: FromDishka[AssignConversation],
    resolve: FromDishka[ResolveConversation],
    snooze: FromDishka[SnoozeConversation],
    classify: FromDishka[ClassifyConversation],
) -> list[BulkResult]:
    """Do the same with up to 100 conversations, one after the other. Each is a call of its own: what is refused for one
    (its `problem` says why) is done for the others, and the answer is 200."""
    caller.require(Action.WORK_CONVERSATIONS)
    act = Handling(read, unread, archive, assign, resolve, snooze, classify).act(caller, data)
    return [await _result(ConversationId(id), act, request.scope["path"]) for id in dict.fromkeys(data.ids)]


async def _result(id: ConversationId, act: Act, path: str) -> BulkResult:
    try:
        with renamed(content="note"):
            await act(id)
    except HubError as error:
        return BulkResult(id, describe(error).document(path))
    return BulkResult(id, None)


HANDLERS = [handle_many]
