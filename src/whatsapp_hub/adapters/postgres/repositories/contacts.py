"""Contacts, found by any of their identities; two that turn out to be one person are merged."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.adapters.postgres.repositories.people.cards import SAVE_CARDS, kept_in, stored_card
from whatsapp_hub.adapters.postgres.repositories.people.merging import Merges
from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.storage.contacts import Met, Moved
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact, Identity, IdentityKind
from whatsapp_hub.domain.messaging.recognition import Holders, Person, Sighting, people_of

_MEET = "SELECT * FROM hub.meet($1, $2)"
COLUMNS = "id, tenant_id, created_at, name, profile_pic, is_group, own"
_BY_ID = f"SELECT {COLUMNS} FROM contacts WHERE id = $1"
OF_CONVERSATION = f"""
    SELECT {COLUMNS} FROM contacts
    WHERE id = (SELECT contact_id FROM conversations WHERE id = $1)"""
IDENTITIES = """
    SELECT contact_id, kind, value, address FROM contact_identities WHERE contact_id = ANY($1::uuid[])
    ORDER BY added_at, kind, value"""
_ADD = Write(
    "contacts",
    """INSERT INTO contacts (id, tenant_id, created_at, name, is_group)
       SELECT id, $1, $2, name, is_group FROM unnest($3::uuid[], $4::text[], $5::bool[]) AS x(id, name, is_group)""",
)
_IDENTIFY = Write(
    "contact_identities",
    """INSERT INTO contact_identities (tenant_id, kind, value, address, contact_id, added_at)
       SELECT $1, kind, value, address, contact_id, (SELECT now FROM hub.time) + n * interval '1 microsecond'
       FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) WITH ORDINALITY
         AS x(kind, value, address, contact_id, n)""",
)
_RENAME = Write(
    "contacts",
    "UPDATE contacts SET name = x.name FROM unnest($1::uuid[], $2::text[]) AS x(id, name) WHERE contacts.id = x.id",
)
# Conversations are found through sessions: there is no index on the contact alone.
_SHOW_PHONE = """
    UPDATE conversations c SET customer_phone = $2 FROM hub.sessions s
    WHERE s.tenant_id = hub.tenant() AND c.session_id = s.id AND c.contact_id = $1 AND c.customer_phone IS NULL
    RETURNING """ + ", ".join(f"c.{name}" for name in conversations.COLUMNS.split(", "))
_KNOWN = """
    SELECT kind, value, address FROM contact_identities
    WHERE tenant_id = hub.tenant() AND kind = $1 AND value = $2"""
_UPDATE_ADDRESS = """
    UPDATE contact_identities SET address = $3 WHERE tenant_id = hub.tenant() AND kind = $1 AND value = $2"""
_GIVE_UP = """
    DELETE FROM contact_identities i USING unnest($1::text[], $2::text[]) AS x(kind, value)
    WHERE i.tenant_id = hub.tenant() AND i.kind = x.kind AND i.value = x.value AND i.contact_id = $3"""
_REMEMBER = """
    INSERT INTO left_identities (tenant_id, kind, value, until, contact_id)
    SELECT hub.tenant(), kind, value, $3, $4 FROM unnest($1::text[], $2::text[]) AS x(kind, value)
    ON CONFLICT DO NOTHING"""
_ABOUT = ("created_at", "name", "profile_pic", "is_group")


def identity_of(row: Any) -> Identity:
    """Build an identity from its row."""
    return Identity(IdentityKind(row["kind"]), row["value"], row["address"])


def contact_of(row: Any, identities: Iterable[Identity]) -> Contact:
    """Build a contact from its row and its identities."""
    about = dict(row)
    return Contact(**kept_in(about.pop("own"))._asdict(), **about, identities=tuple(identities))


async def contacts_of(connection: Any, rows: Iterable[Any]) -> dict[ContactId, Contact]:
    """Build the contacts of these rows (`COLUMNS`), in their order, with their identities."""
    about = {row["id"]: row for row in rows}
    named: dict[ContactId, list[Identity]] = {contact_id: [] for contact_id in about}
    for name in await connection.fetch(IDENTITIES, list(about)):
        named[name["contact_id"]].append(identity_of(name))
    return {contact_id: contact_of(row, named[contact_id]) for contact_id, row in about.items()}


class PostgresContacts:
    """Implements `Contacts`."""

    def __init__(self, connection: Statements, tenant_id: TenantId, new_id: NewId, events: list[Event]) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._new_id = new_id
        self._events = events
        self._merges = Merges(connection, events)

    async def get(self, contact_id: ContactId) -> Contact:
        """Read and lock a contact with identities. Raises NotFound."""
        row = await self._connection.fetchrow(f"{_BY_ID} FOR NO KEY UPDATE", contact_id)
        if row is None:
            raise NotFound("contact", contact_id)
        return contact_of(row, map(identity_of, await self._connection.fetch(IDENTITIES, [contact_id])))

    async def save(self, contacts: Sequence[Contact]) -> None:
        """Store the cards and take the events."""
        self._events += recorded(contacts)
        if contacts:
            ids, cards = [c.id for c in contacts], [stored_card(c) for c in contacts]
            await self._connection.execute(SAVE_CARDS.command, ids, cards)

    async def merge(self, kept_id: ContactId, other_id: ContactId, at: datetime) -> Contact:
        """Merge the other contact into the first."""
        found = {id: await self.get(id) for id in sorted((kept_id, other_id))}
        kept, other = found[kept_id], found[other_id]
        kept.require_mergeable(other)
        phone, changes = kept.phone_number, _Changes(self._tenant_id, at)
        await self._merges.merge(kept, other, at)
        changes.renamed(kept, differs=True)
        changes.shown(kept, differs=phone is None or other.phone_number is None)
        await changes.write(self._connection, self._events)
        return kept

    async def split(self, contact_id: ContactId, identities: Collection[Identity], at: datetime) -> Contact:
        """Make a contact of some identities, with the rounds held under them."""
        contact = await self.get(contact_id)
        other = contact.part(identities, ContactId(self._new_id()), at)
        await self._connection.execute(_ADD.command, self._tenant_id, at, [other.id], [other.name], [False])
        await self._merges.part(contact, other, at)
        return other

    async def is_group(self, contact_id: ContactId) -> bool:
        """Whether the contact is a group; False also for an unknown one."""
        return bool(await self._connection.fetchval("SELECT is_group FROM contacts WHERE id = $1", contact_id))

    async def known(self, identity: Identity) -> Identity | None:
        """Read the identity as stored, with the address under which the provider knows it."""
        row = await self._connection.fetchrow(_KNOWN, identity.kind, identity.value)
        return identity_of(row) if row else None

    async def find_or_create(self, sightings: Sequence[Sighting], at: datetime) -> Met:
        """Find or create the contacts of sightings. A concurrent call for the same new person waits in `_find`, and
        then finds the contact."""
        wanted = list(dict.fromkeys(i for sighting in sightings for i in sighting.identities))
        if not wanted:
            return Met([], [])
        return await self._meet(sightings, await self._find(wanted), at)

    async def _meet(self, sightings: Sequence[Sighting], known: Holders, at: datetime) -> Met:
        result: dict[int, tuple[Contact, bool]] = {}
        changes = _Changes(self._tenant_id, at)
        present, former = known.apart(sightings)
        for person in people_of(present, known.now, former):
            contact, new = await self._one(person, [present[n] for n in person.members], at, changes)
            result.update(dict.fromkeys(person.members, (contact, new)))
        await changes.write(self._connection, self._events)
        return Met([result[n] for n in range(len(sightings))], changes.moved)

    async def move(
        self, left: Collection[Identity], taken: Collection[Identity], at: datetime, now: datetime
    ) -> Moved | None:
        """Move a contact to new identities. Each of a company's numbers reports a change, perhaps long after it: a
        contact that left these identities before, or came to the new ones from them, has moved already; one that has
        the old ones by now is left alone."""
        if not left or not taken:
            return None
        known = await self._find([*left, *taken])
        is_applied = known.was_applied(left, taken, at)
        present = tuple(i for i in taken if known.left_by(i, at) is None)
        person = Person([0], {c.id: c for c in known.movers(left, taken, at)})
        changes = _Changes(self._tenant_id, now)
        contact, _ = await self._one(person, [Sighting(present, None)], now, changes)
        gone = (
            contact.forget_bsuids(left, present)
            if is_applied
            else contact.move(left, present, is_latest=len(present) == len(taken))
        )
        await changes.write(self._connection, self._events)
        await self._leave(contact, gone if is_applied else (*left, *gone), at)
        return Moved(contact, gone, present)

    async def _leave(self, contact: Contact, left: Iterable[Identity], at: datetime) -> None:
        names = list(dict.fromkeys(left))
        if not names:
            return
        columns = [i.kind.value for i in names], [i.value for i in names]
        await self._connection.execute(_GIVE_UP, *columns, contact.id)
        await self._connection.execute(_REMEMBER, *columns, at, contact.id)

    async def _find(self, wanted: Sequence[Identity]) -> Holders:
        """Lock the current and former holders of identities."""
        rows = await self._connection.fetch(_MEET, [i.kind.value for i in wanted], [i.value for i in wanted])
        found = Holders()
        for contact_id, of_contact in groupby(rows, key=itemgetter("id")):
            named = list(of_contact)
            identities = tuple(identity_of(row) for row in named if row["until"] is None)
            about = {name: named[0][name] for name in _ABOUT}
            own = kept_in(named[0]["own"])._asdict()
            contact = Contact(contact_id, self._tenant_id, identities, **own, **about)
            found.now |= dict.fromkeys(identities, contact)
            for row in named:
                if row["until"] is not None:
                    found.former.setdefault(identity_of(row), []).append((row["until"], contact))
        for holders in found.former.values():
            holders.sort(key=itemgetter(0))
        return found

    async def _one(
        self, person: Person, sightings: Sequence[Sighting], at: datetime, changes: "_Changes"
    ) -> tuple[Contact, bool]:
        found = person.contacts()
        contact = found[0] if found else self._fresh(sightings[0], at)
        name, phone, username = contact.name, contact.phone_number, contact.username
        for other in found[1:]:
            await self._merges.merge(contact, other, at)
        before = set(contact.identities) if found else set()
        learned = [contact.learn(seen.identities, seen.name, seen.username) for seen in sightings]
        gone = await self._renumber(contact, sightings, changes) if found else ()
        await self._update_addresses(contact, sightings, changes)
        changes.added(contact, is_new=not found)
        changes.identities(contact, [i for i in contact.identities if i not in before])
        changes.renamed(contact, differs=bool(found) and contact.name != name)
        changes.profiled(contact, differs=contact.username != username)
        changes.shown(contact, differs=len(found) > 1 or (bool(found) and phone is None))
        return contact, not found or len(found) > 1 or any(learned) or bool(gone)

    async def _update_addresses(self, contact: Contact, sightings: Sequence[Sighting], changes: "_Changes") -> None:
        for sighting in sightings:
            for old, new in contact.correct_number(sighting.identities) if sighting.is_live else ():
                await self._connection.execute(_UPDATE_ADDRESS, new.kind, new.value, new.address)
                changes.moved.append(Moved(contact, (old,), (new,)))

    async def _renumber(
        self, contact: Contact, sightings: Sequence[Sighting], changes: "_Changes"
    ) -> tuple[Identity, ...]:
        """Change the number of a contact that is seen with another phone beside the same LID: some providers report a
        change in no other way."""
        found: list[Identity] = []
        for sighting in sightings:
            gone = contact.renumber(sighting.identities) if sighting.is_live and sighting.at else ()
            if gone and sighting.at:
                await self._leave(contact, gone, sighting.at)
                changes.moved.append(Moved(contact, gone, sighting.identities))
                found += gone
        return tuple(found)

    def _fresh(self, sighting: Sighting, at: datetime) -> Contact:
        return Contact(
            ContactId(self._new_id()),
            self._tenant_id,
            tuple(dict.fromkeys(sighting.identities)),
            at,
            sighting.name,
            is_group=sighting.is_group,
        )


@dataclass(slots=True)
class _Changes:
    """Rows that a `meet` or `move` adds or changes."""

    tenant_id: TenantId
    at: datetime
    _new: list[Contact] = field(default_factory=list)
    _names: list[tuple[Identity, ContactId]] = field(default_factory=list)
    _renamed: list[Contact] = field(default_factory=list)
    _shown: list[Contact] = field(default_factory=list)
    _profiled: list[Contact] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)

    def added(self, contact: Contact, *, is_new: bool) -> None:
        if is_new:
            self._new.append(contact)

    def identities(self, contact: Contact, identities: Iterable[Identity]) -> None:
        self._names += [(identity, contact.id) for identity in identities]

    def renamed(self, contact: Contact, *, differs: bool) -> None:
        if differs:
            self._renamed.append(contact)

    def profiled(self, contact: Contact, *, differs: bool) -> None:
        """Store what WhatsApp shows of it beside the name."""
        if differs:
            self._profiled.append(contact)

    def shown(self, contact: Contact, *, differs: bool) -> None:
        """Add the phone, now that it is known, to conversations that lack it."""
        if differs and contact.phone_number:
            self._shown.append(contact)

    async def write(self, connection: Statements, events: list[Event]) -> None:
        if self._new:
            ids = [c.id for c in self._new]
            columns = ids, [c.name for c in self._new], [c.is_group for c in self._new]
            await connection.defer(_ADD, self.tenant_id, self.at, *columns, rows=ids)
        if self._names:
            rows = ((i.kind.value, i.value, i.address, contact_id) for i, contact_id in self._names)
            names = [(i.kind, i.value) for i, _ in self._names]
            await connection.defer(_IDENTIFY, self.tenant_id, *zip(*rows, strict=True), rows=names)
        if self._renamed:
            ids = [c.id for c in self._renamed]
            await connection.defer(_RENAME, ids, [c.name for c in self._renamed], rows=ids)
        if self._profiled:
            ids = [c.id for c in self._profiled]
            await connection.defer(SAVE_CARDS, ids, [stored_card(c) for c in self._profiled], rows=ids)
        for contact in self._shown:
            rows = await connection.fetch(_SHOW_PHONE, contact.id, contact.phone_number)
            events += recorded(_phone_shown(row, self.at) for row in rows)


def _phone_shown(row: Any, at: datetime) -> Conversation:
    """Return a round that got its customer's phone; a live one records it."""
    one = conversations.conversation_of(row)
    before = replace(one, customer_phone=None).shown
    if one.is_live:
        one.updated(before, at)
    return one
