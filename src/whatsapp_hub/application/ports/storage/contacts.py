"""The repository of contacts and their identities, in a company's unit of work (`unit_of_work.py`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.recognition import Sighting as Sighting


@dataclass(frozen=True, slots=True)
class Moved:
    """A contact after a change of identities. `left`: those removed, none if the change was known; `taken`: their
    replacements."""

    contact: Contact
    left: tuple[Identity, ...]
    taken: tuple[Identity, ...]


class Met(NamedTuple):
    """The contacts of sightings, in their order, each with whether anything about it is new. `moved`: those whose
    number turned out to be another one, or to have another form on WhatsApp."""

    contacts: list[tuple[Contact, bool]]
    moved: list[Moved]


class Contacts(Protocol):
    """A company's contacts."""

    async def find_or_create(self, sightings: Sequence[Sighting], at: datetime) -> Met:
        """Find or create the contact of each sighting, update it, and lock it until the end of the transaction.
        Sightings that share an identity give the same object. Contacts that turn out to be one person are merged: the
        kept one and the archived rounds record it, and their events are taken. Safe against a concurrent transaction
        that meets the same person: there is only ever one contact an identity. For sightings before a change of number,
        the old identity is still its former contact's. Rounds of a contact whose phone was unknown until now get it."""
        ...

    async def move(
        self, left: Collection[Identity], taken: Collection[Identity], at: datetime, now: datetime
    ) -> Moved | None:
        """Give the contact that had `left` until `at` (the provider's clock) the identities `taken` instead, and lock
        it. A contact that has one of `taken` already is the same person, and is merged. From then on, `left` identifies
        another person; earlier sightings still belong to this one. Idempotent, in any order with other moves and
        meetings. None if one of the sides is empty."""
        ...

    async def known(self, identity: Identity) -> Identity | None:
        """Return the identity as WhatsApp showed it, if some contact has it; unlocked."""
        ...

    async def get(self, contact_id: ContactId) -> Contact:
        """Return it, locked. Raises NotFound."""
        ...

    async def is_group(self, contact_id: ContactId) -> bool:
        """Return whether it is a group, a broadcast list or a channel, unlocked."""
        ...

    async def save(self, contacts: Sequence[Contact]) -> None:
        """Store the cards (what the company keeps) of locked contacts, and take their events."""
        ...

    async def merge(self, kept_id: ContactId, other_id: ContactId, at: datetime) -> Contact:
        """Merge the other contact into the first, with its rounds and messages, and lock it. The events are taken.
        Raises NotFound, Conflict for a group or for one contact named twice."""
        ...

    async def split(self, contact_id: ContactId, identities: Collection[Identity], at: datetime) -> Contact:
        """Make a new contact of some of a contact's identities, with the rounds held in their chats, and return it. The
        events are taken. Raises NotFound, Invalid, Conflict: see `Contact.part`."""
        ...
