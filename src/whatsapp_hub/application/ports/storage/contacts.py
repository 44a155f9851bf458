"""The repository of contacts, in a company's unit of work (`ports/storage.py`): who is who, under which identities."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Contact, Identity


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody (or a group) as a message showed it. `at`: when, by the provider's clock; None: now. `is_live`: a person
    wrote it just then, so that a phone beside an identity that stays (LID, BSUID) is their number now."""

    identities: tuple[Identity, ...]
    name: str | None
    is_group: bool = False
    at: datetime | None = None
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A person after a change of identities. `left`: what they gave up just now, nothing if the change was known;
    `taken`: what they have instead."""

    contact: Contact
    left: tuple[Identity, ...]
    taken: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Two contacts turned out to be one person. `archived`: live rounds that gave way to the other's; what they
    recorded is still to be published."""

    kept: Contact
    gone: ContactId
    archived: tuple[Conversation, ...]


class Contacts(Protocol):
    async def meet(self, sightings: Sequence[Sighting], at: datetime) -> list[tuple[Contact, bool]]:
        """Find or make the contact of each sighting, teach it what is new, and lock it until the end of
        the transaction. One result a sighting, in its order: the contact, and whether anything about it
        is new. Sightings that share an identity give the same object. Safe against another transaction
        that meets the same person at the same moment: there is only ever one contact an identity. An
        identity that was left is its former contact's in what was seen before. Rounds of a contact whose
        phone was unknown until now show it."""
        ...

    async def move(
        self, left: Collection[Identity], taken: Collection[Identity], at: datetime, now: datetime
    ) -> Moved | None:
        """Give the person who had `left` until `at` (the provider's clock) the identities `taken` instead, and lock the
        contact. Who has one of `taken` already is that person, and is merged. From then on, a person seen under one
        of `left` is somebody else; what was seen before still belongs to the person. Idempotent, in any order with
        other moves and meetings. None if nothing is named on one of the sides."""
        ...

    def take_moves(self) -> list[Moved]:
        """Take the contacts whose number turned out to be another one, or to be written in another way on WhatsApp,
        since this was last asked."""
        ...

    def take_merges(self) -> list[Merge]:
        """Take what meetings of this transaction merged since this was last asked, oldest first."""
        ...

    async def known(self, identity: Identity) -> Identity | None:
        """The identity as it was seen, if some contact has it; unlocked."""
        ...

    async def get(self, contact_id: ContactId) -> Contact:
        """Locks. Raises NotFound."""
        ...

    async def is_group(self, contact_id: ContactId) -> bool:
        """Whether it is no person: a group, a broadcast list, a channel. Does not lock."""
        ...
