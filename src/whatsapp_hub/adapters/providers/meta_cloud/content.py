"""Convert the content of Meta's messages to Content, and ours to the part of a body that carries it. Pure.

Media are named, not downloaded: `MediaSource` holds Meta's id and, where Meta sent it, the URL (which needs the access
token and lives five minutes). `encode` raises Unsupported for what Meta has no type for, Rejected for content that
lacks what its type needs.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, assert_never

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, flag, items, number, obj, text, whole
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.capabilities import MB, Limit
from whatsapp_hub.domain.messaging.content import Content, MediaSource, MessageType, RemoteMedia

_TEXT, _CAPTION = 4096, 1024
_LATEST = 32_503_680_000
"""The year 3000, in seconds: what is later is no time."""
SENDS = {
    MessageType.TEXT: Limit(_TEXT),
    MessageType.IMAGE: Limit(_CAPTION, 5 * MB),
    MessageType.AUDIO: Limit(_CAPTION, 16 * MB),
    MessageType.VIDEO: Limit(_CAPTION, 16 * MB),
    MessageType.DOCUMENT: Limit(_CAPTION, 100 * MB),
    MessageType.STICKER: Limit(_TEXT),
    MessageType.LOCATION: Limit(_TEXT),
    MessageType.CONTACTS: Limit(_TEXT),
    MessageType.REACTION: Limit(_TEXT),
    MessageType.INTERACTIVE: Limit(_TEXT),
    MessageType.TEMPLATE: Limit(_TEXT),
}
"""Meta's own limits."""


def content_of(message: JsonObject) -> Content:
    """Convert a message; unknown types, and those without their part, become Unsupported and keep it as `raw`."""
    kind = text(message.get("type"))
    part = obj(message.get(kind))
    content = _of_kind(kind, part, message)
    if content is None:
        return kinds.Unsupported(text(part.get("text")) or _unknown(kind, message), raw=clean(message))
    return _with_context(content, message)


def _unknown(kind: str, message: JsonObject) -> str:
    """Say what is not known of it: Meta's own words, where it has some."""
    if kind == "media_placeholder":
        return "a file from before, which WhatsApp did not send along"
    said = next((obj(error) for error in items(message.get("errors"))), {})
    detail = text(obj(said.get("error_data")).get("details")) or text(said.get("title"))
    return detail or f"a message of the kind {kind or 'unknown'}"[:200]


def _of_kind(kind: str, part: JsonObject, message: JsonObject) -> Content | None:
    if kind == "contacts":
        return _contacts(items(message.get("contacts")))
    convert = _BY_KIND.get(kind)
    return convert(part) if convert and part else None


def _text(part: JsonObject) -> Content | None:
    body = part.get("body")
    return kinds.Text(text(body)) if isinstance(body, str) and body else None


def _image(part: JsonObject) -> Content:
    return kinds.Image(text(part.get("caption")), **_file(part))


def _document(part: JsonObject) -> Content:
    return kinds.Document(text(part.get("caption")), **_file(part))


def _audio(part: JsonObject) -> Content:
    return kinds.Audio(text(part.get("caption")), voice=flag(part.get("voice")), **_file(part))


def _video(part: JsonObject) -> Content:
    return kinds.Video(text(part.get("caption")), **_file(part))


def _sticker(part: JsonObject) -> Content:
    return kinds.Sticker(text(part.get("caption")), animated=flag(part.get("animated")), **_file(part))


def _file(part: JsonObject) -> dict[str, Any]:
    """Return what every kind of file has."""
    known = {"mime_type": part.get("mime_type"), "file_name": part.get("filename"), "sha256": part.get("sha256")}
    found: dict[str, Any] = {name: text(value) for name, value in known.items() if text(value)}
    return found | {"source": MediaSource(text(part.get("id")) or None, text(part.get("url")) or None)}


def _location(part: JsonObject) -> Content:
    name, address, url = (text(part.get(key)) for key in ("name", "address", "url"))
    return kinds.Location(
        ", ".join(word for word in (name, address) if word),
        latitude=number(part.get("latitude")),
        longitude=number(part.get("longitude")),
        name=name or None,
        address=address or None,
        url=url or None,
    )


def _contacts(cards: list[object]) -> Content | None:
    names = [text(obj(obj(card).get("name")).get("formatted_name")) for card in cards]
    known = tuple(items(clean(cards)))
    return kinds.Contacts(", ".join(name for name in names if name), cards=known) if cards else None


def _reaction(part: JsonObject) -> Content:
    """Convert a reaction; a removed one has an empty emoji, or none at all."""
    return kinds.Reaction(text(part.get("emoji")), message_id=text(part.get("message_id")))


def _interactive(part: JsonObject) -> Content:
    """Convert the choice of a button or list: its title as text; `extra` keeps the rest of it."""
    kind = text(part.get("type"))
    choice = obj(part.get(kind))
    if kind == "call_permission_reply":
        return _call_permission(choice)
    said = text(choice.get("title")) or text(choice.get("body")) or text(choice.get("response"))
    more = {key: value for key, value in obj(clean(choice)).items() if key not in ("id", "kind")}
    return kinds.Choice(said or kind.replace("_", " "), kind=kind, id=text(choice.get("id")), extra=more)


def _call_permission(choice: JsonObject) -> Content:
    """Convert the answer to a request to call, in words: `response` and until when it holds are kept beside."""
    is_allowed, until = text(choice.get("response")) == "accept", whole(choice.get("expiration_timestamp"))
    words = "Calls are allowed" if is_allowed else "Calls are not allowed"
    if is_allowed and until and 0 < until < _LATEST:
        words += f" until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"
    return kinds.Choice(words, kind="call_permission_reply", extra=obj(clean(choice)))


def _button(part: JsonObject) -> Content:
    """Convert a template's quick reply."""
    return kinds.Choice(text(part.get("text")), kind="button", id=text(part.get("payload")))


def _order(part: JsonObject) -> Content:
    """Convert a cart; without a text it says what is in it."""
    lines = []
    for line in map(obj, items(part.get("product_items"))):
        count = whole(line.get("quantity"))
        price, currency = number(line.get("item_price")), text(line.get("currency")) or None
        product = text(line.get("product_retailer_id"))
        lines.append(kinds.OrderLine(product, 1 if count is None else count, price, currency))
    said = text(part.get("text")) or ", ".join(f"{line.quantity} × {line.product}" for line in lines)
    return kinds.Order(said, catalog=text(part.get("catalog_id")) or None, lines=tuple(lines))


def _revoke(part: JsonObject) -> Content | None:
    id = text(part.get("original_message_id"))
    return kinds.Revoke(message_id=id) if id else None


def _system(part: JsonObject) -> Content:
    said = text(part.get("body")) or text(part.get("type")).replace("_", " ")
    return kinds.System(said or "a notice of WhatsApp's", notice=obj(clean(part)))


def _edit(part: JsonObject) -> Content:
    """Convert an edit to a message of its own, which names the message that it replaces."""
    return content_of(obj(part.get("message"))).editing(text(part.get("original_message_id")))


_BY_KIND = {
    "text": _text,
    "image": _image,
    "document": _document,
    "audio": _audio,
    "voice": _audio,
    "video": _video,
    "sticker": _sticker,
    "location": _location,
    "reaction": _reaction,
    "interactive": _interactive,
    "button": _button,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
    "order": _order,
}


def _with_context(content: Content, message: JsonObject) -> Content:
    """Add where it came from: an advertisement, another chat, a product."""
    context = obj(message.get("context"))
    reported = {
        "referral": clean(message.get("referral")),
        "forwarded": context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        "often": context.get("frequently_forwarded") is True,
        "product": clean(context.get("referred_product")),
    }
    found: dict[str, Any] = {name: value for name, value in reported.items() if value}
    return content.within(replace(content.context, **found)) if found else content


def encode(content: Content, uploaded: str | None = None) -> JsonObject:  # noqa: C901 - one case a kind
    """Encode as `type` and the part of that name; `uploaded` is Meta's id of the file that was uploaded for it."""
    if content.context.edits is not None:
        raise Unsupported("unsupported_content", "Meta cannot edit a message")
    match content:
        case kinds.Text():
            return {"type": "text", "text": {"body": content.text}}
        case kinds.Image():
            return _media("image", content, uploaded, _captioned(content))
        case kinds.Document():
            name: JsonObject = {"filename": content.file_name} if content.file_name else {}
            return _media("document", content, uploaded, _captioned(content) | name)
        case kinds.Audio():
            return _media("audio", content, uploaded, {"voice": True} if content.voice else {})
        case kinds.Video():
            return _media("video", content, uploaded, _captioned(content))
        case kinds.Sticker():
            return _media("sticker", content, uploaded, {})
        case kinds.Location():
            return {"type": "location", "location": _place(content)}
        case kinds.Contacts():
            return {"type": "contacts", "contacts": _needed(content, "contacts", list(content.cards))}
        case kinds.Reaction():
            target = _needed(content, "messageId", content.message_id)
            return {"type": "reaction", "reaction": {"message_id": target, "emoji": content.text}}
        case kinds.Buttons():
            replies = [{"type": "reply", "reply": {"id": b.id, "title": b.title}} for b in content.buttons]
            return _question("button", content.text, {"buttons": replies})
        case kinds.ListMenu():
            return _question("list", content.text, {"button": content.button, "sections": list(content.sections)})
        case kinds.Choice():
            raise _incomplete(content, "buttons or sections")
        case kinds.Template():
            return {"type": "template", "template": _template(content)}
        case kinds.Revoke() | kinds.Poll() | kinds.Vote() | kinds.Order() | kinds.Event() | kinds.EventAnswer():
            raise _unsupported(content)
        case kinds.Call() | kinds.System() | kinds.Unsupported():
            raise _unsupported(content)
        case _:
            assert_never(content)


def _unsupported(content: Content) -> Unsupported:
    return Unsupported("unsupported_content", f"Meta cannot send {content.type}")


def _incomplete(content: Content, name: str) -> Rejected:
    return Rejected("incomplete_content", f"{content.type} needs {name}")


def _needed(content: Content, name: str, value: object) -> object:
    """Return the value. Raises Rejected without one."""
    if value in (None, "", []):
        raise _incomplete(content, name)
    return value


def _captioned(content: Content) -> JsonObject:
    return {"caption": content.text} if content.text else {}


def _media(kind: str, content: kinds.File, uploaded: str | None, more: JsonObject) -> JsonObject:
    """Encode media by Meta's id if there is one, else by a link that Meta fetches."""
    link = content.media.url if isinstance(content.media, RemoteMedia) else ""
    if id := uploaded or content.source.id:
        return {"type": kind, kind: {"id": id, **more}}
    if link.startswith(("https://", "http://")):
        return {"type": kind, kind: {"link": link, **more}}
    raise _incomplete(content, "an http link or mediaId")


def _template(content: kinds.Template) -> JsonObject:
    if not content.name or not content.language:
        raise _incomplete(content, "name and language")
    template: JsonObject = {"name": content.name, "language": {"code": content.language}}
    return template | ({"components": list(content.components)} if content.components else {})


def _place(content: kinds.Location) -> JsonObject:
    place = {
        "latitude": _needed(content, "latitude", content.latitude),
        "longitude": _needed(content, "longitude", content.longitude),
    }
    named = {"name": content.name, "address": content.address}
    return place | {key: value for key, value in named.items() if value}


def _question(kind: str, said: str, action: JsonObject) -> JsonObject:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": said}, "action": action}}
