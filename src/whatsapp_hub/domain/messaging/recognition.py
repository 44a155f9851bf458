"""Recognise people by the identities that messages show: which sightings are one person, and who held a number when."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Contact, Identity


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person (or a group) as a message showed it. `at`: when, by the provider's clock; None: now. `is_live`: a person
    wrote it just then, so that a phone beside a stable identity (LID, BSUID) is their current number."""

    identities: tuple[Identity, ...]
    name: str | None
    is_group: bool = False
    at: datetime | None = None
    is_live: bool = False
    username: str | None = None


@dataclass(slots=True)
class Holders:
    """Current and former holders of identities; former ones with the time until which they held them."""

    now: dict[Identity, Contact] = field(default_factory=dict)
    former: dict[Identity, list[tuple[datetime, Contact]]] = field(default_factory=dict)

    def at(self, identity: Identity, at: datetime) -> Contact | None:
        """Return the contact that had this identity at `at`; None for one nobody is known to have had."""
        return self.left_by(identity, at) or self.now.get(identity)

    def left_by(self, identity: Identity, at: datetime | None) -> Contact | None:
        """Return the contact that held it at that time and has left it since."""
        holders = self.former.get(identity, ()) if at else ()
        return next((contact for until, contact in holders if at and at <= until), None)

    def was_applied(self, left: Collection[Identity], taken: Collection[Identity], at: datetime) -> bool:
        """Check whether this change was applied before, perhaps through another number of the company's."""
        if any(self.left_by(i, at) for i in left):
            return True
        movers = {c.id for i in left for _, c in self.former.get(i, ())}
        present = {self.now[i].id for i in left if i in self.now}
        came_back = {c.id for i in taken if (c := self.left_by(i, at))} & present
        return bool(came_back) or any(c.id in movers and c.id not in present for i in taken if (c := self.at(i, at)))

    def movers(self, left: Collection[Identity], taken: Collection[Identity], at: datetime) -> list[Contact]:
        """Return the contacts that a change of number concerns: they are one person."""
        people = [c for i in taken if (c := self.at(i, at))]
        if self.was_applied(left, taken, at):
            return people + [c for i in left if (c := self.left_by(i, at))]
        return people + [self.now[i] for i in left if i in self.now]

    def apart(self, sightings: Sequence[Sighting]) -> tuple[list[Sighting], list[list[Contact]]]:
        """Remove from the sightings identities that were left since; return the former holders of these, too."""
        present, former = [], []
        for sighting in sightings:
            had = {i: contact for i in sighting.identities if (contact := self.left_by(i, sighting.at))}
            names = tuple(i for i in sighting.identities if i not in had)
            present.append(replace(sighting, identities=names) if had else sighting)
            former.append(list(had.values()))
        return present, former


@dataclass(slots=True)
class Person:
    """Sightings (by their place) that belong to one contact, and the contacts that have their identities."""

    members: list[int] = field(default_factory=list)
    found: dict[ContactId, Contact] = field(default_factory=dict)

    def contacts(self) -> list[Contact]:
        """Return the contacts, the oldest first: it stays."""
        return sorted(self.found.values(), key=lambda c: (c.created_at, c.id))


def people_of(
    sightings: Sequence[Sighting], known: Mapping[Identity, Contact], former: Sequence[Iterable[Contact]]
) -> list[Person]:
    """Group sightings by a shared identity or a shared contact (union by re-labelling: batches are small)."""
    by_name: dict[object, Person] = {}
    for number, sighting in enumerate(sightings):
        contacts = {known[i].id: known[i] for i in sighting.identities if i in known}
        contacts |= {contact.id: contact for contact in former[number]}
        names: list[object] = [*sighting.identities, *contacts]
        touched = {id(person): person for name in names if (person := by_name.get(name))}
        person = Person([number], contacts)
        for other in touched.values():
            person.members += other.members
            person.found |= other.found
        if touched:
            names += [name for name, p in by_name.items() if id(p) in touched]
        by_name.update(dict.fromkeys(names, person))
    people = list({id(person): person for person in by_name.values()}.values())
    for person in people:
        person.members.sort()
    return people
