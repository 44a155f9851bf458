"""Who hears what. A right to see is membership in a room, so that fan-out needs no question asked per client.

company:{id}       everybody of the company: presence
supervisors:{id}   those who see every conversation
department:{id}    its users
user:{id}          one person
lobby:{id}         the company's agents, for conversations that are nobody's and no department's yet
conversation:{id}  whoever looks at it just now
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.sockets import Body, conversation_in, decoded, text_in
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, TenantId

_REMEMBERED = 50_000
OPENED = "conversation.opened"


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a conversation stands: its department and its person."""

    department_id: str | None
    user_id: str | None

    def rooms(self, tenant_id: TenantId) -> tuple[str, ...]:
        """Those who may see it; the rule is `application/reading/visibility.py`."""
        rooms = [f"supervisors:{tenant_id}"]
        if self.department_id:
            rooms.append(f"department:{self.department_id}")
        if self.user_id:
            rooms.append(f"user:{self.user_id}")
        elif not self.department_id:
            rooms.append(f"lobby:{tenant_id}")
        return tuple(rooms)


NOWHERE = Membership("nowhere", None)
Find = Callable[[TenantId, ConversationId, int], Awaitable[Membership | None]]
"""Where a conversation stood when the event of this position had happened; None if nobody knows."""


def own_rooms(tenant_id: TenantId, sight: Sight) -> list[str]:
    """The rooms that a caller is in by right."""
    rooms = [f"company:{tenant_id}"]
    rooms.append(f"supervisors:{tenant_id}" if sight.everything else f"lobby:{tenant_id}")
    if sight.user_id:
        rooms.append(f"user:{sight.user_id}")
    if sight.department_id:
        rooms.append(f"department:{sight.department_id}")
    return rooms


class Audiences:
    """Remembers where conversations stand as the log tells it, and looks up those it has not heard of. What an
    event's audience is depends on the log alone: every process says the same, at once or when asked again later."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: OrderedDict[UUID, Membership] = OrderedDict()

    async def of(self, event: LoggedEvent, body: Body) -> tuple[str, ...]:
        """The rooms that hear this event. Must be asked about every event, in order (or told to forget)."""
        if event.type == "user.presence":
            return (f"company:{event.tenant_id}",)
        if event.type == "notification.created":
            user_id = text_in(body, "userId")
            return (f"user:{user_id}" if user_id else f"supervisors:{event.tenant_id}",)
        if event.conversation_id is None:
            return ()
        return await self._of_conversation(event, event.conversation_id, body)

    async def _of_conversation(
        self, event: LoggedEvent, conversation_id: ConversationId, body: Body
    ) -> tuple[str, ...]:
        """Who sees it now, and (when it moves) who saw it until now."""
        shown = conversation_in(body)
        if shown is None:
            return (await self._placed(event, conversation_id) or NOWHERE).rooms(event.tenant_id)
        before, now = (
            await self._before(event, conversation_id),
            Membership(shown.department_id, shown.assigned_user_id),
        )
        self._remember(conversation_id, now)
        rooms = now.rooms(event.tenant_id)
        return tuple(dict.fromkeys(rooms + before.rooms(event.tenant_id))) if before else rooms

    async def _before(self, event: LoggedEvent, conversation_id: ConversationId) -> Membership | None:
        if event.type == OPENED:
            return None
        return await self._placed(event, conversation_id)

    async def _placed(self, event: LoggedEvent, conversation_id: ConversationId) -> Membership | None:
        if known := self._known.get(conversation_id):
            return known
        found = await self._find(event.tenant_id, conversation_id, event.position - 1)
        return self._remember(conversation_id, found) if found else None

    def _remember(self, conversation_id: ConversationId, where: Membership) -> Membership:
        self._known[conversation_id] = where
        self._known.move_to_end(conversation_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return where

    def forget(self) -> None:
        """Nobody listens, so nothing is followed."""
        self._known.clear()

    def now(self, tenant_id: TenantId, conversation_id: ConversationId) -> tuple[str, ...]:
        """The rooms of those who may see it at this moment; none if it is not known."""
        known = self._known.get(conversation_id)
        return known.rooms(tenant_id) if known else ()


class Places:
    """Implements `Find`: what the log last said, else (older than the log) what is stored now."""

    def __init__(self, events: EventLog, queries: Queries) -> None:
        self._events = events
        self._queries = queries

    async def __call__(self, tenant_id: TenantId, conversation_id: ConversationId, position: int) -> Membership | None:
        body = await self._events.conversation_at(conversation_id, position)
        if body and (shown := conversation_in(decoded(body))):
            return Membership(shown.department_id, shown.assigned_user_id)
        try:
            found = await self._queries.conversation(tenant_id, Sight(everything=True), conversation_id)
        except NotFound:
            return None
        department, user = found.department_id, found.assigned_user_id
        return Membership(str(department) if department else None, str(user) if user else None)
