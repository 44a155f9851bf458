"""CreateQuickReply, UpdateQuickReply, DeleteQuickReply, FillQuickReply."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.conversations.quick_reply import QuickReply
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, QuickReplyId


@dataclass(frozen=True, slots=True)
class CreateQuickReply:
    """Store a text under a shortcut."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, shortcut: str, content: str) -> QuickReply:
        """Store and return the quick reply. Raises Invalid, Conflict (the shortcut is taken, the quota)."""
        caller.require(Action.MANAGE_QUICK_REPLIES)
        now = self.clock()
        reply = QuickReply(QuickReplyId(self.new_id()), caller.tenant_id, shortcut, content, now, now)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.QUICK_REPLIES)
            await uow.quick_replies.add(reply)
            await uow.commit()
        return reply


@dataclass(frozen=True, slots=True)
class UpdateQuickReply:
    """Change a quick reply's shortcut or text."""

    storage: Storage
    clock: Clock

    async def __call__(
        self, caller: Caller, reply_id: QuickReplyId, shortcut: str | None, content: str | None
    ) -> QuickReply:
        """None: leave it as it is. Raises NotFound, Invalid, Conflict (the shortcut is taken)."""
        caller.require(Action.MANAGE_QUICK_REPLIES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            reply = await uow.quick_replies.get(reply_id)
            reply.shortcut = reply.shortcut if shortcut is None else shortcut
            reply.content = reply.content if content is None else content
            reply.updated_at = self.clock()
            reply.check()
            await uow.quick_replies.save(reply)
            await uow.commit()
        return reply


@dataclass(frozen=True, slots=True)
class DeleteQuickReply:
    """Delete a quick reply."""

    storage: Storage

    async def __call__(self, caller: Caller, reply_id: QuickReplyId) -> None:
        """Delete the quick reply. Raises NotFound."""
        caller.require(Action.MANAGE_QUICK_REPLIES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quick_replies.get(reply_id)
            await uow.quick_replies.remove(reply_id)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class FillQuickReply:
    """The text as it would be sent in a conversation by the caller; nothing is sent."""

    storage: Storage

    async def __call__(self, caller: Caller, reply_id: QuickReplyId, conversation_id: ConversationId) -> str:
        """Return the text, placeholders filled in. Raises NotFound."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            reply = await uow.quick_replies.get(reply_id)
            conversation = await uow.conversations.peek(conversation_id)
            await require_sight(uow, caller, conversation)
            departments = {d.id: d.name for d in await uow.departments.all()}
            values: dict[str, str | None] = {
                "customerName": conversation.customer_name,
                "customerPhone": conversation.customer_phone,
                "departmentName": departments.get(conversation.department_id) if conversation.department_id else None,
                "companyName": uow.tenant.name,
            }
            if caller.user_id:
                try:
                    values["agentName"] = (await uow.users.peek(caller.user_id)).name
                except NotFound:  # a MASTER of another company
                    values["agentName"] = None
        return reply.filled(values)
