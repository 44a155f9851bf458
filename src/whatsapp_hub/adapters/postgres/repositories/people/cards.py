"""The stored form of what a company keeps of a contact, and of what WhatsApp shows of it beside its name:
`contacts.own`, null where there is nothing."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from whatsapp_hub.adapters.postgres.engine.write_batch import Write
from whatsapp_hub.domain.campaigns.opt_out import OptOut
from whatsapp_hub.domain.messaging.contact import NO_CARD, Card, Contact
from whatsapp_hub.domain.text import fold

SAVE_CARDS = Write(
    "contacts",
    """UPDATE contacts SET own = x.own::jsonb FROM unnest($1::uuid[], $2::text[]) AS x(id, own)
       WHERE contacts.id = x.id""",
)


class Kept(NamedTuple):
    """What the column holds."""

    card: Card = NO_CARD
    username: str | None = None


FOLDED = "translate(lower({0}), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy')"
LABELS = "jsonb_array_elements_text(c.own -> 'labels') AS l (label)"
"""Of contacts `c`."""


class _Stored(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    labels: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    blocked_at: datetime | None = None
    username: str | None = None
    opted_out: OptOut | None = None


_NOTHING = Kept()
_decode = msgspec.json.Decoder(_Stored).decode


def stored_card(contact: Contact) -> str | None:
    """Encode for the column."""
    card = contact.card
    if card == NO_CARD and contact.username is None:
        return None
    stored = _Stored(card.name, card.labels, dict(card.fields), card.blocked_at, contact.username, card.opted_out)
    return msgspec.json.encode(stored).decode()


def kept_in(own: str | None) -> Kept:
    """Decode the column."""
    if own is None:
        return _NOTHING
    stored = _decode(own)
    card = Card(stored.name, stored.labels, stored.fields, stored.blocked_at, stored.opted_out)
    return Kept(card, stored.username)


def label_pattern(label: str | None) -> str | None:
    """Build the LIKE pattern of one whole label; any sign may stand between its words."""
    return None if label is None else "_".join(fold(label).split())
