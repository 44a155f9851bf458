"""Annotate: apply what changes a stored message (a reaction, an edit, its withdrawal, a vote), or keep it until that
message comes."""

from collections.abc import Iterable, Sequence

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.queues.inbox import ProviderKey
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.receiving.known_messages import KnownMessages
from whatsapp_hub.domain.events import Details
from whatsapp_hub.domain.messaging.annotating import annotate, changed
from whatsapp_hub.domain.messaging.message import Message, MessageStatus

_ACCEPTED = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})


class Annotate:
    """Apply the changes of one transaction; `known` holds the messages that they name, as far as there are any."""

    def __init__(self, known: KnownMessages, changes: Changes) -> None:
        self._known = known
        self._changes = changes
        self._early: dict[object, Message] = {}
        self._arrived: list[Message] = []

    def __call__(self, change: Message, details: Details) -> None:
        """Apply a change that is stored in this transaction, or was accepted by its provider, and tell of it."""
        message = self._known.changed_by(change)
        if message is None:
            self._early[change.id] = change
            self._known.wait(change)
        elif annotate(message, change):
            self._changes.annotated(message)
        self._changes.uow.publish([changed(message, change, self._changes.now, **details)])

    def arrived(self, message: Message) -> bool:
        """Apply what came before the message itself; True if anything had."""
        waited = self._known.waiting_for(message)
        for change in waited:
            annotate(message, change)
            if self._early.pop(change.id, None) is None:
                self._arrived.append(change)
        return bool(waited)

    async def write(self) -> None:
        """Keep what waits for its message, and no longer what was applied."""
        if self._early:
            await self._changes.uow.messages.wait(list(self._early.values()))
        if self._arrived:
            await self._changes.uow.messages.arrived(self._arrived)


def keys_of(messages: Iterable[Message]) -> list[ProviderKey]:
    """Return under which ids providers know the messages that these change."""
    return [(m.session_id, m.target) for m in messages if m.target]


async def annotate_sent(uow: UnitOfWork, known: KnownMessages, sent: Sequence[Message], changes: Changes) -> None:
    """Apply changes of ours that a provider accepted, and what waited for messages of ours to get their id."""
    apply = Annotate(known, changes)
    for message in sent:
        if message.status not in _ACCEPTED:
            continue
        if message.target:
            apply(message, {})
        elif apply.arrived(message):
            changes.annotated(message)
    await apply.write()
