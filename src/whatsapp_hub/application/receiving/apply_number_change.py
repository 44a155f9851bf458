"""ApplyNumberChange: send answers to a customer's new number; the next owner of the old one is a new contact."""

from collections.abc import Callable
from datetime import datetime

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import NumberChanged
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.contacts import Moved
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.messaging.contact import Identity, names_chat


class ApplyNumberChange:
    """Move a contact to its new number. Written at once, so that later events of the batch find it."""

    def __init__(self, uow: UnitOfWork, providers: Providers, new_changes: Callable[[], Changes]) -> None:
        self._uow = uow
        self._providers = providers
        self._new_changes = new_changes

    async def __call__(self, event: NumberChanged) -> None:
        """Give the contact its new identities and move its rounds and lanes."""
        changes = self._new_changes()
        moved = await self._uow.contacts.move(event.left, event.taken, event.at, changes.now)
        if moved and moved.left:
            changes.contact(moved.contact)
            await self.follow(moved, changes)
        await changes.write()

    async def follow(self, moved: Moved, changes: Changes | None = None) -> None:
        """Move the contact's live rounds on every session, and the messages waiting in their lanes."""
        own = changes or self._new_changes()
        for conversation in await self._uow.conversations.live_of(moved.contact.id):
            await self._follow(conversation, moved, own.now)
            own.conversation(conversation)
        if changes is None:
            await own.write()

    async def _follow(self, conversation: Conversation, moved: Moved, now: datetime) -> None:
        contact, chat = moved.contact, await self._new_chat(conversation, moved.taken)
        if chat and any(names_chat(identity, conversation.chat) for identity in moved.left):
            await self._uow.lanes.move(conversation.session_id, conversation.chat, chat, contact.id)
        else:
            chat = conversation.chat
        conversation.move_to(contact.id, chat, contact.phone_number, now)

    async def _new_chat(self, conversation: Conversation, taken: tuple[Identity, ...]) -> str | None:
        """Return the provider's address for one of these identities."""
        session = (await self._uow.sessions.peek([conversation.session_id])).get(conversation.session_id)
        plugin = self._providers.plugins.get(session.provider) if session else None
        chats = (plugin.chat_of(identity) for identity in taken) if plugin else ()
        return next((chat for chat in chats if chat), None)
