"""The audience of a campaign: contacts by name, or those that carry labels and fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whatsapp_hub.domain.conversations.labels import checked
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import check_fields

MOST_NAMED = 20_000
"""Contacts that one campaign names: a body of 800 kB. More are reached by a label."""
MOST_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is written to: exactly these contacts, or every person with all of these labels and these values of fields
    (case and accents aside for labels, exact for fields), or everybody. `named`: how many were named one by one, where
    the names themselves stand with the recipients."""

    contact_ids: tuple[ContactId, ...] = ()
    labels: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    everybody: bool = False
    named: int = 0

    @classmethod
    def of(
        cls,
        contact_ids: Sequence[ContactId] | None,
        labels: Sequence[str],
        fields: Mapping[str, str],
        *,
        everybody: bool,
    ) -> "Audience":
        """Check it. Raises Invalid: it names nobody, or in two ways at once, or a field that no contact can have."""
        ways = [contact_ids is not None, bool(labels or fields), everybody]
        if sum(ways) != 1:
            raise Invalid.field("audience", "must name contactIds, or labels and fields, or everybody")
        named = tuple(dict.fromkeys(contact_ids or ()))
        if contact_ids is not None and not 1 <= len(named) <= MOST_NAMED:
            raise Invalid.field("audience/contactIds", f"must be 1 to {MOST_NAMED} contacts; a label names more")
        if len(fields) > MOST_FIELDS:
            raise Invalid.field("audience/fields", f"must be at most {MOST_FIELDS}")
        check_fields(fields, "audience/fields")
        return cls(named, checked(labels, "audience/labels"), dict(fields), everybody)

    @property
    def size(self) -> int:
        """How many contacts are named one by one; 0: it is a filter."""
        return len(self.contact_ids) or self.named


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """Whom an audience holds now. `receive`: those who would be written to."""

    matched: int = 0
    opted_out: int = 0
    blocked: int = 0
    groups: int = 0

    @property
    def receive(self) -> int:
        """People who are left, an address and all fields given."""
        return self.matched - self.opted_out - self.blocked - self.groups
