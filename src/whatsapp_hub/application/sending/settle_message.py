"""RetryMessage and FailMessage: settle a message of unknown outcome by hand."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.message import Message


@dataclass(frozen=True, slots=True)
class RetryMessage:
    """Send a message of unknown outcome again; the customer may see it twice."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, message_id: MessageId) -> Message:
        """Queue it again. Raises NotFound, Conflict unless the outcome is unknown and the session exists."""
        caller.require(Action.SETTLE_MESSAGES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            message = await uow.messages.get(message_id)
            message.retry(self.clock())
            session = (await uow.sessions.peek([message.session_id])).get(message.session_id)
            if session is None:
                raise Conflict("session_deleted", "the message's session was deleted")
            changes = Changes(uow, self.new_id, self.clock())
            changes.requeue(message, session.provider)
            await changes.write()
            await uow.lanes.settled([message])
            await uow.commit()
        return message


@dataclass(frozen=True, slots=True)
class FailMessage:
    """Mark a message of unknown outcome as failed; it is not sent again."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, message_id: MessageId) -> Message:
        """Mark it failed. Raises NotFound, Conflict unless the outcome is unknown."""
        caller.require(Action.SETTLE_MESSAGES)
        async with self.storage.tenant(caller.tenant_id) as uow:
            message = await uow.messages.get(message_id)
            message.give_up(self.clock())
            changes = Changes(uow, self.new_id, self.clock())
            changes.message(message)
            await changes.write()
            await uow.lanes.settled([message])
            await uow.commit()
        return message
