"""A message template as WhatsApp has it: its parts, whether it may be sent, and what WhatsApp reports of it later.

Source: Meta's documents of message templates. Status, category and quality stay the words that WhatsApp uses: a new one
is shown as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from whatsapp_hub.domain.ids import SessionId, TemplateId, TenantId
from whatsapp_hub.domain.messaging.bounds import size_of

APPROVED, DELETED = "APPROVED", "DELETED"
_REFUSED = frozenset(
    {"PENDING", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL", "PENDING_DELETION", "DELETED", "LIMIT_EXCEEDED"}
)
"""States in which WhatsApp certainly refuses a message from it (132001, 132015, 132016)."""

MOST_CHARACTERS = 32 * 1024
"""Of all parts of a template, far more than WhatsApp takes: a company signs its own webhooks."""

Part = Mapping[str, object]
"""A part of a template in Meta's form: `type`, and by type `text`, `format`, `buttons`, `cards`."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What identifies a template within its session: name and language."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """An entry of a session's catalogue. `provider_id`: WhatsApp's id of it; `components`: its parts, None while only
    its state was reported; `seen_at`: when the provider last told of it; `reason`: why it was refused."""

    id: TemplateId
    tenant_id: TenantId
    session_id: SessionId
    name: str
    language: str
    status: str
    seen_at: datetime
    provider_id: str | None = None
    category: str | None = None
    quality: str | None = None
    reason: str | None = None
    components: tuple[Part, ...] | None = None

    @property
    def key(self) -> Placed:
        """Name and language."""
        return Placed(self.name, self.language)

    @property
    def is_refused(self) -> bool:
        """Whether WhatsApp certainly refuses a message from it now; an unknown state is WhatsApp's to judge."""
        return self.status in _REFUSED

    def part(self, kind: str) -> Part | None:
        """Return its part of a type (`HEADER`, `BODY`, `FOOTER`, `BUTTONS`, `CAROUSEL`)."""
        return part_of(self.components or (), kind)

    def told(self, news: "TemplateNews", at: datetime) -> "MessageTemplate":
        """Return it with what the provider reported; what was not said stays, and so do parts of other types."""
        given = {name: getattr(news, name) for name in ("status", "category", "quality", "provider_id", "reason")}
        known = {name: value for name, value in given.items() if value is not None}
        if news.status == APPROVED:
            known["reason"] = None
        if news.components is not None and (parts := kept(_merged(self.components or (), news.components))) is not None:
            known["components"] = parts
        return replace(self, **known, seen_at=at)


@dataclass(frozen=True, slots=True)
class TemplateNews:
    """What a provider reported of a template; None: nothing of that. `components`: the parts that changed."""

    name: str
    language: str
    provider_id: str | None = None
    status: str | None = None
    category: str | None = None
    quality: str | None = None
    reason: str | None = None
    components: tuple[Part, ...] | None = None

    @property
    def key(self) -> Placed:
        """Name and language."""
        return Placed(self.name, self.language)

    @property
    def is_refused(self) -> bool:
        """Whether WhatsApp refuses messages from it from now on."""
        return self.status in _REFUSED


def kept(components: Sequence[Part] | None) -> tuple[Part, ...] | None:
    """Return the parts as they are stored; None where they are larger than those of a template of WhatsApp's."""
    return None if components is None or size_of(components) > MOST_CHARACTERS else tuple(components)


def part_of(components: Sequence[Part], kind: str) -> Part | None:
    """Return the part of a type."""
    return next((part for part in components if _type(part) == kind), None)


def buttons_of(components: Sequence[Part]) -> list[Part]:
    """Return the buttons, in the order of their indexes."""
    return list(items(part_of(components, "BUTTONS"), "buttons"))


def items(part: Part | None, name: str) -> Iterator[Part]:
    """Yield the objects of a list within a part; what has another shape is passed over."""
    values = (part or {}).get(name)
    for value in values if isinstance(values, list | tuple) else ():
        if isinstance(value, Mapping):
            yield value


def word(part: Part | None, name: str) -> str:
    """Return a text within a part, empty where there is none."""
    value = (part or {}).get(name)
    return value if isinstance(value, str) else ""


def _type(part: Part) -> str:
    return word(part, "type").upper()


def _merged(present: Sequence[Part], new: Sequence[Part]) -> tuple[Part, ...]:
    """Put the new parts in the place of those of their types, in WhatsApp's order."""
    parts = {_type(part): part for part in (*present, *new)}
    order = ("HEADER", "BODY", "FOOTER", "BUTTONS")
    return tuple(sorted(parts.values(), key=lambda p: order.index(_type(p)) if _type(p) in order else len(order)))
