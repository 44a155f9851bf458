"""The stored form of what a company keeps of a contact: `contacts.own`, null where it keeps nothing."""

from datetime import datetime

import msgspec

from whatsapp_hub.domain.messaging.contact import NO_CARD, Card

SAVE_CARDS = """
    UPDATE contacts SET own = x.own::jsonb FROM unnest($1::uuid[], $2::text[]) AS x(id, own) WHERE contacts.id = x.id"""


class _Stored(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    labels: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    blocked_at: datetime | None = None


_decode = msgspec.json.Decoder(_Stored).decode


def stored_card(card: Card) -> str | None:
    """Encode for the column."""
    if card == NO_CARD:
        return None
    return msgspec.json.encode(_Stored(card.name, card.labels, dict(card.fields), card.blocked_at)).decode()


def card_of(own: str | None) -> Card:
    """Decode the column."""
    if own is None:
        return NO_CARD
    stored = _decode(own)
    return Card(stored.name, stored.labels, stored.fields, stored.blocked_at)
