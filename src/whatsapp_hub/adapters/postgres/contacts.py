"""Contacts and their identities; a person is found by any of them, and two found to be one are merged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from whatsapp_hub.adapters.postgres.conversations import PostgresConversations
from whatsapp_hub.adapters.postgres.statements import Statements, Write
from whatsapp_hub.application.ports.clock import NewId
from whatsapp_hub.application.ports.storage import Merge, Sighting
from whatsapp_hub.domain.contact import Contact, Identity, IdentityKind
from whatsapp_hub.domain.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, TenantId

_MEET = "SELECT * FROM hub.meet($1, $2)"
_BY_ID = """
    SELECT id, tenant_id, created_at, name, profile_pic, is_group FROM contacts WHERE id = $1"""
OF_CONVERSATION = """
    SELECT id, tenant_id, created_at, name, profile_pic, is_group FROM contacts
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
       SELECT $1, kind, value, address, contact_id, clock_timestamp() + n * interval '1 microsecond'
       FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) WITH ORDINALITY
         AS x(kind, value, address, contact_id, n)""",
)
_RENAME = Write(
    "contacts",
    "UPDATE contacts SET name = x.name FROM unnest($1::uuid[], $2::text[]) AS x(id, name) WHERE contacts.id = x.id",
)
_MERGE = (
    """UPDATE contact_identities SET contact_id = $1 WHERE contact_id = $2""",
    """UPDATE messages SET contact_id = $1 FROM conversations c
       WHERE c.contact_id = $2 AND messages.conversation_id = c.id""",
    """UPDATE conversations SET contact_id = $1 WHERE contact_id = $2""",
    """DELETE FROM contacts WHERE id = $2 AND id <> $1""",
)
_ABOUT = ("created_at", "name", "profile_pic", "is_group")
_ONE_PERSON = "merged with the same contact's other conversation"


def identity_of(row: Any) -> Identity:
    return Identity(IdentityKind(row["kind"]), row["value"], row["address"])


def contact_of(row: Any, identities: Iterable[Identity]) -> Contact:
    return Contact(**dict(row), identities=tuple(identities))


@dataclass(slots=True)
class _Group:
    """Sightings that turned out to be one contact."""

    members: list[int] = field(default_factory=list)
    found: dict[ContactId, Contact] = field(default_factory=dict)


class PostgresContacts:
    def __init__(self, connection: Statements, tenant_id: TenantId, new_id: NewId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._new_id = new_id
        self._merges: list[Merge] = []

    async def get(self, contact_id: ContactId) -> Contact:
        row = await self._connection.fetchrow(f"{_BY_ID} FOR NO KEY UPDATE", contact_id)
        if row is None:
            raise NotFound("contact", contact_id)
        return contact_of(row, map(identity_of, await self._connection.fetch(IDENTITIES, [contact_id])))

    async def meet(self, sightings: Sequence[Sighting], at: datetime) -> list[tuple[Contact, bool]]:
        """Whoever meets the same new person at the same moment waits in `_find`, and then finds the contact."""
        wanted = list(dict.fromkeys(i for sighting in sightings for i in sighting.identities))
        if not wanted:
            return []
        known = await self._find(wanted)
        result: dict[int, tuple[Contact, bool]] = {}
        changes = _Changes(self._tenant_id, at)
        for group in _groups(sightings, known):
            contact, new = await self._one(group, [sightings[n] for n in group.members], at, changes)
            result.update(dict.fromkeys(group.members, (contact, new)))
        await changes.write(self._connection)
        return [result[n] for n in range(len(sightings))]

    async def _find(self, wanted: Sequence[Identity]) -> dict[Identity, Contact]:
        """The contacts of those names that have one, locked."""
        rows = await self._connection.fetch(_MEET, [i.kind.value for i in wanted], [i.value for i in wanted])
        found: dict[Identity, Contact] = {}
        for contact_id, of_contact in groupby(rows, key=itemgetter("id")):
            first, *others = of_contact
            identities = tuple(identity_of(row) for row in (first, *others))
            about = {name: first[name] for name in _ABOUT}
            contact = Contact(contact_id, self._tenant_id, identities, **about)
            found |= dict.fromkeys(identities, contact)
        return found

    async def _one(
        self, group: _Group, sightings: Sequence[Sighting], at: datetime, changes: "_Changes"
    ) -> tuple[Contact, bool]:
        found = sorted(group.found.values(), key=lambda c: (c.created_at, c.id))
        contact = found[0] if found else self._fresh(sightings[0], at)
        name = contact.name
        for other in found[1:]:
            await self._merge(contact, other, at)
        before = set(contact.identities) if found else set()
        told = [contact.learn(sighting.identities, sighting.name) for sighting in sightings]
        changes.added(contact, is_new=not found)
        changes.identities(contact, [i for i in contact.identities if i not in before])
        changes.renamed(contact, differs=bool(found) and contact.name != name)
        return contact, not found or len(found) > 1 or any(told)

    def _fresh(self, sighting: Sighting, at: datetime) -> Contact:
        return Contact(
            ContactId(self._new_id()),
            self._tenant_id,
            tuple(dict.fromkeys(sighting.identities)),
            at,
            sighting.name,
            is_group=sighting.is_group,
        )

    async def _merge(self, kept: Contact, other: Contact, at: datetime) -> None:
        """One person had come under two names. The older contact stays, and takes over all that was the other's."""
        archived = await self._archive(kept, other, at)
        for statement in _MERGE:
            await self._connection.execute(statement, kept.id, other.id)
        kept.identities += other.identities
        kept.name = kept.name or other.name
        self._merges.append(Merge(kept, other.id, archived))

    async def _archive(self, kept: Contact, other: Contact, at: datetime) -> tuple[Conversation, ...]:
        """Where both have a live round, one goes on: the other is archived, its messages stay with it."""
        conversations = PostgresConversations(self._connection)
        live = [c for c in await conversations.of_contacts([kept.id, other.id]) if c.is_live]
        keeps = {c.session_id: c for c in live if c.contact_id == kept.id}
        archived = []
        for theirs in (c for c in live if c.contact_id == other.id and c.session_id in keeps):
            own = keeps[theirs.session_id]
            archived.append(own if theirs.outranks(own) else theirs)
            archived[-1].contact_id = kept.id
            archived[-1].archive(at, _ONE_PERSON)
        await conversations.save(archived)
        return tuple(archived)

    def take_merges(self) -> list[Merge]:
        taken, self._merges = self._merges, []
        return taken


@dataclass(slots=True)
class _Changes:
    """What a meeting adds."""

    tenant_id: TenantId
    at: datetime
    _new: list[Contact] = field(default_factory=list)
    _names: list[tuple[Identity, ContactId]] = field(default_factory=list)
    _renamed: list[Contact] = field(default_factory=list)

    def added(self, contact: Contact, *, is_new: bool) -> None:
        if is_new:
            self._new.append(contact)

    def identities(self, contact: Contact, identities: Iterable[Identity]) -> None:
        self._names += [(identity, contact.id) for identity in identities]

    def renamed(self, contact: Contact, *, differs: bool) -> None:
        if differs:
            self._renamed.append(contact)

    async def write(self, connection: Statements) -> None:
        if self._new:
            ids = [c.id for c in self._new]
            columns = ids, [c.name for c in self._new], [c.is_group for c in self._new]
            await connection.later(_ADD, self.tenant_id, self.at, *columns, rows=ids)
        if self._names:
            rows = ((i.kind.value, i.value, i.address, contact_id) for i, contact_id in self._names)
            names = [(i.kind, i.value) for i, _ in self._names]
            await connection.later(_IDENTIFY, self.tenant_id, *zip(*rows, strict=True), rows=names)
        if self._renamed:
            ids = [c.id for c in self._renamed]
            await connection.later(_RENAME, ids, [c.name for c in self._renamed], rows=ids)


def _groups(sightings: Sequence[Sighting], known: dict[Identity, Contact]) -> list[_Group]:
    """Sightings joined by a shared identity or a shared contact (union by re-labelling: batches are small)."""
    by_name: dict[object, _Group] = {}
    for number, sighting in enumerate(sightings):
        contacts = {known[i].id: known[i] for i in sighting.identities if i in known}
        names: list[object] = [*sighting.identities, *contacts]
        touched = {id(group): group for name in names if (group := by_name.get(name))}
        group = _Group([number], contacts)
        for other in touched.values():
            group.members += other.members
            group.found |= other.found
        names += [name for name, g in by_name.items() if id(g) in touched]
        by_name.update(dict.fromkeys(names, group))
    groups = list({id(group): group for group in by_name.values()}.values())
    for group in groups:
        group.members.sort()
    return groups
