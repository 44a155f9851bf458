"""AssignConversation: take a conversation or assign it to a user."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.routing.reassign import providers_of
from whatsapp_hub.application.routing.route_conversation import RouteConversation, answer_deadline
from whatsapp_hub.application.routing.serve_queue import ServeFreed
from whatsapp_hub.application.routing.service_terms import usual_patience
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, because
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, UserId


@dataclass(frozen=True, slots=True)
class AssignConversation:
    """Take a conversation, or (supervisors) assign it to another user. Under the same lock as automatic routing, so
    that both count the same loads and no user exceeds their limit."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_freed: ServeFreed

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, user_id: UserId | None = None
    ) -> Conversation:
        """Assign to `user_id`, None: the caller. Idempotent. Raises NotFound, Forbidden, Invalid, Conflict (the round
        is over, the user is at capacity, or another user has it and the caller may not take it from them)."""
        caller.require(Action.WORK_CONVERSATIONS)
        target_id = user_id or caller.user_id
        if target_id is None:
            raise Invalid.field("user_id", "must be given, since the caller is not a user")
        if target_id != caller.user_id:
            caller.require(Action.ASSIGN_OTHERS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            former = conversation.assigned_user_id
            if conversation.is_live and former == target_id:
                return conversation
            require_takable(caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            await RouteConversation(changes).lock()
            await self._assign(uow, caller, conversation, target_id, changes)
            await changes.write()
            await uow.commit()
        await self.serve_freed(caller.tenant_id, former)
        return conversation

    async def _assign(
        self,
        uow: UnitOfWork,
        caller: Caller,
        conversation: Conversation,
        target_id: UserId,
        changes: Changes,
    ) -> None:
        user = await active_user(uow, target_id)
        if not (await uow.users.candidate(user.id)).has_room:
            raise Conflict("at_capacity", f"{user.name} has as many conversations as they may")
        department_id = conversation.department_id or user.department_id
        reason = _why(user, caller.email if target_id != caller.user_id else None)
        deadline = await _start_clocks(uow, conversation, department_id, changes.now)
        conversation.assign(user.id, department_id, changes.now, reason, deadline)
        changes.conversation(conversation)
        if target_id != caller.user_id:
            changes.notify(conversation, NotificationKind.ASSIGNED, user.id)
        user.last_assigned_at = changes.now
        changes.user(user)


def _why(user: User, by: str | None) -> Reason:
    if by is None:
        return because(RoutingCode.TAKEN, f"taken by {user.name}", user=user.name)
    return because(RoutingCode.ASSIGNED_BY, f"assigned to {user.name} by {by}", user=user.name, by=by)


async def _start_clocks(
    uow: UnitOfWork, conversation: Conversation, department_id: DepartmentId | None, now: datetime
) -> datetime | None:
    """Start the service deadlines where the hub routes; return the answer's deadline (no department: the root's)."""
    if not await providers_of(uow, [conversation]):
        return None
    departments = await uow.departments.all()
    department = next((d for d in departments if d.id == department_id), None)
    conversation.set_deadlines(department.terms if department else uow.tenant.terms, now)
    if department:
        return answer_deadline(now, conversation, department)
    return now + usual_patience(uow.tenant, departments, now) if conversation.waiting_since else None


def require_takable(caller: Caller, conversation: Conversation) -> None:
    """Require a live conversation that no other user has; supervisors may take it. Raises Conflict."""
    if not conversation.is_live:
        raise Conflict("not_open", f"the conversation is {conversation.status}")
    others = caller.may(Action.ASSIGN_OTHERS)
    if conversation.assigned_user_id not in (None, caller.user_id) and not others:
        raise Conflict("already_assigned", "somebody else has this conversation")


async def active_user(uow: UnitOfWork, user_id: UserId) -> User:
    """Return the user, locked. Raises Invalid unless they exist and are active."""
    try:
        user = await uow.users.get(user_id)
    except NotFound:
        raise Invalid.field("user_id", "there is no such user") from None
    if not user.is_active:
        raise Invalid.field("user_id", "the user is not active")
    return user
