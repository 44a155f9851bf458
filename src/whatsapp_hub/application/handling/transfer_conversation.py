"""UnassignConversation and TransferConversation: give a conversation back, or transfer it."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.handling.assign_conversation import active_user, require_takable
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.routing.reassign import Reassign, providers_of
from whatsapp_hub.application.routing.serve_queue import ServeFreed
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.errors import Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, UserId
from whatsapp_hub.domain.menu.phrases import fill_in, phrases_of


@dataclass(frozen=True, slots=True)
class UnassignConversation:
    """Give a conversation back to another agent of the department, or to its queue. The sweep may return it to the
    same agent when no one else becomes free; an agent who wants no more sets BUSY."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_freed: ServeFreed

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Unassign it. Raises NotFound, Conflict (it is unassigned, or another user than the caller has it)."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            require_takable(caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            former = conversation.assigned_user_id
            by = caller.email or "an API key"
            reason = because(RoutingCode.GIVEN_BACK, f"given back by {by}", by=by)
            conversation.unassign(changes.now, reason)
            provider = (await providers_of(uow, [conversation])).get(conversation.id)
            await Reassign(changes)(conversation, reason, provider, avoid=former)
            await changes.write()
            await uow.commit()
        if conversation.assigned_user_id is not None:
            await self.serve_freed(caller.tenant_id, former)
        return conversation


@dataclass(frozen=True, slots=True)
class TransferConversation:
    """Transfer to a department, a given user of it first, and inform the customer (contract E.6)."""

    storage: Storage
    clock: Clock
    new_id: NewId
    serve_freed: ServeFreed

    async def __call__(
        self,
        caller: Caller,
        conversation_id: ConversationId,
        department_id: DepartmentId,
        user_id: UserId | None = None,
    ) -> Conversation:
        """Transfer it. Raises NotFound, Invalid, Conflict (the round is over, or another user has it)."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            await require_sight(uow, caller, conversation)
            require_takable(caller, conversation)
            changes = Changes(uow, self.new_id, self.clock())
            reassign = Reassign(changes)
            await reassign.route.lock()
            department = await target(uow, department_id, user_id)
            former = conversation.assigned_user_id
            by, name = caller.email or "an API key", department.name
            reason = because(RoutingCode.TRANSFERRED, f"transferred to {name} by {by}", department=name, by=by)
            conversation.set_deadlines(department.terms, changes.now)
            conversation.transfer(department_id, changes.now, reason)
            changes.conversation(conversation)
            provider = (await providers_of(uow, [conversation])).get(conversation.id)
            if provider and not await uow.contacts.is_group(conversation.contact_id):
                text = fill_in(phrases_of(uow.tenant).transferred, department.name)
                changes.inform(conversation, text, provider)
            await reassign(conversation, reason, provider, prefer=user_id, avoid=None if user_id == former else former)
            await changes.write()
            await uow.commit()
        await self.serve_freed(caller.tenant_id, former)
        return conversation


async def target(uow: UnitOfWork, department_id: DepartmentId, user_id: UserId | None = None) -> Department:
    """Return the department. Raises Invalid: there is no such one, or the user is not of it."""
    try:
        department = await uow.departments.get(department_id)
    except NotFound:
        raise Invalid.field("department_id", "there is no such department") from None
    if user_id and (await active_user(uow, user_id)).department_id != department_id:
        raise Invalid.field("user_id", "the user does not belong to that department")
    return department
