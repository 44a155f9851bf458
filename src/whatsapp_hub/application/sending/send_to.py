"""SendTo: send a gateway client's text to a number, through a session named as its contract does."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.reading.sessions import SessionFinder, session_for, session_named
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.messaging.message import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """A stored message. `session_failure`: why its session failed, and the message waits."""

    message: Message
    session_failure: str | None = None


@dataclass(frozen=True, slots=True)
class SendTo:
    """Send to a number; a conversation that this opens stays unassigned."""

    finder: SessionFinder
    start: StartConversation

    async def __call__(
        self,
        caller: Caller,
        name: str,
        to: str,
        text: str,
        idempotency_key: str | None = None,
        send_at: datetime | None = None,
        *,
        agents_too: bool = False,
    ) -> Sent:
        """Send the text, with `send_at` not before then. `agents_too`: the name may be an agent's with exactly one
        connected session. Raises NotFound, Conflict (no such one session, the session is off), Invalid, NotSupported,
        KeyReused."""
        caller.require(Action.START_CONVERSATIONS)
        content = Text.plain(text, field_name="message")
        find = session_for if agents_too else session_named
        session = await find(self.finder, caller.tenant_id, name)
        start = self.start.message
        _, message = await start(caller, session.id, to, content, idempotency_key, send_at, is_gateway=True)
        return Sent(message, session.failure)
