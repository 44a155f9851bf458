"""Decide which conversations a caller may see and work on."""

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.reading.conversation_filter import Reader
from whatsapp_hub.application.reading.queries import Queries, Sight
from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import DepartmentId


async def sight_for(caller: Caller, queries: Queries) -> Sight:
    """Return the caller's sight, looking up the department unless the caller sees everything."""
    sight = sight_of(caller, None)
    if sight.everything or caller.user_id is None:
        return sight
    user = await queries.user(caller.tenant_id, caller.user_id)
    return sight_of(caller, user.department_id)


async def reader_for(caller: Caller, queries: Queries) -> Reader:
    """Return the caller as the inbox's views have it; one of another company (MASTER) has no department here."""
    if caller.user_id is None:
        return Reader(None, None)
    try:
        return Reader(caller.user_id, (await queries.user(caller.tenant_id, caller.user_id)).department_id)
    except NotFound:
        return Reader(caller.user_id, None)


def sight_of(caller: Caller, department_id: DepartmentId | None) -> Sight:
    """Return the sight of a caller of this department."""
    if caller.may(Action.READ_ALL_CONVERSATIONS):
        return Sight(everything=True)
    return Sight(caller.user_id, department_id)


def is_in(sight: Sight, conversation: Conversation) -> bool:
    """Return whether the conversation is visible. Queries repeat this rule in SQL."""
    if sight.everything:
        return True
    if conversation.assigned_user_id is not None:
        own = conversation.assigned_user_id == sight.user_id
        return own or (sight.department_id is not None and conversation.department_id == sight.department_id)
    return conversation.department_id is None or conversation.department_id == sight.department_id


def is_seen_by(user: User, conversation: Conversation) -> bool:
    """Return whether a user, as they are now, may see the conversation; somebody inactive sees none."""
    everything = Action.READ_ALL_CONVERSATIONS in POLICY[user.role]
    return user.is_active and is_in(Sight(user.id, user.department_id, everything), conversation)


async def require_sight(uow: UnitOfWork, caller: Caller, conversation: Conversation) -> None:
    """Raise NotFound if the caller may not see the conversation."""
    if not is_in(await sight_in(uow, caller), conversation):
        raise NotFound("conversation", conversation.id)


async def sight_in(uow: UnitOfWork, caller: Caller) -> Sight:
    """Return the caller's sight, in a transaction. Raises NotFound: no user of this company."""
    department_id = None
    if caller.user_id and not caller.may(Action.READ_ALL_CONVERSATIONS):
        department_id = (await uow.users.peek(caller.user_id)).department_id
    return sight_of(caller, department_id)
