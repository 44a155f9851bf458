"""CopyConversation: one conversation, whole, to be printed or kept. The record of changes says who took a copy."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.queries import Queries, UserFilter
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.ids import ConversationId, TenantId, UserId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message

PAGE, MOST_PEOPLE = 200, 2_000


@dataclass(frozen=True, slots=True)
class ConversationCopy:
    """What a copy holds; `notes` and `messages` are read page by page, in their order. `names`: of the company's
    users."""

    company: Tenant
    conversation: Conversation
    contact: Contact
    notes: AsyncIterator[Sequence[Note]]
    names: Mapping[UserId, str]
    messages: AsyncIterator[Sequence[Message]]


@dataclass(frozen=True, slots=True)
class CopyConversation:
    """Give a copy of a conversation to somebody who may see it."""

    storage: Storage
    queries: Queries

    async def __call__(
        self, caller: Caller, conversation_id: ConversationId, form: str, *, with_notes: bool
    ) -> ConversationCopy:
        """Record that a copy was taken, in which form, and return it. Raises NotFound, Forbidden."""
        caller.require(Action.READ_CONVERSATIONS)
        tenant_id, sight = caller.tenant_id, await sight_for(caller, self.queries)
        conversation = await self.queries.conversation(tenant_id, sight, conversation_id)
        contact = await self.queries.contact_of(tenant_id, conversation_id)
        async with self.storage.tenant(tenant_id) as uow:
            company = uow.tenant
            await uow.conversations.copied(conversation_id, form, with_notes=with_notes)
            await uow.commit()
        names = await self._names(tenant_id)
        notes = self._notes(tenant_id, conversation_id, are_wanted=with_notes)
        return ConversationCopy(company, conversation, contact, notes, names, self._pages(tenant_id, conversation_id))

    async def _notes(
        self, tenant_id: TenantId, conversation_id: ConversationId, *, are_wanted: bool
    ) -> AsyncIterator[Sequence[Note]]:
        cursor, goes_on = None, are_wanted
        while goes_on:
            page = await self.queries.notes(tenant_id, conversation_id, PAGE, cursor)
            yield page.items
            cursor = page.next_cursor
            goes_on = cursor is not None

    async def _names(self, tenant_id: TenantId) -> dict[UserId, str]:
        names: dict[UserId, str] = {}
        cursor = None
        while len(names) < MOST_PEOPLE:
            page = await self.queries.users(tenant_id, UserFilter(), PAGE, cursor)
            names |= {user.id: user.name for user in page.items}
            if (cursor := page.next_cursor) is None:
                break
        return names

    async def _pages(self, tenant_id: TenantId, conversation_id: ConversationId) -> AsyncIterator[Sequence[Message]]:
        """Read on until there are no more: each page is a transaction of its own, so that a slow reader holds none."""
        after = 0
        while True:
            stretch = await self.queries.messages_after(tenant_id, conversation_id, after, PAGE)
            yield stretch.items
            if not stretch.has_newer:
                return
            after = stretch.items[-1].seq or 0
