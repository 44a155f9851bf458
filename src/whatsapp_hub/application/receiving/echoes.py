"""Match messages from our own number that no provider id explains.

An echo that arrives while a provider call to its chat is open waits in the inbox, its chat behind it, until that call's
answer is stored or its lease ended. Then it is one of our sends by the provider's id, else (an answer without an id, or
none) by its text, else it was typed on the phone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whatsapp_hub.application.ports.provider.events import MessageSeen, Origin
from whatsapp_hub.application.ports.queues.inbox import InboxItem
from whatsapp_hub.application.ports.queues.lanes import OpenAttempt
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.echo import MATCHED_WITHIN, has_same_content, is_echo_of, may_wait
from whatsapp_hub.domain.messaging.message import Message

LOOK_AGAIN_S = 0.2


@dataclass(slots=True)
class Echoes:
    """Sends that may explain the unexplained messages of one batch."""

    attempts: Mapping[SessionId, Sequence[OpenAttempt]] = field(default_factory=dict)
    unmatched: Mapping[tuple[SessionId, ContactId], list[Message]] = field(default_factory=dict)

    @classmethod
    async def load(
        cls,
        uow: UnitOfWork,
        pairs: Collection[tuple[SessionId, ContactId]],
        now: datetime,
    ) -> "Echoes":
        """Load the candidates for unexplained messages from or to these contacts. The caller holds the receipt keys of
        the messages locked, so that no answer with such an id is stored meanwhile. Attempts are read first: one that
        ends later is read again, one that ended before is among the unmatched."""
        if not pairs:
            return cls()
        attempts = await uow.lanes.open_attempts({session_id for session_id, _ in pairs})
        return cls(attempts, await uow.messages.unmatched(pairs, now - MATCHED_WITHIN))

    def waits(self, item: InboxItem, contact: Contact, event: MessageSeen, now: datetime) -> bool:
        """Return whether an open provider call may have sent it. The chat may have another name there (a hidden id), so
        the same text in the session counts as well."""
        return any(
            may_wait(attempt.began_at, item.received_at, now)
            and (attempt.contact_id == contact.id or has_same_content(attempt.content, event.content))
            for attempt in self.attempts.get(item.session_id, ())
        )

    def take(self, session_id: SessionId, contact: Contact, event: MessageSeen) -> Message | None:
        """Take the oldest send that this message echoes; each explains one message."""
        sends = self.unmatched.get((session_id, contact.id), [])
        found = next((message for message in sends if is_echo_of(message, event.content)), None)
        if found:
            sends.remove(found)
        return found


def may_be_echo(event: object) -> bool:
    """Return whether it is a live message from our own number."""
    return isinstance(event, MessageSeen) and event.from_me and event.origin is not Origin.HISTORY
