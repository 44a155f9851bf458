"""Convert the content of Meta's messages to Content. Pure.

Media are named, not downloaded: `data` holds `mediaId`, `mimeType`, `sha256` and, where Meta sent it, `url`
(which needs the access token and lives five minutes), `fileName`, `voice`, `animated`.
"""

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.domain.messaging.content import Content, MessageType

_MEDIA = {
    "image": MessageType.IMAGE,
    "document": MessageType.DOCUMENT,
    "audio": MessageType.AUDIO,
    "voice": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "sticker": MessageType.STICKER,
}
_MEDIA_FIELDS = {
    "id": "mediaId",
    "mime_type": "mimeType",
    "sha256": "sha256",
    "filename": "fileName",
    "url": "url",
    "voice": "voice",
    "animated": "animated",
}
_PLACE_FIELDS = frozenset({"latitude", "longitude", "name", "address", "url"})


def content_of(message: JsonObject) -> Content:
    """Convert a message; unknown types, and those without their part, become UNSUPPORTED and keep it as `raw`."""
    kind = text(message.get("type"))
    part = obj(message.get(kind))
    content = _of_kind(kind, part, message)
    if content is None:
        return Content(MessageType.UNSUPPORTED, text(part.get("text")), data={"raw": clean(message)})
    return _with_extras(content, message)


def _of_kind(kind: str, part: JsonObject, message: JsonObject) -> Content | None:
    if kind in _MEDIA and part:
        return _media(_MEDIA[kind], part)
    if kind == "contacts":
        return _contacts(items(message.get("contacts")))
    convert = _BY_KIND.get(kind)
    return convert(part) if convert and part else None


def _text(part: JsonObject) -> Content | None:
    body = part.get("body")
    return Content(MessageType.TEXT, text(body)) if isinstance(body, str) else None


def _media(type: MessageType, part: JsonObject) -> Content:
    data = {ours: clean(part[theirs]) for theirs, ours in _MEDIA_FIELDS.items() if part.get(theirs) is not None}
    return Content(type, text(part.get("caption")), data=data)


def _location(part: JsonObject) -> Content:
    named = (text(part.get("name")), text(part.get("address")))
    data = {key: clean(value) for key, value in part.items() if key in _PLACE_FIELDS}
    return Content(MessageType.LOCATION, ", ".join(word for word in named if word), data=data)


def _contacts(cards: list[object]) -> Content | None:
    names = [text(obj(obj(card).get("name")).get("formatted_name")) for card in cards]
    data = {"contacts": clean(cards)}
    return Content(MessageType.CONTACTS, ", ".join(name for name in names if name), data=data) if cards else None


def _reaction(part: JsonObject) -> Content:
    """Convert a reaction; a removed one has an empty emoji, or none at all."""
    emoji = text(part.get("emoji"))
    return Content(MessageType.REACTION, emoji, data={"messageId": text(part.get("message_id")), "emoji": emoji})


def _interactive(part: JsonObject) -> Content:
    """Convert the choice of a button or list: its title as text; `data` keeps `id` and kind."""
    kind = text(part.get("type"))
    choice = obj(part.get(kind))
    said = text(choice.get("title")) or text(choice.get("body"))
    known = obj(clean(choice))
    return Content(MessageType.INTERACTIVE, said, data=known | {"kind": kind})


def _button(part: JsonObject) -> Content:
    """Convert a template's quick reply."""
    data = {"kind": "button", "id": text(part.get("payload"))}
    return Content(MessageType.INTERACTIVE, text(part.get("text")), data=data)


def _system(part: JsonObject) -> Content:
    return Content(MessageType.SYSTEM, text(part.get("body")), data={"system": clean(part)})


def _edit(part: JsonObject) -> Content:
    """Convert an edit to a message of its own; `data.edits` names the message that it replaces."""
    edited = content_of(obj(part.get("message")))
    return Content(edited.type, edited.text, data={**edited.data, "edits": text(part.get("original_message_id"))})


_BY_KIND = {
    "text": _text,
    "location": _location,
    "reaction": _reaction,
    "interactive": _interactive,
    "button": _button,
    "system": _system,
    "edit": _edit,
}


def _with_extras(content: Content, message: JsonObject) -> Content:
    """Add where it came from: an advertisement, another chat, a product."""
    context = obj(message.get("context"))
    extras = {
        "referral": clean(message.get("referral")),
        "forwarded": context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        "product": clean(context.get("referred_product")),
    }
    found = {key: value for key, value in extras.items() if value}
    return Content(content.type, content.text, content.media_url, {**content.data, **found}) if found else content
