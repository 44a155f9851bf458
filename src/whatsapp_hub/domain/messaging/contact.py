"""A contact: the other side of a conversation, known by one or more identities."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.campaigns.opt_out import OptOut
from whatsapp_hub.domain.conversations.labels import added, checked
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType, Records
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.numbers.dialling import read_number
from whatsapp_hub.domain.numbers.phones import canonical, without_home_prefix
from whatsapp_hub.domain.text import is_storable

_DIGITS = re.compile(r"[0-9]{5,15}")
_LENGTHS = range(5, 16)
_JID = re.compile(r"([0-9A-Za-z._-]{1,64})(?::[0-9]+)?@(s\.whatsapp\.net|c\.us|lid|g\.us|newsletter|broadcast)")

_BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")

NAME_LENGTH = 256
USERNAME_LENGTH = 64
MOST_FIELDS = 50
FIELD_NAME_LENGTH = 64
FIELD_LENGTH = 1000

NO_ADDRESS = "must be a phone number or a JID"


def check_fields(values: Mapping[str, str | None], at: str) -> None:
    """Check names and values of a contact's own fields, which stand at this field. Raises Invalid."""
    for name, value in values.items():
        if not 1 <= len(name.strip()) <= FIELD_NAME_LENGTH or not is_storable(name):
            said = f"must be named by 1 to {FIELD_NAME_LENGTH} characters"
            raise Invalid.field(f"{at}/{name[:FIELD_NAME_LENGTH]}", said)
        if value is not None and (len(value) > FIELD_LENGTH or not is_storable(value)):
            raise Invalid.field(f"{at}/{name}", f"must have at most {FIELD_LENGTH} characters, without NUL")


class IdentityKind(StrEnum):
    """PHONE: digits; LID and BSUID: as WhatsApp writes them; CHAT: the JID of a group, list or channel."""

    PHONE = "phone"
    LID = "lid"
    BSUID = "bsuid"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Identity:
    """One identifier of a contact. `value` is for equality and look-ups; `address` is what WhatsApp showed."""

    kind: IdentityKind
    value: str
    address: str = field(default="", compare=False)

    @classmethod
    def phone(cls, digits: str) -> "Identity":
        """Identify by phone number: international digits, a leading `+` allowed. Spellings of one number are equal."""
        seen = without_home_prefix(digits.lstrip("+"))
        return cls(IdentityKind.PHONE, canonical(seen), seen)

    @classmethod
    def lid(cls, user: str) -> "Identity":
        """Identify by WhatsApp's hidden id (LID), the part before `@lid`."""
        return cls(IdentityKind.LID, user, user)

    @classmethod
    def bsuid(cls, value: str) -> "Identity":
        """Identify by Meta's business-scoped user id, which replaces the number of people with a username."""
        return cls(IdentityKind.BSUID, value, value)

    @classmethod
    def chat(cls, jid: str) -> "Identity":
        """Identify a chat that is no person by its JID: a group, a newsletter, the status list."""
        return cls(IdentityKind.CHAT, jid, jid)


def parse_address(text: str, field_name: str = "to") -> Identity:
    """Parse a recipient without a country's dialling rules: a JID or an international number. Raises Invalid."""
    if (identity := parse_jid(text, field_name)) is not None:
        return identity
    number = read_number(text)
    if number is None or len(number.literal) not in _LENGTHS:
        raise Invalid.field(field_name, NO_ADDRESS)
    return Identity.phone(number.literal)


def parse_bsuid(text: str) -> Identity | None:
    """Parse Meta's business-scoped user id (`BR.13491208655302741918`); None for what is none."""
    return Identity.bsuid(text.strip()) if _BSUID.fullmatch(text.strip()) else None


def parse_jid(text: str, field_name: str = "to") -> Identity | None:
    """Parse a JID; None for a text without `@`. Raises Invalid."""
    if "@" not in text:
        return None
    match = _JID.fullmatch(text.strip())
    if not match:
        raise Invalid.field(field_name, NO_ADDRESS)
    user, server = match[1], match[2]
    if server in ("s.whatsapp.net", "c.us"):
        if not _DIGITS.fullmatch(user):
            raise Invalid.field(field_name, "a person's JID must start with the phone's digits")
        return Identity.phone(user)
    if server == "lid":
        return Identity.lid(user)
    return Identity.chat(f"{user}@{server}")


def address_of(identity: Identity) -> str:
    """Format an identity for `parse_address`: a phone's digits, else a JID (or a BSUID as it is)."""
    return f"{identity.address}@lid" if identity.kind is IdentityKind.LID else identity.address


@dataclass(frozen=True, slots=True)
class Card:
    """What the company itself keeps of a contact, beside what WhatsApp shows. `name` goes before the person's own;
    `fields`: text by name; `blocked_at`: what the contact writes from then on is declined; `opted_out`: it wants no
    campaigns."""

    name: str | None = None
    labels: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    blocked_at: datetime | None = None
    opted_out: OptOut | None = None

    def named(self, name: str | None) -> "Card":
        """Set the name; None: the person's own again. Raises Invalid."""
        if name is not None and (not 1 <= len(name.strip()) <= NAME_LENGTH or not is_storable(name)):
            raise Invalid.field("name", f"must have 1 to {NAME_LENGTH} characters, without NUL")
        return replace(self, name=name and name.strip())

    def labelled(self, labels: Iterable[str]) -> "Card":
        """Set the labels. Raises Invalid."""
        return replace(self, labels=checked(labels, "labels"))

    def filled(self, values: Mapping[str, str | None]) -> "Card":
        """Set fields, or remove those given as None or empty; others stay. Raises Invalid."""
        check_fields(values, "fields")
        kept = dict(self.fields) | {name.strip(): value for name, value in values.items()}
        filled = {name: value for name, value in kept.items() if value}
        if len(filled) > MOST_FIELDS:
            raise Invalid.field("fields", f"must be at most {MOST_FIELDS}")
        return replace(self, fields=filled)

    def merged(self, other: "Card") -> "Card":
        """Combine the cards of two contacts that are one person: this one's name and fields go first; who blocked one
        of them blocked the person, and who opted out as one of them opted out."""
        blocked = [at for at in (self.blocked_at, other.blocked_at) if at]
        fields = dict(list({**other.fields, **self.fields}.items())[-MOST_FIELDS:])
        labels = added(self.labels, other.labels)
        stops = sorted((one for one in (self.opted_out, other.opted_out) if one), key=lambda one: one.at)
        return Card(self.name or other.name, labels, fields, min(blocked, default=None), stops[0] if stops else None)


NO_CARD = Card()


@dataclass(slots=True)
class Contact(Records):
    """`identities` is never empty; a group, broadcast list or channel has one identity of kind CHAT. `name`: as
    WhatsApp shows it; `username`: the latest that WhatsApp showed, which identifies nobody: it changes, and another
    person may have it next."""

    id: ContactId
    tenant_id: TenantId
    identities: tuple[Identity, ...]
    created_at: datetime
    name: str | None = None
    profile_pic: str | None = None
    is_group: bool = False
    card: Card = NO_CARD
    username: str | None = None
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def event(self, type: EventType, at: datetime, **detail: DetailValue) -> Event:
        """Make an event about this contact, which shows it as it is at the commit."""
        return Event(type, self.tenant_id, at, subjects={"contact": self}, detail=detail)

    def updated(self, at: datetime) -> None:
        """Record `contact.updated`, after a change that others see."""
        self.record(self.event(EventType.CONTACT_UPDATED, at))

    @property
    def phone_number(self) -> str | None:
        """The phone number as WhatsApp showed it; None while only other identities are known."""
        return next((i.address for i in self.identities if i.kind is IdentityKind.PHONE), None)

    @property
    def shown_name(self) -> str | None:
        """The name that the company gave, else the person's own."""
        return self.card.name or self.name

    def keep(self, card: Card, at: datetime) -> bool:
        """Change what the company keeps of this contact; return whether anything differs, which is recorded."""
        if card == self.card:
            return False
        self.card = card
        self.updated(at)
        return True

    def block(self, at: datetime) -> bool:
        """Decline what this contact writes from now on; False if it was declined already."""
        return self.card.blocked_at is None and self.keep(replace(self.card, blocked_at=at), at)

    def unblock(self, at: datetime) -> bool:
        """Receive what this contact writes from now on; False if nothing was declined."""
        return self.keep(replace(self.card, blocked_at=None), at)

    def opt_out(self, choice: OptOut) -> bool:
        """Leave campaigns out from now on; False if that was so already."""
        return self.card.opted_out is None and self.keep(replace(self.card, opted_out=choice), choice.at)

    def opt_in(self, at: datetime) -> bool:
        """Receive campaigns again; False if nothing was left out."""
        return self.keep(replace(self.card, opted_out=None), at)

    def declines(self, at: datetime) -> bool:
        """Check that something written at that time was written by a contact blocked then."""
        return self.card.blocked_at is not None and at >= self.card.blocked_at

    def require_person(self) -> None:
        """Raise Conflict for a group, a broadcast list or a channel."""
        if self.is_group:
            raise Conflict("is_group", "a group is no person: it cannot be merged or split")

    def require_mergeable(self, other: "Contact") -> None:
        """Raise Conflict unless both are people, and two."""
        self.require_person()
        other.require_person()
        if other.id == self.id:
            raise Conflict("same_contact", "name another contact than this one")

    def learn(self, identities: Iterable[Identity], name: str | None, username: str | None = None) -> bool:
        """Add identities, and take the name and username that a message showed; return whether anything was new."""
        new = tuple(i for i in dict.fromkeys(identities) if i not in self.identities)
        self.identities += new
        name = name and name[:NAME_LENGTH]
        renamed = bool(name) and name != self.name
        if renamed:
            self.name = name
        username = username and username[:USERNAME_LENGTH]
        if username and username != self.username:
            self.username = username
            return True
        return bool(new) or renamed

    def absorb(self, other: "Contact", at: datetime) -> None:
        """Take over the identities of another contact that is the same person, and its name where this has none."""
        self.identities += other.identities
        self.name = self.name or other.name
        self.username = self.username or other.username
        self.card = self.card.merged(other.card)
        self.record(self.event(EventType.CONTACT_MERGED, at, merged_contact_id=other.id))

    def part(self, identities: Collection[Identity], new_id: ContactId, at: datetime) -> "Contact":
        """Make a contact of its own of some of these identities: they are another person's. Raises Invalid for one that
        is not this contact's, Conflict if none would be left here."""
        self.require_person()
        for place, identity in enumerate(identities):
            if identity not in self.identities:
                raise Invalid.field(f"identities/{place}", "must be an identity of this contact")
        taken = tuple(i for i in self.identities if i in identities)
        if not taken or len(taken) == len(self.identities):
            raise Conflict("nothing_left", "name some of the contact's identities, not none and not all")
        self.identities = tuple(i for i in self.identities if i not in taken)
        other = Contact(new_id, self.tenant_id, taken, at, self.name)
        self.updated(at)
        other.updated(at)
        return other

    def move(
        self, left: Collection[Identity], taken: Collection[Identity], *, is_latest: bool = True
    ) -> tuple[Identity, ...]:
        """Replace identities that the person left with new ones; return those removed.

        A person has one number at a time: after the latest change any other than the new one is removed, even if only
        a new BSUID is known. A new BSUID that does not name the one it replaces removes every BSUID.
        """
        replaced = {IdentityKind.PHONE} if is_latest else set()
        if IdentityKind.BSUID in {i.kind for i in taken} - {i.kind for i in left}:
            replaced.add(IdentityKind.BSUID)
        gone = tuple(i for i in self.identities if i not in taken and (i in left or i.kind in replaced))
        self.identities = tuple(i for i in self.identities if i not in gone)
        self.identities += tuple(i for i in dict.fromkeys(taken) if i not in self.identities)
        return gone

    def correct_number(self, seen: Iterable[Identity]) -> tuple[tuple[Identity, Identity], ...]:
        """Replace the form in which somebody typed a number with the form that WhatsApp just showed; return the
        replaced identities, each with its replacement."""
        known = {i: i for i in self.identities if i.kind is IdentityKind.PHONE}
        changed = tuple((known[i], i) for i in dict.fromkeys(seen) if i in known and known[i].address != i.address)
        new = dict(changed)
        self.identities = tuple(new.get(i, i) for i in self.identities)
        return changed

    def renumber(self, seen: Collection[Identity]) -> tuple[Identity, ...]:
        """Remove every other number if this person was just seen with one beside a stable identity (a LID or a BSUID,
        known before); return those removed."""
        kinds = {i.kind for i in seen}
        if IdentityKind.PHONE not in kinds or kinds.isdisjoint({IdentityKind.LID, IdentityKind.BSUID}):
            return ()
        gone = tuple(i for i in self.identities if i.kind is IdentityKind.PHONE and i not in seen)
        self.identities = tuple(i for i in self.identities if i not in gone)
        return gone

    def forget_bsuids(self, left: Collection[Identity], taken: Collection[Identity]) -> tuple[Identity, ...]:
        """Remove and return the BSUIDs among those that were left: each business portfolio has its own, and reports a
        change that another one reported before."""
        gone = tuple(i for i in self.identities if i in left and i not in taken and i.kind is IdentityKind.BSUID)
        self.identities = tuple(i for i in self.identities if i not in gone)
        return gone


def names_chat(identity: Identity, chat: str) -> bool:
    """Check that a provider's chat address is this identity's, in any form."""
    user = chat.partition("@")[0].partition(":")[0].removeprefix("+")
    is_phone = identity.kind is IdentityKind.PHONE and canonical(user) == identity.value
    return is_phone or (bool(user) and user in (identity.address, identity.value))
