"""Stored messages that the events of a batch may be about, found as WhatsApp names messages.

A customer's message is named by session, contact and id: two people's phones may give the same id. A receipt, and the
echo of what our own number sent, find the message by session and id alone, whatever spelling the chat came in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from whatsapp_hub.application.ports.provider.events import MessageSeen
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.domain.ids import ContactId, SessionId
from whatsapp_hub.domain.messaging.message import Direction, Message, Quoted


@dataclass(slots=True)
class KnownMessages:
    _by_key: dict[ProviderKey, list[Message]] = field(default_factory=dict)
    _waiting: dict[ProviderKey, list[Message]] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "KnownMessages":
        known = cls()
        for message in messages:
            known.add(message)
            known.wait(message)
        return known

    def add(self, message: Message) -> None:
        """Add a message that is new, or whose provider's id was learned."""
        if message.whatsapp_message_id is None:
            return
        same = self._by_key.setdefault((message.session_id, message.whatsapp_message_id), [])
        if not any(one is message for one in same):
            same.append(message)

    def wait(self, change: Message) -> None:
        """Add a change whose message is not known yet."""
        if change.target:
            self._waiting.setdefault((change.session_id, change.target), []).append(change)

    def waiting_for(self, message: Message) -> list[Message]:
        """Return the changes that came before the message that they name."""
        if message.whatsapp_message_id is None:
            return []
        waiting = self._waiting.get((message.session_id, message.whatsapp_message_id), ())
        return [change for change in waiting if _is_about(change, message)]

    def named(self, session_id: SessionId, contact_id: ContactId, target: str | None) -> Message | None:
        """Return the message that a change of this contact's names: one of theirs, else one that our number sent."""
        named = self._by_key.get((session_id, target), ()) if target else ()
        own = next((m for m in named if m.contact_id == contact_id), None)
        return own or next((m for m in named if m.direction is Direction.OUTBOUND), None)

    def changed_by(self, change: Message) -> Message | None:
        """Return the message that a change names."""
        return self.named(change.session_id, change.contact_id, change.target)

    def all(self) -> list[Message]:
        return [message for same in self._by_key.values() for message in same]

    def seen(self, session_id: SessionId, contact_id: ContactId, event: MessageSeen) -> Message | None:
        """Return the stored message that this event shows again."""
        same = self._by_key.get((session_id, event.provider_message_id), ())
        own = next((m for m in same if m.contact_id == contact_id), None)
        return own or (self.sent(session_id, event.provider_message_id) if event.from_me else None)

    def quoted(self, session_id: SessionId, contact_id: ContactId, provider_message_id: str | None) -> Quoted | None:
        """Return the message of this chat that another one answers."""
        named = self._by_key.get((session_id, provider_message_id), ()) if provider_message_id else ()
        return next((m.in_short() for m in named if m.contact_id == contact_id), None)

    def sent(self, session_id: SessionId, provider_message_id: str) -> Message | None:
        """Return the message of our own number with this id."""
        same = self._by_key.get((session_id, provider_message_id), ())
        return next((m for m in same if m.direction is Direction.OUTBOUND), None)


def _is_about(change: Message, message: Message) -> bool:
    """Whether a change may be about this message: one of another contact's only where it is ours, as a receipt."""
    return message.contact_id == change.contact_id or message.direction is Direction.OUTBOUND
