"""ImportContacts and ExportContacts: contacts from a table and into one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.contacts.sheet import Line, header_of, lines_of, read_sheet
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.read_number import ReadNumber
from whatsapp_hub.application.reading.contacts import ContactBook, ContactFilter
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.labels import added
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.recognition import Sighting

PAGE = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """How many contacts are new, how many differ now, and how many were so before."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ImportContacts:
    """Create or change the contacts of a table, all of them or none."""

    storage: Storage
    clock: Clock
    read_number: ReadNumber

    async def __call__(self, caller: Caller, text: str) -> Imported:
        """Store them. A cell that is empty changes nothing; labels are added. Raises Invalid, which names lines and
        columns; then nothing is stored."""
        caller.require(Action.MANAGE_CONTACTS)
        lines = read_sheet(text)
        async with self.storage.tenant(caller.tenant_id) as uow:
            identities = self._identities(lines, uow.tenant.country)
            now, counts = self.clock(), [0, 0, 0]
            met = await uow.contacts.find_or_create([Sighting((i,), None) for i in identities], now)
            contacts = [contact for contact, _ in met.contacts]
            before = [contact.card for contact in contacts]
            _fill(lines, contacts, now)
            for (contact, is_new), card in zip(met.contacts, before, strict=True):
                counts[0 if is_new else 1 if contact.card != card else 2] += 1
                if is_new and contact.card == card:
                    contact.updated(now)
            await uow.contacts.save(contacts)
            await uow.commit()
        return Imported(*counts)

    def _identities(self, lines: Sequence[Line], country: str | None) -> list[Identity]:
        found: dict[Identity, int] = {}
        flaws: list[Flaw] = []
        for line in lines:
            try:
                identity = self.read_number(line.phone, f"{line.number}/phone", country)
            except Invalid as error:
                flaws += error.flaws
                continue
            if (first := found.setdefault(identity, line.number)) != line.number:
                flaws.append(Flaw(f"/{line.number}/phone", f"must not be the number of line {first}"))
        if flaws:
            raise Invalid(*flaws)
        return list(found)


def _fill(lines: Sequence[Line], contacts: Sequence[Contact], at: datetime) -> None:
    """Change the cards. Raises Invalid with all flaws."""
    flaws: list[Flaw] = []
    for line, contact in zip(lines, contacts, strict=True):
        card = contact.card
        try:
            named = card.named(line.name) if line.name else card
            contact.keep(named.labelled(added(card.labels, line.labels)).filled(line.fields), at)
        except Invalid as error:
            flaws += [Flaw(f"/{line.number}{flaw.pointer}", flaw.reason) for flaw in error.flaws]
    if flaws:
        raise Invalid(*flaws)


@dataclass(frozen=True, slots=True)
class ExportContacts:
    """Write the company's contacts into a table, the newest first."""

    book: ContactBook

    async def __call__(self, caller: Caller, wanted: ContactFilter) -> AsyncIterator[str]:
        """Return the pieces of the table, a page of contacts each. Raises Forbidden before the first one."""
        caller.require(Action.EXPORT_CONTACTS)
        fields = await self.book.field_names(caller.tenant_id)
        return self._pieces(caller, wanted, fields)

    async def _pieces(self, caller: Caller, wanted: ContactFilter, fields: Sequence[str]) -> AsyncIterator[str]:
        yield header_of(fields)
        cursor: str | None = None
        while True:
            page = await self.book.page(caller.tenant_id, wanted, PAGE, cursor)
            yield lines_of(page.items, fields)
            if (cursor := page.next_cursor) is None:
                return
