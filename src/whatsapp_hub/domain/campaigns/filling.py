"""What a template's parameters say to one contact: constants, with fields of the contact in braces.

`{{name}}`, `{{phone}}` and `{{fields.rota}}` stand for the contact's own; `{{fields.rota|a sua rota}}` has what is said
where it has none. WhatsApp takes no line breaks, tabs or runs of spaces in a parameter (132018): a contact's are made
single spaces. Nor does it take long ones (132005): what is filled is bounded, whatever stands in a contact's fields.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.messaging.contact import FIELD_NAME_LENGTH, Contact

_BRACES = re.compile(r"\{\{\s*([^{}|]{1,80}?)\s*(?:\|([^{}]{0,200}))?\}\}")
_FIELD = "fields."
_OWN = ("name", "phone")
_DEEPEST = 8
MOST_BRACES = 250
LONGEST = 1024
"""Characters of a text that a contact's own words stand in. Source: Meta, "Template components", body parameters."""
MOST_BYTES = 32 * 1024
"""Of all parameters of one message, as JSON."""
AT = "template/components"


class Missing(Exception):
    """The contact does not have what a parameter says, and the parameter has no other words. `name`: what it lacks."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TooLong(Exception):
    """The contact's own words are longer than a message may be."""


def filled_for(contact: Contact, components: Sequence[object]) -> tuple[object, ...]:
    """Return the parameters as this contact gets them. Raises Missing, TooLong."""
    filled = _each(components, partial(_filled, contact))
    if len(json.dumps(filled, ensure_ascii=False).encode()) > MOST_BYTES:
        raise TooLong(f"has more than {MOST_BYTES // 1024} kB")
    return filled


def _filled(contact: Contact, text: str) -> str:
    filled, found = _BRACES.subn(lambda m: _value(m[1], m[2], contact), text)
    if found and len(filled) > LONGEST:
        raise TooLong(f"has a text of more than {LONGEST} characters")
    return filled


def stand_in(components: Sequence[object]) -> tuple[object, ...]:
    """Return the parameters with each name in braces as its own value: the template's check takes them as a contact's.
    Raises Invalid, which names the field where something else stands in braces, or for too many of them."""
    if _check(list(components), AT, 0) > MOST_BRACES:
        raise Invalid.field(AT, f"must have at most {MOST_BRACES} names in braces")
    return _each(components, lambda text: _BRACES.sub(lambda m: m[1], text))


def _each(components: Sequence[object], change: Callable[[str], str]) -> tuple[object, ...]:
    return tuple(_walk(one, change) for one in components)


def _walk(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _walk(one, change) for name, one in value.items()}
    return [_walk(one, change) for one in value] if isinstance(value, list | tuple) else value


def _value(name: str, otherwise: str | None, contact: Contact) -> str:
    found = " ".join((_own(name, contact) or otherwise or "").split())
    if not found:
        raise Missing(name)
    return found


def _own(name: str, contact: Contact) -> str | None:
    if name.startswith(_FIELD):
        return contact.card.fields.get(name.removeprefix(_FIELD))
    return contact.shown_name if name == "name" else contact.phone_number


def _check(value: object, at: str, depth: int) -> int:
    """Return how many names stand in braces."""
    if depth > _DEEPEST:
        raise Invalid.field(at, "is nested deeper than the parameters of a template are")
    if isinstance(value, str):
        found = _BRACES.findall(value)
        for name, _ in found:
            _check_name(name, at)
        return len(found)
    inside: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list | tuple):
        inside = enumerate(value)
    return sum(_check(one, f"{at}/{key}", depth + 1) for key, one in inside)


def _check_name(name: str, at: str) -> None:
    if name in _OWN:
        return
    if not name.startswith(_FIELD) or not 1 <= len(name.removeprefix(_FIELD)) <= FIELD_NAME_LENGTH:
        raise Invalid.field(at, f"has {{{{{name}}}}}: in braces stand name, phone, or fields. with a field's name")
