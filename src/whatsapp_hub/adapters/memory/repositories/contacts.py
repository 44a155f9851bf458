"""Contacts, found by any of their identities; two that turn out to be one person are merged."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.queues.blocks import MemoryProviderBlocks
from whatsapp_hub.adapters.memory.queues.scheduled import SCHEDULED
from whatsapp_hub.adapters.memory.repositories.campaigns import merge_recipients
from whatsapp_hub.adapters.memory.repositories.conversations import MemoryConversations
from whatsapp_hub.adapters.memory.tables.entities import CONTACTS, CONVERSATIONS, MARKED, MESSAGES
from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.storage.contacts import Met, Moved
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.merging import merge_rounds
from whatsapp_hub.domain.errors import Contention, NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import ContactId, ConversationId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact, Identity, names_chat
from whatsapp_hub.domain.messaging.message import Direction, Message
from whatsapp_hub.domain.messaging.recognition import Holders, Person, Sighting, people_of

_ROUNDS = 5
"""How often a search begins anew because contacts were merged while it waited for them."""


@dataclass(frozen=True, slots=True)
class LeftIdentity:
    """An identity that a contact had until that time."""

    identity: Identity
    until: datetime
    contact_id: ContactId


LEFT_IDENTITIES: Table[tuple[Identity, datetime], LeftIdentity] = Table("left_identities")


class MemoryContacts:
    """Implements `Contacts`."""

    def __init__(self, rows: Rows, tenant_id: TenantId, new_id: NewId, events: list[Event]) -> None:
        self._rows = rows
        self._tenant_id = tenant_id
        self._new_id = new_id
        self._events = events
        self._conversations = MemoryConversations(rows, events)

    async def get(self, contact_id: ContactId) -> Contact:
        """Return and lock a contact. Raises NotFound."""
        if (found := await self._rows.get(CONTACTS, contact_id)) is None:
            raise NotFound("contact", contact_id)
        return found

    async def save(self, contacts: Sequence[Contact]) -> None:
        """Store the cards and take the events."""
        for contact in contacts:
            self._events += contact.take_events()
            await self._rows.put(CONTACTS, contact.id, contact)

    async def merge(self, kept_id: ContactId, other_id: ContactId, at: datetime) -> Contact:
        """Merge the other contact into the first."""
        found = {id: await self.get(id) for id in sorted((kept_id, other_id))}
        kept, other = found[kept_id], found[other_id]
        kept.require_mergeable(other)
        await self._merge(kept, other, at)
        await self._rows.put(CONTACTS, kept.id, kept)
        if kept.phone_number:
            await self._show_phone(kept, at)
        return kept

    async def split(self, contact_id: ContactId, identities: Collection[Identity], at: datetime) -> Contact:
        """Make a contact of some identities, with the rounds held under them."""
        contact = await self.get(contact_id)
        other = contact.part(identities, ContactId(self._new_id()), at)
        await self.save([contact, other])
        for conversation in await self._conversations.of_contacts([contact.id]):
            if any(names_chat(i, conversation.chat) for i in other.identities):
                await self._hand_over(conversation, other, at)
        await MemoryProviderBlocks(self._rows).part(contact, other, at)
        return other

    async def _hand_over(self, conversation: Conversation, other: Contact, at: datetime) -> None:
        if conversation.is_live:
            conversation.move_to(other.id, conversation.chat, other.phone_number, at)
        conversation.contact_id = other.id
        await self._conversations.save([conversation])
        for message in [m for m in self._rows.each(MESSAGES) if m.conversation_id == conversation.id]:
            await self._rows.put(MESSAGES, message.id, replace(message, contact_id=other.id, _events=[]))
        for waiting in [m for m in self._rows.each(SCHEDULED) if m.conversation_id == conversation.id]:
            await self._rows.put(SCHEDULED, waiting.id, replace(waiting, contact_id=other.id, _events=[]))

    async def is_group(self, contact_id: ContactId) -> bool:
        """Whether the contact is a group; False also for an unknown one."""
        found = self._rows.peek(CONTACTS, contact_id)
        return found is not None and found.is_group

    async def known(self, identity: Identity) -> Identity | None:
        """Return the identity as stored, with the address under which the provider knows it."""
        own = (i for contact in self._rows.each(CONTACTS) for i in contact.identities)
        return next((i for i in own if i == identity), None)

    async def find_or_create(self, sightings: Sequence[Sighting], at: datetime) -> Met:
        wanted = list(dict.fromkeys(i for sighting in sightings for i in sighting.identities))
        if not wanted:
            return Met([], [])
        known, result = await self._find(wanted), dict[int, tuple[Contact, bool]]()
        moved: list[Moved] = []
        present, former = known.apart(sightings)
        for person in people_of(present, known.now, former):
            met = await self._one(person, [present[n] for n in person.members], at, moved)
            result.update(dict.fromkeys(person.members, met))
        return Met([result[n] for n in range(len(sightings))], moved)

    async def move(
        self, left: Collection[Identity], taken: Collection[Identity], at: datetime, now: datetime
    ) -> Moved | None:
        if not left or not taken:
            return None
        known = await self._find([*left, *taken])
        is_applied = known.was_applied(left, taken, at)
        present = tuple(i for i in taken if known.left_by(i, at) is None)
        person = Person([0], {c.id: c for c in known.movers(left, taken, at)})
        contact, _ = await self._one(person, [Sighting(present, None)], now, [])
        if is_applied:
            gone = contact.forget_bsuids(left, present)
        else:
            gone = contact.move(left, present, is_latest=len(present) == len(taken))
        await self._rows.put(CONTACTS, contact.id, contact)
        await self._leave(contact, gone if is_applied else (*left, *gone), at)
        return Moved(contact, gone, present)

    async def _leave(self, contact: Contact, left: Iterable[Identity], at: datetime) -> None:
        for identity in dict.fromkeys(left):
            if self._rows.peek(LEFT_IDENTITIES, (identity, at)) is None:
                await self._rows.put(LEFT_IDENTITIES, (identity, at), LeftIdentity(identity, at, contact.id))

    async def _find(self, wanted: Sequence[Identity]) -> Holders:
        """Lock the current and former holders of identities. A concurrent call for the same new person waits, and then
        finds the contact."""
        for identity in sorted(wanted, key=lambda i: (i.kind, i.value)):
            if await self.known(identity) is None:
                await self._rows.lock_name("identity", identity)
        for _ in range(_ROUNDS):
            locked = sorted(self._holding(wanted))
            for contact_id in locked:
                await self._rows.lock(CONTACTS, contact_id)
            if set(locked) == self._holding(wanted):
                found = ((id, self._rows.peek(CONTACTS, id)) for id in locked)
                return self._holders({id: contact for id, contact in found if contact})
        raise Contention("these contacts are being merged")

    def _holding(self, wanted: Collection[Identity]) -> set[ContactId]:
        now = {c.id for c in self._rows.each(CONTACTS) if not set(c.identities).isdisjoint(wanted)}
        return now | {left.contact_id for left in self._rows.each(LEFT_IDENTITIES) if left.identity in wanted}

    def _holders(self, contacts: dict[ContactId, Contact]) -> Holders:
        found = Holders()
        for contact in contacts.values():
            found.now |= dict.fromkeys(contact.identities, contact)
        for left in sorted(self._rows.each(LEFT_IDENTITIES), key=lambda left: left.until):
            if left.contact_id in contacts:
                found.former.setdefault(left.identity, []).append((left.until, contacts[left.contact_id]))
        return found

    async def _one(
        self, person: Person, sightings: Sequence[Sighting], at: datetime, moved: list[Moved]
    ) -> tuple[Contact, bool]:
        found = person.contacts()
        contact = found[0] if found else self._fresh(sightings[0], at)
        phone = contact.phone_number
        for other in found[1:]:
            await self._merge(contact, other, at)
        learned = [contact.learn(seen.identities, seen.name, seen.username) for seen in sightings]
        gone = await self._renumber(contact, sightings, moved) if found else ()
        moved += _corrected(contact, sightings)
        await self._rows.put(CONTACTS, contact.id, contact)
        if contact.phone_number and (len(found) > 1 or (found and phone is None)):
            await self._show_phone(contact, at)
        return contact, not found or len(found) > 1 or any(learned) or bool(gone)

    def _fresh(self, sighting: Sighting, at: datetime) -> Contact:
        id, identities = ContactId(self._new_id()), tuple(dict.fromkeys(sighting.identities))
        new = Contact(id, self._tenant_id, identities, at, sighting.name, is_group=sighting.is_group)
        new.learn((), None, sighting.username)
        return new

    async def _renumber(
        self, contact: Contact, sightings: Sequence[Sighting], moved: list[Moved]
    ) -> tuple[Identity, ...]:
        """Change the number of a contact that is seen with another phone beside the same LID."""
        found: list[Identity] = []
        for sighting in sightings:
            gone = contact.renumber(sighting.identities) if sighting.is_live and sighting.at else ()
            if gone and sighting.at:
                await self._leave(contact, gone, sighting.at)
                moved.append(Moved(contact, gone, sighting.identities))
                found += gone
        return tuple(found)

    async def _show_phone(self, contact: Contact, at: datetime) -> None:
        """Add the phone, now that it is known, to conversations that lack it."""
        for conversation in list(self._rows.each(CONVERSATIONS)):
            if conversation.contact_id == contact.id and conversation.customer_phone is None:
                await self._rows.lock(CONVERSATIONS, conversation.id)
                shown = copied(conversation)
                before, shown.customer_phone = shown.shown, contact.phone_number
                if shown.is_live:
                    shown.updated(before, at)
                self._events += shown.take_events()
                await self._rows.put(CONVERSATIONS, shown.id, shown)

    async def _merge(self, kept: Contact, other: Contact, at: datetime) -> None:
        """Merge two contacts of one person: the older one stays, and takes over all that was the other's."""
        differ = (kept.card.blocked_at is None) != (other.card.blocked_at is None)
        kept.absorb(other, at)
        self._events += kept.take_events()
        await self._drop_repeats(kept.id, other.id)
        await self._archive(kept, other, at)
        for conversation in await self._conversations.of_contacts([other.id]):
            conversation.contact_id = kept.id
            await self._rows.put(CONVERSATIONS, conversation.id, conversation)
        for message in [m for m in self._rows.each(MESSAGES) if m.contact_id == other.id]:
            await self._rows.put(MESSAGES, message.id, replace(message, contact_id=kept.id, _events=[]))
        for left in [left for left in self._rows.each(LEFT_IDENTITIES) if left.contact_id == other.id]:
            await self._rows.put(LEFT_IDENTITIES, (left.identity, left.until), replace(left, contact_id=kept.id))
        for waiting in [m for m in self._rows.each(SCHEDULED) if m.contact_id == other.id]:
            await self._rows.put(SCHEDULED, waiting.id, replace(waiting, contact_id=kept.id, _events=[]))
        await merge_recipients(self._rows, kept.id, other.id)
        blocked = kept.card.blocked_at is not None
        await MemoryProviderBlocks(self._rows).merge(kept.id, other.id, at, blocked=blocked, differ=differ)
        await self._rows.drop(CONTACTS, other.id)

    async def _drop_repeats(self, kept: ContactId, other: ContactId) -> None:
        """Keep one of each message that came in both spellings of a chat: of our own sends that which a person or a
        program wrote, of all others that of the contact which is kept."""
        stays = {(m.session_id, m.whatsapp_message_id): m for m in self._rows.each(MESSAGES) if m.contact_id == kept}
        for message in [m for m in self._rows.each(MESSAGES) if m.contact_id == other]:
            same = stays.get((message.session_id, message.whatsapp_message_id))
            if same is not None and message.whatsapp_message_id:
                await self._rows.drop(MESSAGES, same.id if _is_send(message) else message.id)

    async def _archive(self, kept: Contact, other: Contact, at: datetime) -> None:
        """Archive one of two live conversations; the other continues with the messages of both."""
        live = [c for c in await self._conversations.of_contacts([kept.id, other.id]) if c.is_live]
        keeps = {c.session_id: c for c in live if c.contact_id == kept.id}
        theirs = [c for c in live if c.contact_id == other.id and c.session_id in keeps]
        merged = [merge_rounds(keeps[c.session_id], c, at) for c in theirs]
        await self._conversations.save([gone for _, gone in merged])
        alone = [c for c in live if c.contact_id == other.id]
        for c in alone:
            c.move_to(kept.id, c.chat, c.customer_phone, at)
        await self._conversations.save([*(stays for stays, _ in merged), *alone])
        for stays, gone in merged:
            await self._take_over(stays.id, gone.id)

    async def _take_over(self, stays: ConversationId, gone: ConversationId) -> None:
        marked = min(self._rows.peek(MARKED, id) or 0 for id in (stays, gone))
        await self._rows.put(MARKED, stays, marked)
        for message in [m for m in self._rows.each(MESSAGES) if m.conversation_id == gone]:
            await self._rows.put(MESSAGES, message.id, replace(message, conversation_id=stays, _events=[]))
        for waiting in [m for m in self._rows.each(SCHEDULED) if m.conversation_id == gone]:
            await self._rows.put(SCHEDULED, waiting.id, replace(waiting, conversation_id=stays, _events=[]))


def _is_send(message: Message) -> bool:
    return message.direction is Direction.OUTBOUND and (message.is_bot or message.sender_id is not None)


def _corrected(contact: Contact, sightings: Iterable[Sighting]) -> list[Moved]:
    """Take the form of a number that WhatsApp itself just showed."""
    live = (sighting for sighting in sightings if sighting.is_live)
    pairs = (pair for sighting in live for pair in contact.correct_number(sighting.identities))
    return [Moved(contact, (old,), (new,)) for old, new in pairs]
