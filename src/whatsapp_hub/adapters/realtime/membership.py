"""Rooms as rights: the right to see is membership in a room, so that fan-out needs no check per client.

company:{id}       all of the company's users: presence
supervisors:{id}   those who see every conversation, and the contacts
sessions:{id}      those who may read sessions: their states
campaigns:{id}     those who may manage campaigns
department:{id}    its users
user:{id}          one person
lobby:{id}         the company's agents, for conversations that are unassigned and without department yet
conversation:{id}  users who have it open now
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from whatsapp_hub.adapters.contracts.events.logged import Body, conversation_in, decoded, text_in
from whatsapp_hub.adapters.contracts.events.sockets import erased_in
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, TenantId

_REMEMBERED = 50_000
_MOST_ERASED = 200
"""Each may cost a query."""
OPENED = "conversation.opened"
_ROOMS = {"campaign": "campaigns", "contact": "supervisors", "session": "sessions"}


@dataclass(frozen=True, slots=True)
class Membership:
    """A conversation's department and assigned user."""

    department_id: str | None
    user_id: str | None

    @classmethod
    def of(cls, conversation: Conversation) -> "Membership":
        """Take it from the conversation as it is stored."""
        department, user = conversation.department_id, conversation.assigned_user_id
        return cls(str(department) if department else None, str(user) if user else None)

    def rooms(self, tenant_id: TenantId) -> tuple[str, ...]:
        """Return the rooms of those who may see it; the rule is `application/reading/visibility.py`."""
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
"""Find a conversation's membership right after the event of this position; None if it is unknown."""


def own_rooms(tenant_id: TenantId, sight: Sight) -> list[str]:
    """Return the rooms that a caller is in by right."""
    rooms = [f"company:{tenant_id}"]
    rooms.append(f"supervisors:{tenant_id}" if sight.everything else f"lobby:{tenant_id}")
    if sight.user_id:
        rooms.append(f"user:{sight.user_id}")
    if sight.department_id:
        rooms.append(f"department:{sight.department_id}")
    return rooms


def rooms_of_rights(caller: Caller) -> list[str]:
    """Return the rooms of what a right alone shows: sessions' states, campaigns."""
    rights = (("sessions", Action.READ_SESSIONS), ("campaigns", Action.MANAGE_CAMPAIGNS))
    return [f"{room}:{caller.tenant_id}" for room, right in rights if caller.may(right)]


class Audiences:
    """Conversations' memberships according to the log; unknown ones are looked up. An event's audience depends on the
    log alone: every process computes the same, now or later."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: OrderedDict[UUID, Membership] = OrderedDict()

    async def of(self, event: LoggedEvent, body: Body) -> tuple[str, ...]:
        """Return the rooms that receive this event. Must be called for every event, in order (or else `forget`)."""
        if event.type == "user.presence":
            return (f"company:{event.tenant_id}",)
        if event.type == "notification.created":
            user_id = text_in(body, "userId")
            return (f"user:{user_id}" if user_id else f"supervisors:{event.tenant_id}",)
        if event.type == "contact.erased":
            return await self._of_erased(event, body)
        if event.conversation_id is None:
            return _of_company(event)
        return await self._of_conversation(event, event.conversation_id, body)

    async def _of_conversation(
        self, event: LoggedEvent, conversation_id: ConversationId, body: Body
    ) -> tuple[str, ...]:
        """Return the rooms of those who see it now and, when it moves, of those who saw it before."""
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

    async def _of_erased(self, event: LoggedEvent, body: Body) -> tuple[str, ...]:
        """Return the rooms of those who saw one of the contact's conversations."""
        rooms = list(_of_company(event))
        for conversation_id in erased_in(body)[:_MOST_ERASED]:
            rooms += (await self._placed(event, conversation_id) or NOWHERE).rooms(event.tenant_id)
        return tuple(dict.fromkeys(rooms))

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
        """Drop all memberships, which are not kept up while no client listens."""
        self._known.clear()

    def now(self, tenant_id: TenantId, conversation_id: ConversationId) -> tuple[str, ...]:
        """Return the rooms of those who may see it now; none if it is unknown."""
        known = self._known.get(conversation_id)
        return known.rooms(tenant_id) if known else ()


def _of_company(event: LoggedEvent) -> tuple[str, ...]:
    """Return the rooms that receive an event of no conversation."""
    room = _ROOMS.get(event.type.partition(".")[0])
    return (f"{room}:{event.tenant_id}",) if room else ()


class Places:
    """Implements `Find`: the membership last logged, else (older than the log) the one stored now."""

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
        return Membership.of(found)
