"""Merging two contacts of one person, and splitting a contact of two."""

from datetime import datetime

from whatsapp_hub.adapters.postgres.campaigns.merging import MERGE_RECIPIENTS
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.adapters.postgres.repositories.people.block_moves import merge_blocks, part_blocks
from whatsapp_hub.adapters.postgres.repositories.people.cards import SAVE_CARDS, stored_card
from whatsapp_hub.domain.conversations.merging import merge_rounds
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.messaging.contact import Contact, names_chat

# A message that came in both spellings of a chat was stored as each contact's. One of them stays: of our own sends that
# which a person or a program wrote, of all others that of the contact which is kept.
_TWICE = """
    k.session_id = m.session_id AND k.whatsapp_message_id = m.whatsapp_message_id AND k.contact_id = $1
      AND m.conversation_id = ANY(ARRAY(
        SELECT c.id FROM hub.sessions s JOIN conversations c ON c.session_id = s.id
        WHERE s.tenant_id = hub.tenant() AND c.contact_id = $2))"""
_IS_SEND = "{0}.direction = 'OUTBOUND' AND ({0}.is_bot OR {0}.sender_id IS NOT NULL)"
_DROP_REPEATS = (
    f"""DELETE FROM messages m USING messages k WHERE {_TWICE} AND NOT ({_IS_SEND.format("m")})""",
    f"""DELETE FROM messages k USING messages m WHERE {_TWICE} AND NOT ({_IS_SEND.format("k")})""",
    f"""UPDATE messages m SET whatsapp_message_id = NULL FROM messages k WHERE {_TWICE}""",
)
_MERGE = (
    """UPDATE contact_identities SET contact_id = $1 WHERE contact_id = $2""",
    """UPDATE messages SET contact_id = $1 FROM conversations c
       WHERE c.contact_id = $2 AND messages.conversation_id = c.id""",
    """UPDATE conversations SET contact_id = $1 WHERE contact_id = $2""",
    """UPDATE left_identities SET contact_id = $1 WHERE contact_id = $2""",
    """UPDATE hub.scheduled SET contact_id = $1 WHERE contact_id = $2""",
    *MERGE_RECIPIENTS,
    """DELETE FROM contacts WHERE id = $2 AND id <> $1""",
)
_TAKE_OVER = (
    """UPDATE messages SET conversation_id = $1, contact_id = $3 WHERE conversation_id = $2""",
    """UPDATE hub.scheduled SET conversation_id = $1, contact_id = $3 WHERE conversation_id = $2""",
)
# Of a message that WhatsApp was told of already it may be told again.
_UNMARK = """
    UPDATE conversations c SET read_marked_seq = least(c.read_marked_seq, gone.read_marked_seq)
    FROM conversations gone WHERE c.id = $1 AND gone.id = $2"""
_PART = """
    UPDATE contact_identities i SET contact_id = $1 FROM unnest($2::text[], $3::text[]) AS x(kind, value)
    WHERE i.tenant_id = hub.tenant() AND i.kind = x.kind AND i.value = x.value"""
_HAND_OVER = (
    """UPDATE messages SET contact_id = $1 WHERE conversation_id = ANY($2::uuid[])""",
    """UPDATE conversations SET contact_id = $1 WHERE id = ANY($2::uuid[])""",
    """UPDATE hub.scheduled SET contact_id = $1 WHERE conversation_id = ANY($2::uuid[])""",
)

# Automatic merges, which no caller asked for, are in the event log alone.
_AUDIT = """
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, after)
    SELECT hub.tenant(), w ->> 'key', (w ->> 'user')::uuid, w ->> 'email', w ->> 'from', w ->> 'doing', 'update',
      'contact', $1::uuid::text, jsonb_build_object($2::text, $3::uuid)
    FROM (SELECT nullif(current_setting('app.caller', true), '')::json AS w) AS who WHERE w IS NOT NULL"""


class Merges:
    """Move what belongs to one contact to another, in the transaction that has locked both."""

    def __init__(self, connection: Statements, events: list[Event]) -> None:
        self._connection = connection
        self._events = events

    async def merge(self, kept: Contact, other: Contact, at: datetime) -> None:
        """Merge two contacts of one person: the older one stays, and takes over all that was the other's."""
        before, was_blocked = stored_card(kept), kept.card.blocked_at is not None
        kept.absorb(other, at)
        if (after := stored_card(kept)) != before:
            await self._connection.execute(SAVE_CARDS.command, [kept.id], [after])
        self._events += kept.take_events()
        for statement in _DROP_REPEATS:
            await self._connection.execute(statement, kept.id, other.id)
        await self._archive(kept, other, at)
        await self._connection.execute(_AUDIT, kept.id, "merged_contact_id", other.id)
        for statement in _MERGE:
            await self._connection.execute(statement, kept.id, other.id)
        await merge_blocks(self._connection, kept, other, at, was_blocked=was_blocked)

    async def _archive(self, kept: Contact, other: Contact, at: datetime) -> None:
        """Archive one of two live conversations; the other continues with the messages of both."""
        rounds = conversations.PostgresConversations(self._connection, self._events)
        live = [c for c in await rounds.of_contacts([kept.id, other.id]) if c.is_live]
        keeps = {c.session_id: c for c in live if c.contact_id == kept.id}
        theirs = [c for c in live if c.contact_id == other.id and c.session_id in keeps]
        merged = [merge_rounds(keeps[c.session_id], c, at) for c in theirs]
        await rounds.save([gone for _, gone in merged])
        alone = [c for c in live if c.contact_id == other.id]
        for c in alone:
            c.move_to(kept.id, c.chat, c.customer_phone, at)
        await rounds.save([*(stays for stays, _ in merged), *alone])
        for stays, gone in merged:
            for statement in _TAKE_OVER:
                await self._connection.execute(statement, stays.id, gone.id, kept.id)
            await self._connection.execute(_UNMARK, stays.id, gone.id)

    async def part(self, contact: Contact, other: Contact, at: datetime) -> None:
        """Give a new contact its identities, and the rounds whose chat is one of them."""
        self._events += recorded([contact, other])
        await self._connection.execute(_AUDIT, contact.id, "split_contact_id", other.id)
        names = [i.kind.value for i in other.identities], [i.value for i in other.identities]
        await self._connection.execute(_PART, other.id, *names)
        rounds = conversations.PostgresConversations(self._connection, self._events)
        theirs = [
            c for c in await rounds.of_contacts([contact.id]) if any(names_chat(i, c.chat) for i in other.identities)
        ]
        live = [c for c in theirs if c.is_live]
        for c in live:
            c.move_to(other.id, c.chat, other.phone_number, at)
        await rounds.save(live)
        for statement in _HAND_OVER:
            await self._connection.execute(statement, other.id, [c.id for c in theirs])
        await part_blocks(self._connection, contact, other, at)
