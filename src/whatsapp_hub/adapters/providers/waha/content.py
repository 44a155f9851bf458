"""Convert the content of WAHA's messages to Content, and ours to the call that carries it. Pure.

The engines (WEBJS, WPP, NOWEB, GOWS) agree on `body`, `hasMedia`, `media`, `location` and `vCards`; everything else
is in `_data` in each engine's own form. Media are named, not downloaded: the URL of `MediaSource` needs
the API key, and often names a host that only WAHA itself knows.

`encode` raises Unsupported for what WAHA has no call for, Rejected for content that lacks what its call needs.
"""

import base64
import mimetypes
from dataclasses import dataclass, replace
from typing import Any, assert_never
from urllib.parse import quote

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, number, obj, text
from whatsapp_hub.adapters.providers.vcards import made_of
from whatsapp_hub.adapters.providers.waha import engine_data
from whatsapp_hub.adapters.providers.waha.names import long_id
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.capabilities import MB, Limit
from whatsapp_hub.domain.messaging.content import Content, MediaSource, MessageType, RemoteMedia

_TEXT, _CAPTION = 65_536, 1024
SENDS = {
    MessageType.TEXT: Limit(_TEXT),
    MessageType.LOCATION: Limit(_TEXT),
    MessageType.REACTION: Limit(_TEXT),
    MessageType.CONTACTS: Limit(_TEXT),
    MessageType.POLL: Limit(_TEXT),
    MessageType.IMAGE: Limit(_CAPTION, 5 * MB),
    MessageType.DOCUMENT: Limit(_CAPTION, 16 * MB),
    MessageType.AUDIO: Limit(_CAPTION, 16 * MB),
    MessageType.VIDEO: Limit(_CAPTION, 16 * MB),
}

_WEBJS_MEDIA: dict[str, type[kinds.File]] = {
    "image": kinds.Image,
    "video": kinds.Video,
    "ptt": kinds.Audio,
    "audio": kinds.Audio,
    "document": kinds.Document,
    "sticker": kinds.Sticker,
}
_WEBJS_SYSTEM = frozenset({"e2e_notification", "notification", "notification_template", "gp2", "protocol", "call_log"})
_PROTO_MEDIA: dict[str, type[kinds.File]] = {
    "imageMessage": kinds.Image,
    "videoMessage": kinds.Video,
    "audioMessage": kinds.Audio,
    "documentMessage": kinds.Document,
    "documentWithCaptionMessage": kinds.Document,
    "stickerMessage": kinds.Sticker,
}
_FAMILIES: dict[str, type[kinds.File]] = {"image": kinds.Image, "video": kinds.Video, "audio": kinds.Audio}
_PLACE = frozenset({"latitude", "longitude", "name", "address", "url", "thumbnail", "live"})


def content_of(payload: JsonObject) -> Content:
    """Convert a message; one of an unknown kind becomes Unsupported and keeps the payload as `raw`."""
    content = _content(payload)
    is_forwarded, often = engine_data.forwarded(payload)
    return content.within(replace(content.context, forwarded=True, often=often)) if is_forwarded else content


def _content(payload: JsonObject) -> Content:
    body = text(payload.get("body"))
    if payload.get("hasMedia") is True or obj(payload.get("media")):
        return _media(payload, body)
    if known := engine_data.content_in(payload):
        return known
    if location := obj(payload.get("location")):
        return _location(location)
    if cards := [text(card) for card in items(payload.get("vCards")) if isinstance(card, str) and card]:
        return kinds.Contacts(body if not body.startswith("BEGIN:") else "", vcards=tuple(cards))
    if text(obj(payload.get("_data")).get("type")) in _WEBJS_SYSTEM:
        subtype = text(obj(payload.get("_data")).get("subtype")).replace("_", " ")
        return kinds.System(body or subtype or "a notice of WhatsApp's", raw=clean(payload))
    if body:
        return kinds.Text(body)
    named = engine_data.kinds_named(payload)
    return kinds.Unsupported(f"a message of the kind {', '.join(named) or 'unknown'}"[:200], raw=clean(payload))


def reaction_of(payload: JsonObject, target: str) -> Content:
    """Convert a reaction to the message `target`."""
    return kinds.Reaction(text(obj(payload.get("reaction")).get("text")), message_id=target)


def _media(payload: JsonObject, caption: str) -> Content:
    """Convert media; `media` is null, or has an `error`, where WAHA has not downloaded the file."""
    media = obj(payload.get("media"))
    kind = _media_kind(payload, text(media.get("mimetype")))
    file: dict[str, Any] = {
        "source": MediaSource(url=text(media.get("url")) or None, error=_error(media.get("error"))),
        "mime_type": text(media.get("mimetype")) or None,
        "file_name": text(media.get("filename")) or None,
    }
    once = engine_data.is_view_once(payload)
    if kind is kinds.Audio:
        return kinds.Audio(caption, voice=True if _is_voice(payload) else None, view_once=once, **file)
    if kind in (kinds.Image, kinds.Video):
        file["view_once"] = once
    return kind(caption, **file)


def _error(value: object) -> str | None:
    """Return why WAHA has no file, which some versions report as an object."""
    return text(value) or text(obj(value).get("message")) or (None if value is None else "not downloaded")


def _media_kind(payload: JsonObject, mimetype: str) -> type[kinds.File]:
    inner = obj(payload.get("_data"))
    if known := _WEBJS_MEDIA.get(text(inner.get("type"))):
        return known
    proto = engine_data.proto_of(payload)
    found = next((kind for name, kind in _PROTO_MEDIA.items() if name in proto), None)
    return found or _FAMILIES.get(mimetype.partition("/")[0].lower(), kinds.Document)


def _is_voice(payload: JsonObject) -> bool:
    inner = obj(payload.get("_data"))
    proto = engine_data.proto_of(payload)
    audio = obj(proto.get("audioMessage"))
    return text(inner.get("type")) == "ptt" or audio.get("ptt") is True or audio.get("PTT") is True


def _location(location: JsonObject) -> Content:
    name, address, url, more = (text(location.get(key)) for key in ("name", "address", "url", "description"))
    rest = {key: value for key, value in location.items() if key not in _PLACE and value is not None}
    return kinds.Location(
        ", ".join(dict.fromkeys(word for word in (name, address, more) if word)),
        latitude=number(location.get("latitude")),
        longitude=number(location.get("longitude")),
        name=name or None,
        address=address or None,
        url=url or None,
        live=location.get("live") is True,
        extra=obj(clean(rest)),
    )


@dataclass(frozen=True, slots=True)
class Sending:
    """One call to WAHA; `body` None: without one."""

    path: str
    body: JsonObject | None
    method: str = "POST"


def encode(content: Content, head: JsonObject, data: bytes | None) -> Sending:  # noqa: C901 - one case a kind
    """Encode as a call; `head` holds what every call has (session, chat, …), `data` the file if the hub stores it."""
    if (edited := content.context.edits) is not None:
        return Sending(_message_path(head, edited), {"text": content.text}, "PUT")
    match content:
        case kinds.Text():
            return Sending("/api/sendText", head | {"text": content.text})
        case kinds.Image():
            return Sending("/api/sendImage", head | _file(content, data, "image/jpeg") | _captioned(content))
        case kinds.Document():
            return Sending(
                "/api/sendFile", head | _file(content, data, "application/octet-stream") | _captioned(content)
            )
        case kinds.Audio():
            return Sending("/api/sendVoice", head | _file(content, data, "audio/ogg; codecs=opus") | {"convert": True})
        case kinds.Video():
            file = _file(content, data, "video/mp4") | {"convert": False}
            return Sending("/api/sendVideo", head | file | _captioned(content))
        case kinds.Location():
            return Sending("/api/sendLocation", head | _place(content))
        case kinds.Reaction():
            return Sending("/api/reaction", _reaction(content, head), "PUT")
        case kinds.Revoke():
            return Sending(_message_path(head, content.message_id), None, "DELETE")
        case kinds.Poll():
            return Sending("/api/sendPoll", head | {"poll": _poll(content)})
        case kinds.Contacts():
            return Sending("/api/sendContactVcard", head | {"contacts": _cards(content)})
        case kinds.Sticker() | kinds.Buttons() | kinds.ListMenu() | kinds.Choice() | kinds.Template():
            raise _unsupported(content)
        case kinds.Vote() | kinds.Order() | kinds.Event() | kinds.EventAnswer() | kinds.Call():
            raise _unsupported(content)
        case kinds.System() | kinds.Unsupported():
            raise _unsupported(content)
        case _:
            assert_never(content)


def _unsupported(content: Content) -> Unsupported:
    return Unsupported("unsupported_content", f"WAHA cannot send {content.type}")


def _reaction(content: kinds.Reaction, head: JsonObject) -> JsonObject:
    """Encode a reaction to a message of the customer's, unless it says otherwise."""
    if not content.message_id:
        raise Rejected("incomplete_content", "REACTION needs messageId")
    id = long_id(content.message_id, text(head["chatId"]), content.from_me)
    return {"session": head["session"], "messageId": id, "reaction": content.text}


def _message_path(head: JsonObject, id: str) -> str:
    """Return the path of one of our own messages, which may be edited and deleted there."""
    if not id:
        raise Rejected("incomplete_content", "the message to change has no id at WhatsApp yet")
    chat = text(head["chatId"])
    ours = long_id(id, chat, from_me=True)
    return f"/api/{text(head['session'])}/chats/{quote(chat, safe='@')}/messages/{quote(ours, safe='@')}"


def _poll(content: kinds.Poll) -> JsonObject:
    name, _, _ = content.text.partition("\n")
    return {"name": name, "options": list(content.options), "multipleAnswers": content.several}


def _cards(content: kinds.Contacts) -> list[object]:
    """Encode vCards as they are, and cards in Meta's form as vCards."""
    cards = [*content.vcards, *(text(made_of(obj(card))["vcard"]) for card in content.cards)]
    if not cards:
        raise Rejected("incomplete_content", "CONTACTS needs vCards or contacts")
    return [{"vcard": card} for card in cards]


def _captioned(content: Content) -> JsonObject:
    return {"caption": content.text} if content.text else {}


def _file(content: kinds.File, data: bytes | None, usual: str) -> JsonObject:
    file = _link(content, usual) if data is None else _bytes(content, data, usual)
    return {"file": file | ({"filename": content.file_name} if content.file_name else {})}


def _bytes(content: kinds.File, data: bytes, usual: str) -> JsonObject:
    return {"data": base64.b64encode(data).decode(), "mimetype": content.mime_type or usual}


def _link(content: kinds.File, usual: str) -> JsonObject:
    link = content.media.url if isinstance(content.media, RemoteMedia) else ""
    if not link.startswith(("https://", "http://")):
        raise Rejected("incomplete_content", f"{content.type} needs an http link")
    guessed, _ = mimetypes.guess_type(link.partition("?")[0])
    return {"url": link, "mimetype": content.mime_type or guessed or usual}


def _place(content: kinds.Location) -> JsonObject:
    if content.latitude is None or content.longitude is None:
        raise Rejected("incomplete_content", "LOCATION needs latitude and longitude")
    return {"latitude": content.latitude, "longitude": content.longitude, "title": content.name or content.text}
