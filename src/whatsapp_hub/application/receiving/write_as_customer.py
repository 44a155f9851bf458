"""WriteAsCustomer and ReadPhone: simulate a customer's phone in the sandbox, without WhatsApp."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.sandbox import SANDBOX, SandboxPhones, ShownMessage
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.contact import parse_address


class CustomerWrote(Protocol):
    """Build an update as the sandbox's WhatsApp would post it."""

    def __call__(self, phone: str, message_id: str, text: str, at: datetime, name: str | None) -> RawUpdate:
        """Build the update that the sandbox's provider would receive. Raises Invalid (`/from`, `/text`). Pure."""
        ...


@dataclass(frozen=True, slots=True)
class WriteAsCustomer:
    """Put a simulated customer's message into the inbox."""

    directory: Directory
    inbox: InboxAppender
    clock: Clock
    new_id: NewId
    wrote: CustomerWrote

    async def __call__(
        self, caller: Caller, session_id: SessionId, phone: str, text: str, name: str | None = None
    ) -> ShownMessage:
        """Write a message as the customer; it is stored on return. Raises NotFound, Conflict (no sandbox session),
        Invalid."""
        session = await sandbox_session(self.directory, caller, session_id)
        message_id, at = f"sandbox.{self.new_id()}", self.clock()
        update = self.wrote(phone, message_id, text, at, name)
        row = NewUpdate(SANDBOX, update.dedupe_key, update.chat, update.body, session.tenant_id, session.id)
        await self.inbox.append([row])
        return ShownMessage(message_id, text, "INBOUND", at)


@dataclass(frozen=True, slots=True)
class ReadPhone:
    """Read what a sandbox phone shows of a session."""

    directory: Directory
    phones: SandboxPhones

    async def __call__(self, caller: Caller, session_id: SessionId, phone: str) -> list[ShownMessage]:
        """Return its newest messages, oldest first. Raises NotFound, Conflict, Invalid (`/phone`)."""
        session = await sandbox_session(self.directory, caller, session_id)
        return await self.phones.messages(session, parse_address(phone, "phone").address)


async def sandbox_session(directory: Directory, caller: Caller, session_id: SessionId) -> SessionRef:
    """Return the caller's sandbox session. Raises Forbidden, NotFound, Conflict (not a sandbox session)."""
    caller.require(Action.USE_SANDBOX)
    target = await directory.target(session_id)
    if target is None or target.tenant_id != caller.tenant_id:
        raise NotFound("session", session_id)
    if target.provider != SANDBOX:
        raise Conflict("not_a_sandbox", "the session is not a sandbox session")
    return SessionRef(target.session_id, target.tenant_id, target.key, target.provider, target.settings)
