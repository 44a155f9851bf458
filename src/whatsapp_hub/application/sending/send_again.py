"""SendAgain: send what a failed message said as a new message."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Send the content of a FAILED message once more. The failed one stays as it is: its failure is a fact."""

    storage: Storage
    send: SendMessage

    async def __call__(self, caller: Caller, message_id: MessageId, idempotency_key: str | None = None) -> Message:
        """Return the new message. Raises NotFound, Conflict (it did not fail; or as SendMessage), as SendMessage."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            failed = await uow.messages.get(message_id)
            await require_sight(uow, caller, await uow.conversations.peek(failed.conversation_id))
        if failed.direction is not Direction.OUTBOUND or failed.status is not MessageStatus.FAILED:
            raise Conflict("not_failed", "only a message of ours that failed can be sent again")
        return await self.send(caller, failed.conversation_id, failed.content, idempotency_key, failed.reply_to)
