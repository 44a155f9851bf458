"""EditContact and BlockContact: what the company itself keeps of a contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whatsapp_hub.application.contacts.tell_blocks import blocking_kinds
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.labels import changed, checked
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Card, Contact


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """`name` None: the person's own again. `labels` replaces all; `add` and `remove` change those that it has.
    `fields`: None removes one, others stay."""

    name: str | Unchanged | None = UNCHANGED
    labels: Sequence[str] | None = None
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    fields: Mapping[str, str | None] = field(default_factory=dict)

    def of(self, card: Card) -> Card:
        """Apply them. Raises Invalid."""
        if not isinstance(self.name, Unchanged):
            card = card.named(self.name)
        had = card.labels if self.labels is None else checked(self.labels, "labels")
        labels = changed(had, checked(self.add, "add_labels"), checked(self.remove, "remove_labels"))
        return card.labelled(labels).filled(self.fields)


@dataclass(frozen=True, slots=True)
class EditContact:
    """Change name, labels and fields. A new name is shown in the contact's live conversations, too."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, contact_id: ContactId, changes: ContactChanges) -> Contact:
        """Change what is given. Raises NotFound, Invalid."""
        caller.require(Action.MANAGE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            contact, now = await uow.contacts.get(contact_id), self.clock()
            before = contact.card.name
            if contact.keep(changes.of(contact.card), now):
                await uow.contacts.save([contact])
            if contact.card.name != before and contact.shown_name:
                live = await uow.conversations.live_of(contact_id)
                for conversation in live:
                    conversation.rename_customer(contact.shown_name, now)
                await uow.conversations.save(live)
            await uow.commit()
        return contact


@dataclass(frozen=True, slots=True)
class BlockContact:
    """Decline what a contact writes from now on, or receive it again."""

    storage: Storage
    clock: Clock
    providers: Providers

    async def __call__(self, caller: Caller, contact_id: ContactId, *, blocked: bool) -> Contact:
        """Block or unblock it; idempotent. `TellBlocks` passes it on to the providers of the numbers that spoke with
        it. Raises NotFound."""
        caller.require(Action.MANAGE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            contact = await uow.contacts.get(contact_id)
            now = self.clock()
            if contact.block(now) if blocked else contact.unblock(now):
                await uow.contacts.save([contact])
                if not contact.is_group:
                    await uow.blocks.ask(contact_id, blocking_kinds(self.providers), now, blocked=blocked)
                await uow.commit()
        return contact
