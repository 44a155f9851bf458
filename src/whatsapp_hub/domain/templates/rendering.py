"""What a customer sees of a template, its places filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whatsapp_hub.domain.templates.places import filled
from whatsapp_hub.domain.templates.template import MessageTemplate, Part, buttons_of, items, part_of, word

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button: its type in WhatsApp's word, its title, and where it leads."""

    type: str
    text: str
    url: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A template as a customer sees it. `header_kind`: `text`, `image`, `video`, `document` or `location`; a place
    without a value stands in its braces."""

    body: str
    header: str = ""
    header_kind: str | None = None
    footer: str = ""
    buttons: tuple[ShownButton, ...] = ()
    cards: tuple["Shown", ...] = ()

    @property
    def text(self) -> str:
        """The words of it, as one text: header, body, footer, each on lines of their own."""
        parts = (self.header, self.body, *(card.body for card in self.cards), self.footer)
        return "\n\n".join(part for part in parts if part)[:_LONGEST]


def rendered(template: MessageTemplate, given: Sequence[object]) -> Shown:
    """Fill a template's places with the parameters of a message."""
    return _rendered(template.components or (), [one for one in given if isinstance(one, Mapping)])


def _rendered(components: Sequence[Part], given: Sequence[Part]) -> Shown:
    header, body, footer = (part_of(components, kind) for kind in ("HEADER", "BODY", "FOOTER"))
    return Shown(
        body=filled(word(body, "text"), _values(_of_type(given, "body"))),
        header=filled(word(header, "text"), _values(_of_type(given, "header"))),
        header_kind=(word(header, "format").lower() or "text") if header else None,
        footer=word(footer, "text"),
        buttons=tuple(_button(b, n, given) for n, b in enumerate(buttons_of(components))),
        cards=_cards(components, given),
    )


def _cards(components: Sequence[Part], given: Sequence[Part]) -> tuple[Shown, ...]:
    filled_cards = list(items(_of_type(given, "carousel"), "cards"))
    own = list(items(part_of(components, "CAROUSEL"), "cards"))
    inside = [list(items(card, "components")) for card in filled_cards] + [[] for _ in own]
    return tuple(_rendered(list(items(card, "components")), values) for card, values in zip(own, inside, strict=False))


def _button(button: Part, index: int, given: Sequence[Part]) -> ShownButton:
    own = next((g for g in given if word(g, "type").lower() == "button" and str(g.get("index")) == str(index)), None)
    url = filled(word(button, "url"), _values(own)) or None
    kind = word(button, "type").upper()
    return ShownButton(kind, word(button, "text"), url, word(button, "phone_number") or None)


def _of_type(given: Sequence[Part], kind: str) -> Part | None:
    return next((one for one in given if word(one, "type").lower() == kind), None)


def _values(component: Part | None) -> dict[str, str]:
    """Return what fills the places: by name, and by position."""
    found: dict[str, str] = {}
    for n, one in enumerate(items(component, "parameters"), start=1):
        found[word(one, "parameter_name") or str(n)] = _said(one)
    return found


def _said(parameter: Part) -> str:
    """Return what a parameter shows: its text, or the words for phones that cannot format a date or an amount."""
    kind = word(parameter, "type").lower()
    inner = parameter.get(kind)
    return word(inner, "fallback_value") if isinstance(inner, Mapping) else word(parameter, "text")
