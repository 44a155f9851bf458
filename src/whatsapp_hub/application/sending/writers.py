"""Whether who wrote a message that waits may still send it."""

from dataclasses import replace

from whatsapp_hub.application.authentication.callers import caller_of
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.reading.visibility import is_in, sight_of
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.messaging.message import Message

SENDER_GONE = "sender_gone"
NOT_YOURS = "not_yours"


async def require_writer(uow: UnitOfWork, directory: Directory, message: Message, latest: Conversation | None) -> None:
    """Check that a person who wrote it may work here (a MASTER: in any company), and sees the customer's live
    conversation. A program's passes. Raises Conflict."""
    if message.sender_id is None:
        return
    try:
        writer: User | None = await uow.users.peek(message.sender_id)
    except NotFound:
        writer = await directory.user(message.sender_id)
    is_ours = writer and (writer.tenant_id == message.tenant_id or writer.role is Role.MASTER)
    if writer is None or not writer.is_active or not is_ours:
        raise Conflict(SENDER_GONE, "who wrote it may not enter any more")
    caller = replace(caller_of(writer), tenant_id=message.tenant_id)
    if latest and latest.is_live and not is_in(sight_of(caller, writer.department_id), latest):
        raise Conflict(NOT_YOURS, "who wrote it does not see the customer's conversation any more")
