"""OptContactOut: by hand. `heed_preference`: a customer chose at WhatsApp; `heed_refusals`: WhatsApp says of a message
that its customer wants no more of its kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import PreferenceSeen
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.campaigns.opt_out import PREFERENCE, STOPPED, OptOut, OptOutReason
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message


@dataclass(frozen=True, slots=True)
class OptContactOut:
    """Record that a contact wants no campaigns, or wants them again."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, contact_id: ContactId, *, out: bool) -> Contact:
        """Record it; idempotent. Raises NotFound."""
        caller.require(Action.MANAGE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            contact, now = await uow.contacts.get(contact_id), self.clock()
            if contact.opt_out(OptOut(now, OptOutReason.HAND)) if out else contact.opt_in(now):
                await uow.contacts.save([contact])
                await uow.commit()
        return contact


async def heed_preference(uow: UnitOfWork, contact: Contact, seen: PreferenceSeen, now: datetime) -> None:
    """Record what a customer chose at WhatsApp. One that takes marketing messages again opts in only where it had opted
    out there: a word or a colleague's note is another choice."""
    had = contact.card.opted_out
    if seen.takes:
        changed = had is not None and had.reason is OptOutReason.PROVIDER and contact.opt_in(now)
    else:
        changed = contact.opt_out(OptOut(now, OptOutReason.PROVIDER, PREFERENCE))
    if changed:
        await uow.contacts.save([contact])


def refused_by(messages: Iterable[Message]) -> set[ContactId]:
    """Return the customers of messages that WhatsApp refused because these stopped marketing messages."""
    return {m.contact_id for m in messages if m.error is not None and m.error.code == STOPPED}


async def heed_refusals(uow: UnitOfWork, contacts: Iterable[ContactId], at: datetime) -> None:
    """Record that these customers opted out at WhatsApp. It locks contacts after messages, against the order: a
    deadlock, which is rare, ends as any other conflict of two transactions, and the work is done again."""
    for contact_id in sorted(contacts):
        try:
            contact = await uow.contacts.get(contact_id)
        except NotFound:
            continue  # erased meanwhile
        if contact.opt_out(OptOut(at, OptOutReason.PROVIDER, STOPPED)):
            await uow.contacts.save([contact])
