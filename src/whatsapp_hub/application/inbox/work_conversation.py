"""AssignConversation, ResolveConversation, MarkConversationRead: an agent's work on one conversation."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.clock import Clock, NewId
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.ports.storage import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.routing.route_conversation import answer_deadline, notification
from whatsapp_hub.application.routing.serve_queue import ServeQueue
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, UserId
from whatsapp_hub.domain.user import User


@dataclass(frozen=True, slots=True)
class AssignConversation:
    """Take a conversation, or (supervisors) give it to somebody."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, user_id: UserId | None = None
    ) -> Conversation:
        """`user_id` None: the caller. Idempotent. Raises NotFound, Forbidden, Invalid, Conflict (the round is
        over, or somebody else has it and the caller may not take it from them)."""
        caller.require(Action.WORK_CONVERSATIONS)
        target_id = user_id or caller.user_id
        if target_id is None:
            raise Invalid.field("userId", "must be given, since the caller is not a user")
        if target_id != caller.user_id:
            caller.require(Action.ASSIGN_OTHERS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            if conversation.is_live and conversation.assigned_user_id == target_id:
                return conversation
            _require_takable(caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            await self._give(uow, caller, conversation, target_id, changes)
            await changes.write()
            await uow.commit()
        return conversation

    async def _give(
        self,
        uow: UnitOfWork,
        caller: Caller,
        conversation: Conversation,
        target_id: UserId,
        changes: Changes,
    ) -> None:
        user = await _user(uow, target_id)
        department_id = conversation.department_id or user.department_id
        departments = {d.id: d for d in await uow.departments.all()}
        deadline = None
        if department_id in departments:
            timeout = departments[department_id].response_timeout
            deadline = answer_deadline(changes.now, conversation.unread_count, timeout)
        by = f" by {caller.email}" if caller.email and target_id != caller.user_id else ""
        reason = f"taken by {user.name}" if not by else f"assigned to {user.name}{by}"
        conversation.assign(user.id, department_id, changes.now, reason, deadline)
        changes.conversation(conversation)
        if target_id != caller.user_id:
            changes.happened(notification(conversation, changes.now, "conversation.assigned", user.id))
        user.last_assigned_at = changes.now
        changes.user(user)


@dataclass(frozen=True, slots=True)
class ResolveConversation:
    """Close the round. Whoever had it is free for the next in the queue."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_queue: ServeQueue

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Raises NotFound, Conflict unless the round is live."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            conversation.resolve(changes.now)
            changes.conversation(conversation)
            await changes.write()
            await uow.commit()
        await self._serve_next(caller, conversation)
        return conversation

    async def _serve_next(self, caller: Caller, conversation: Conversation) -> None:
        if conversation.department_id and conversation.assigned_user_id:
            try:
                await self.serve_queue(caller.tenant_id, conversation.department_id)
            except NotFound:
                return


@dataclass(frozen=True, slots=True)
class MarkConversationRead:
    """The agent has read what the customer wrote."""

    storage: Storage

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Idempotent. Raises NotFound."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            conversation.unread_count = 0
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation


def _require_takable(caller: Caller, conversation: Conversation) -> None:
    if not conversation.is_live:
        raise Conflict("not_open", f"the conversation is {conversation.status}")
    others = caller.may(Action.ASSIGN_OTHERS)
    if conversation.assigned_user_id is not None and not others:
        raise Conflict("already_assigned", "somebody else has this conversation")


async def _user(uow: UnitOfWork, user_id: UserId) -> User:
    try:
        user = await uow.users.get(user_id)
    except NotFound:
        raise Invalid.field("userId", "there is no such user") from None
    if not user.is_active:
        raise Invalid.field("userId", "the user is not active")
    return user
