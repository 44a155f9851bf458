"""Convert the content of WAHA's messages to Content. Pure.

The engines (WEBJS, WPP, NOWEB, GOWS) agree on `body`, `hasMedia`, `media`, `location` and `vCards`; everything else
is in `_data` in each engine's own form. Media are named, not downloaded: `data.url` needs
the API key, and often names a host that only WAHA itself knows.
"""

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.domain.messaging.content import Content, MessageType

_WEBJS_MEDIA = {
    "image": MessageType.IMAGE,
    "video": MessageType.VIDEO,
    "ptt": MessageType.AUDIO,
    "audio": MessageType.AUDIO,
    "document": MessageType.DOCUMENT,
    "sticker": MessageType.STICKER,
}
_WEBJS_SYSTEM = frozenset({"e2e_notification", "notification", "notification_template", "gp2", "protocol", "call_log"})
_PROTO_MEDIA = {
    "imageMessage": MessageType.IMAGE,
    "videoMessage": MessageType.VIDEO,
    "audioMessage": MessageType.AUDIO,
    "documentMessage": MessageType.DOCUMENT,
    "documentWithCaptionMessage": MessageType.DOCUMENT,
    "stickerMessage": MessageType.STICKER,
}


def content_of(payload: JsonObject) -> Content:
    """Convert a message; one of an unknown kind becomes UNSUPPORTED and keeps the payload as `raw`."""
    body = text(payload.get("body"))
    if payload.get("hasMedia") is True or obj(payload.get("media")):
        return _media(payload, body)
    if location := obj(payload.get("location")):
        return _location(location)
    if cards := [card for card in items(payload.get("vCards")) if isinstance(card, str) and card]:
        return Content(
            MessageType.CONTACTS, body if not body.startswith("BEGIN:") else "", data={"vCards": clean(cards)}
        )
    if text(obj(payload.get("_data")).get("type")) in _WEBJS_SYSTEM:
        return Content(MessageType.SYSTEM, body, data={"raw": clean(payload)})
    if body:
        return Content(MessageType.TEXT, body)
    return Content(MessageType.UNSUPPORTED, data={"raw": clean(payload)})


def reaction_of(payload: JsonObject, target: str) -> Content:
    """Convert a reaction to the message `target`."""
    emoji = text(obj(payload.get("reaction")).get("text"))
    return Content(MessageType.REACTION, emoji, data={"messageId": target, "emoji": emoji})


def _media(payload: JsonObject, caption: str) -> Content:
    """Convert media; `media` is null, or has an `error`, where WAHA has not downloaded the file."""
    media = obj(payload.get("media"))
    known = {"url": "url", "mimetype": "mimeType", "filename": "fileName", "error": "error"}
    data = {ours: clean(media[theirs]) for theirs, ours in known.items() if media.get(theirs) is not None}
    if _is_voice(payload):
        data["voice"] = True
    return Content(_media_type(payload, text(media.get("mimetype"))), caption, data=data)


def _media_type(payload: JsonObject, mimetype: str) -> MessageType:
    inner = obj(payload.get("_data"))
    if known := _WEBJS_MEDIA.get(text(inner.get("type"))):
        return known
    proto = obj(inner.get("message")) or obj(inner.get("Message"))
    for name, type in _PROTO_MEDIA.items():
        if name in proto:
            return type
    family = mimetype.partition("/")[0].upper()
    return MessageType(family) if family in ("IMAGE", "VIDEO", "AUDIO") else MessageType.DOCUMENT


def _is_voice(payload: JsonObject) -> bool:
    inner = obj(payload.get("_data"))
    proto = obj(inner.get("message")) or obj(inner.get("Message"))
    audio = obj(proto.get("audioMessage"))
    return text(inner.get("type")) == "ptt" or audio.get("ptt") is True or audio.get("PTT") is True


def _location(location: JsonObject) -> Content:
    words = [text(location.get(key)) for key in ("name", "address", "description")]
    data = obj(clean({key: value for key, value in location.items() if key != "thumbnail" and value is not None}))
    return Content(MessageType.LOCATION, ", ".join(dict.fromkeys(w for w in words if w)), data=data)
