"""The places of a template that a message fills, and whether the parameters given fill them.

A place is a number or a name in braces (`{{1}}`, `{{first_name}}`), the file of a header, the end of a button's address
or the code that a button copies. Source: Meta's documents of template components; errors 132000, 132012, 132018.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.templates.template import MessageTemplate, Part, buttons_of, items, part_of, word

_BRACES = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
_INDEX = re.compile(r"[0-9]{1,3}")
_FILES = frozenset({"image", "video", "document"})
_TEXTS = frozenset({"text", "currency", "date_time"})
_CHECKED = frozenset({"header", "body", "button", "carousel"})
_KNOWN = _CHECKED | {"footer", "limited_time_offer", "order_status", "tap_target_configuration", "buttons"}
_FILLED_BUTTONS = {"URL": "url", "COPY_CODE": "copy_code", "OTP": "url"}
_OPTIONAL = {"QUICK_REPLY": "quick_reply", "FLOW": "flow", "CATALOG": "catalog", "MPM": "mpm", "SPM": "spm"}


class PlaceKind(StrEnum):
    """What fills a place."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    LOCATION = "location"
    CODE = "coupon_code"


@dataclass(frozen=True, slots=True)
class Place:
    """A place to fill. `part`: `header`, `body` or `button`; `name`: what stands in the braces, empty for a file;
    `button`: its index; `card`: the index in a carousel; `example`: what was shown to WhatsApp's reviewers."""

    part: str
    name: str
    kind: PlaceKind = PlaceKind.TEXT
    button: int | None = None
    card: int | None = None
    example: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether the parameter carries the place's name (`parameter_name`)."""
        return bool(self.name) and not self.name.isdigit()


def in_braces(text: str) -> list[str]:
    """Return the names in braces, each once, numbers in their order."""
    found = list(dict.fromkeys(_BRACES.findall(text)))
    return sorted(found, key=int) if all(name.isdigit() for name in found) else found


def filled(text: str, values: Mapping[str, str]) -> str:
    """Replace what stands in braces; a place without a value stays as it is."""
    return _BRACES.sub(lambda match: values.get(match[1], match[0]), text)


def places_of(template: MessageTemplate) -> list[Place]:
    """Return every place that must be filled, in the order in which a message shows them."""
    return _places(template.components or (), None)


def _places(components: Sequence[Part], card: int | None) -> list[Place]:
    header, body = part_of(components, "HEADER"), part_of(components, "BODY")
    found = [*_of_header(header, card), *_of_text("body", body, card)]
    for index, button in enumerate(buttons_of(components)):
        found += _of_button(button, index, card)
    for index, one in enumerate(items(part_of(components, "CAROUSEL"), "cards")):
        found += _places(list(items(one, "components")), index)
    return found


def _of_header(header: Part | None, card: int | None) -> list[Place]:
    kind = word(header, "format").lower()
    if kind in _FILES or kind == PlaceKind.LOCATION:
        return [Place("header", "", PlaceKind(kind), card=card)]
    return _of_text("header", header, card)


def _of_text(name: str, part: Part | None, card: int | None) -> list[Place]:
    names = in_braces(word(part, "text"))
    examples = _examples(part, name)
    return [
        Place(name, one, card=card, example=examples.get(one) or examples.get(str(n)))
        for n, one in enumerate(names, start=1)
    ]


def _of_button(button: Part, index: int, card: int | None) -> list[Place]:
    kind = word(button, "type").upper()
    if kind == "COPY_CODE":
        return [Place("button", "", PlaceKind.CODE, index, card, _first(button.get("example")))]
    if kind == "OTP" or (kind == "URL" and in_braces(word(button, "url"))):
        return [Place("button", "1", PlaceKind.TEXT, index, card, _first(button.get("example")))]
    return []


def _examples(part: Part | None, name: str) -> dict[str, str]:
    """Return the examples by place: Meta has them in lists (`body_text`), or by name (`body_text_named_params`)."""
    given = (part or {}).get("example")
    example: Part = given if isinstance(given, Mapping) else {}
    named = {word(one, "param_name"): word(one, "example") for one in items(example, f"{name}_text_named_params")}
    listed = example.get(f"{name}_text")
    first = listed[0] if isinstance(listed, list | tuple) and listed else ()
    row = first if isinstance(first, list | tuple) else listed if isinstance(listed, list | tuple) else ()
    return {str(n): one for n, one in enumerate(row, start=1) if isinstance(one, str)} | named


def _first(value: object) -> str | None:
    one = value[0] if isinstance(value, list | tuple) and value else value
    return one if isinstance(one, str) else None


def require_filled(template: MessageTemplate, given: Sequence[object], at: str = "content/components") -> None:
    """Check the parameters of a message. Raises Invalid, which names each field that is wrong (`/content/components/0/
    parameters`); a template whose parts are unknown is WhatsApp's to check."""
    if template.components is None:
        return
    if flaws := flaws_of(template.components, given, at):
        raise Invalid(*flaws)


def flaws_of(components: Sequence[Part], given: Sequence[object], at: str) -> list[Flaw]:
    """Return what is wrong with the parameters given, by field."""
    return _Check(components, at).flaws(given)


class _Check:
    """The parameters of one message, or of one card of a carousel, against the parts of its template."""

    def __init__(self, components: Sequence[Part], at: str) -> None:
        self._components = components
        self._at = at
        self._open = {(p.part, p.button): p for p in _places(components, None) if p.part == "button" and p.card is None}

    def flaws(self, given: Sequence[object]) -> list[Flaw]:
        """Return what is wrong, in the order of the message; what is missing comes last, under the list itself."""
        found: list[Flaw] = []
        seen: set[str] = set()
        for index, one in enumerate(given):
            path = f"{self._at}/{index}"
            if not isinstance(one, Mapping):
                found.append(Flaw(f"/{path}", "must be an object"))
                continue
            kind = word(one, "type").lower()
            if kind not in _KNOWN:
                found.append(Flaw(f"/{path}/type", f"must be one of {', '.join(sorted(_CHECKED))}"))
                continue
            name = f"button {word(one, 'index') or one.get('index')}" if kind == "button" else kind
            if name in seen:
                found.append(Flaw(f"/{path}", f"is a second {name}"))
            seen.add(name)
            found += self._of_component(kind, one, path)
        return found + self._missing(seen)

    def _of_component(self, kind: str, one: Part, path: str) -> list[Flaw]:
        parameters = list(items(one, "parameters"))
        match kind:
            case "header":
                return self._of_header(parameters, path)
            case "body":
                return _of_texts(_of_text("body", part_of(self._components, "BODY"), None), parameters, path, "body")
            case "button":
                return self._of_button(one, parameters, path)
            case "carousel":
                return self._of_cards(list(items(one, "cards")), path)
        return []

    def _of_header(self, parameters: Sequence[Part], path: str) -> list[Flaw]:
        header = part_of(self._components, "HEADER")
        places = _of_header(header, None)
        if places and places[0].kind is not PlaceKind.TEXT:
            kind = places[0].kind.value
            if len(parameters) != 1:
                return [Flaw(f"/{path}/parameters", f"must have one {kind}: the template's header is one")]
            return _of_file(kind, parameters[0], f"{path}/parameters/0")
        return _of_texts(places, parameters, path, "header")

    def _of_button(self, one: Part, parameters: Sequence[Part], path: str) -> list[Flaw]:
        buttons = buttons_of(self._components)
        index = str(one.get("index"))
        if not _INDEX.fullmatch(index) or int(index) >= len(buttons):
            has = f"0 to {len(buttons) - 1}" if buttons else "left out: the template has no buttons"
            return [Flaw(f"/{path}/index", f"must be {has}")]
        kind = word(buttons[int(index)], "type").upper()
        expected = {**_FILLED_BUTTONS, **_OPTIONAL}.get(kind)
        sub_type = word(one, "sub_type").lower()
        if expected and sub_type != expected:
            return [Flaw(f"/{path}/sub_type", f"must be {expected}: the template's button {index} is of that type")]
        place = self._open.pop(("button", int(index)), None)
        if place is None:
            is_plain = kind in ("URL", "PHONE_NUMBER") and parameters
            return [Flaw(f"/{path}", f"must be left out: button {index} has no place to fill")] if is_plain else []
        return _of_value(place, parameters, path)

    def _of_cards(self, cards: Sequence[Part], path: str) -> list[Flaw]:
        own = list(items(part_of(self._components, "CAROUSEL"), "cards"))
        if len(cards) != len(own):
            return [Flaw(f"/{path}/cards", f"must have {len(own)} cards, as the template has")]
        found: list[Flaw] = []
        for n, (card, template) in enumerate(zip(cards, own, strict=True)):
            inside = f"{path}/cards/{n}/components"
            found += flaws_of(list(items(template, "components")), list(items(card, "components")), inside)
        return found

    def _missing(self, seen: set[str]) -> list[Flaw]:
        wanted: dict[str, str] = {}
        for place in _places(self._components, None):
            if place.card is not None:
                wanted.setdefault("carousel", "a carousel with its cards")
            elif place.part == "button":
                wanted.setdefault(f"button {place.button}", f"a button of index {place.button} with its {place.kind}")
            else:
                wanted.setdefault(place.part, f"a {place.part} with its parameters")
        return [Flaw(f"/{self._at}", f"must have {what}") for name, what in wanted.items() if name not in seen]


def _of_texts(places: Sequence[Place], parameters: Sequence[Part], path: str, part: str) -> list[Flaw]:
    """Check the parameters of a text: as many as it has places, and by name where these have names."""
    at = f"{path}/parameters"
    if any(place.is_named for place in places):
        return _of_names([place.name for place in places], parameters, at)
    if len(parameters) != len(places):
        return [Flaw(f"/{at}", f"must have {_count(len(places))}, as the template's {part} has, not {len(parameters)}")]
    return [flaw for n, one in enumerate(parameters) for flaw in _of_word(one, f"{at}/{n}")]


def _count(n: int) -> str:
    return f"{n} parameter{'' if n == 1 else 's'}" if n else "no parameters"


def _of_names(names: Sequence[str], parameters: Sequence[Part], at: str) -> list[Flaw]:
    found: list[Flaw] = []
    given: set[str] = set()
    for n, one in enumerate(parameters):
        name = word(one, "parameter_name")
        if name not in names:
            found.append(Flaw(f"/{at}/{n}/parameter_name", f"must be one of {', '.join(names)}"))
        given.add(name)
        found += _of_word(one, f"{at}/{n}")
    lacking = [name for name in names if name not in given]
    return found + ([Flaw(f"/{at}", f"must have a parameter named {', '.join(lacking)}")] if lacking else [])


def _of_word(one: Part, path: str) -> list[Flaw]:
    kind = word(one, "type").lower()
    if kind not in _TEXTS:
        return [Flaw(f"/{path}/type", "must be text")]
    return [Flaw(f"/{path}/text", "must not be empty")] if kind == "text" and not word(one, "text").strip() else []


def _of_file(kind: str, one: Part, path: str) -> list[Flaw]:
    if word(one, "type").lower() != kind:
        return [Flaw(f"/{path}/type", f"must be {kind}: the template's header is one")]
    file = one.get(kind)
    if not isinstance(file, Mapping):
        return [Flaw(f"/{path}/{kind}", "is missing")]
    if kind in _FILES and not (word(file, "id") or word(file, "link")):
        return [Flaw(f"/{path}/{kind}", "must have an id or a link")]
    return []


def _of_value(place: Place, parameters: Sequence[Part], path: str) -> list[Flaw]:
    if len(parameters) != 1:
        return [Flaw(f"/{path}/parameters", f"must have one parameter, not {len(parameters)}")]
    one = parameters[0]
    name = "coupon_code" if place.kind is PlaceKind.CODE else "text"
    if word(one, "type").lower() != name:
        return [Flaw(f"/{path}/parameters/0/type", f"must be {name}")]
    return [] if word(one, name).strip() else [Flaw(f"/{path}/parameters/0/{name}", "must not be empty")]
