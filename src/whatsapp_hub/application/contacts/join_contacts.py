"""MergeContacts and SplitContact: a person's decision on who is one customer."""

from collections.abc import Collection
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Contact, Identity


@dataclass(frozen=True, slots=True)
class MergeContacts:
    """Merge two contacts of one person, whom no message has shown to be one."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, kept_id: ContactId, other_id: ContactId) -> Contact:
        """Merge the other contact into the first. Raises NotFound, Conflict."""
        caller.require(Action.MANAGE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            kept = await uow.contacts.merge(kept_id, other_id, self.clock())
            await uow.commit()
        return kept


@dataclass(frozen=True, slots=True)
class SplitContact:
    """Make a new contact of identities that are another person's."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, contact_id: ContactId, identities: Collection[Identity]) -> Contact:
        """Return the new contact, with the rounds held in its chats. Raises NotFound, Invalid, Conflict."""
        caller.require(Action.MANAGE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            other = await uow.contacts.split(contact_id, identities, self.clock())
            await uow.commit()
        return other
