"""Convert the content of WhatsApp Web's messages to Content. Pure.

Media are named, not downloaded: `data.media` holds what is needed to download and decrypt the file
(`directPath`, `mediaKey` and hashes, base64), beside `mimeType`, `fileName`, `size`, `seconds`, `voice`.
"""

import base64
import json

from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.domain.messaging.content import Content, MessageType

_WRAPPERS = (
    "deviceSentMessage",
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "groupMentionedMessage",
    "botInvokeMessage",
    "lottieStickerMessage",
    "associatedChildMessage",
    "pollCreationMessageV4",
    "spoilerMessage",
)
_KEYS_ONLY = frozenset(
    {"senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo"}
)
_NOTICES = frozenset({"pinInChatMessage", "keepInChatMessage", "pollUpdateMessage", "encReactionMessage"})
_MEDIA = {
    "imageMessage": MessageType.IMAGE,
    "videoMessage": MessageType.VIDEO,
    "ptvMessage": MessageType.VIDEO,
    "audioMessage": MessageType.AUDIO,
    "documentMessage": MessageType.DOCUMENT,
    "stickerMessage": MessageType.STICKER,
}
_MEDIA_FIELDS = {
    "mimetype": "mimeType",
    "fileName": "fileName",
    "fileLength": "size",
    "seconds": "seconds",
    "width": "width",
    "height": "height",
    "pageCount": "pages",
    "PTT": "voice",
    "gifPlayback": "gif",
    "isAnimated": "animated",
    "viewOnce": "viewOnce",
}
_SECRET_FIELDS = {"mediaKey": "mediaKey", "fileSHA256": "sha256", "fileEncSHA256": "encryptedSha256"}
_POLLS = tuple(f"pollCreationMessage{version}" for version in ("", "V2", "V3", "V5", "V6"))
_DEPTH = 8


def unwrapped(message: JsonObject) -> JsonObject:
    """Return the message inside its envelopes (sent from another device, disappearing, view once, edited, …)."""
    for _ in range(_DEPTH):
        inner = next((obj(obj(message[name]).get("message")) for name in _WRAPPERS if name in message), None)
        if inner is None:
            return message
        message = inner
    return message


def is_empty(message: JsonObject) -> bool:
    """Whether it is nothing but keys: a sender's first group message has them in a separate event with the same id."""
    return not (unwrapped(message).keys() - _KEYS_ONLY)


def is_notice(message: JsonObject) -> bool:
    """Whether it only changes an earlier message (a vote, a pin) and has no content to show."""
    return bool(_NOTICES & message.keys())


def content_of(message: JsonObject) -> Content:
    """Convert an unwrapped message. An unknown kind becomes UNSUPPORTED and keeps its fields as `raw`."""
    for name, type in _MEDIA.items():
        if name in message:
            return _with_extras(_media(name, type, obj(message[name])), obj(message[name]))
    for name, convert in _BY_FIELD.items():
        if name in message:
            part = obj(message[name])
            return _with_extras(convert(part), part)
    if "conversation" in message:
        return Content(MessageType.TEXT, text(message["conversation"]))
    return _unknown(message)


def context_of(message: JsonObject) -> JsonObject:
    """Return the context (quoted message, mentions), wherever its kind has it."""
    return next((obj(obj(part).get("contextInfo")) for part in message.values() if obj(part).get("contextInfo")), {})


def reaction_of(part: JsonObject) -> Content:
    """Convert a reaction; a removed one has an empty emoji."""
    emoji = text(part.get("text"))
    return Content(
        MessageType.REACTION, emoji, data={"messageId": text(obj(part.get("key")).get("ID")), "emoji": emoji}
    )


def _media(name: str, type: MessageType, part: JsonObject) -> Content:
    data: JsonObject = {ours: part[theirs] for theirs, ours in _MEDIA_FIELDS.items() if part.get(theirs)}
    media: JsonObject = {"directPath": text(part.get("directPath"))} if part.get("directPath") else {}
    for theirs, ours in _SECRET_FIELDS.items():
        if isinstance(value := part.get(theirs), bytes) and value:
            media[ours] = base64.b64encode(value).decode()
    if media:
        data["media"] = media
    if name == "ptvMessage":
        data["round"] = True
    return Content(type, text(part.get("caption")), data=data)


def _extended(part: JsonObject) -> Content:
    link = text(part.get("matchedText"))
    return Content(MessageType.TEXT, text(part.get("text")), data={"link": link} if link else {})


def _location(part: JsonObject) -> Content:
    place = {
        "latitude": clean(part.get("degreesLatitude")),
        "longitude": clean(part.get("degreesLongitude")),
        "name": text(part.get("name")),
        "address": text(part.get("address")),
        "url": text(part.get("URL")),
    }
    said = text(part.get("caption")) or ", ".join(str(place[key]) for key in ("name", "address") if place[key])
    return Content(
        MessageType.LOCATION, said, data={key: value for key, value in place.items() if value not in ("", None)}
    )


def _live_location(part: JsonObject) -> Content:
    place = _location(part)
    return Content(place.type, place.text, data={**place.data, "live": True})


def _contacts(part: JsonObject) -> Content:
    cards = [obj(card) for card in items(part.get("contacts"))] or [part]
    names = ", ".join(name for name in (text(card.get("displayName")) for card in cards) if name)
    return Content(MessageType.CONTACTS, names, data={"vCards": [text(card.get("vcard")) for card in cards]})


def _choice(kind: str, said: object, id: object) -> Content:
    return Content(MessageType.INTERACTIVE, text(said), data={"kind": kind, "id": text(id)})


def _list_choice(part: JsonObject) -> Content:
    return _choice("list", part.get("title"), obj(part.get("singleSelectReply")).get("selectedRowID"))


def _flow_choice(part: JsonObject) -> Content:
    flow = obj(part.get("nativeFlowResponseMessage"))
    try:
        params = obj(json.loads(text(flow.get("paramsJSON")) or "{}"))
    except (ValueError, RecursionError):
        params = {}
    chosen = _choice("flow", obj(part.get("body")).get("text"), params.get("id"))
    return Content(
        chosen.type, chosen.text, data={**chosen.data, "name": text(flow.get("name")), "params": clean(params)}
    )


def _poll(part: JsonObject) -> Content:
    """Convert a poll to readable text; voting is not supported."""
    options = [text(obj(option).get("optionName")) for option in items(part.get("options"))]
    said = "\n".join([text(part.get("name")), *options])
    return Content(MessageType.UNSUPPORTED, said, data={"kind": "poll", "options": options})


_BY_FIELD = {
    "extendedTextMessage": _extended,
    "reactionMessage": reaction_of,
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _contacts,
    "contactsArrayMessage": _contacts,
    "buttonsResponseMessage": lambda part: _choice(
        "button", part.get("selectedDisplayText"), part.get("selectedButtonID")
    ),
    "templateButtonReplyMessage": lambda part: _choice(
        "button", part.get("selectedDisplayText"), part.get("selectedID")
    ),
    "listResponseMessage": _list_choice,
    "interactiveResponseMessage": _flow_choice,
    **dict.fromkeys(_POLLS, _poll),
}


def _unknown(message: JsonObject) -> Content:
    kinds = sorted(message.keys() - _KEYS_ONLY)
    return Content(MessageType.UNSUPPORTED, data={"raw": {"kinds": kinds}})


def _with_extras(content: Content, part: JsonObject) -> Content:
    context = obj(part.get("contextInfo"))
    found: JsonObject = {"forwarded": True} if context.get("isForwarded") is True else {}
    if mentioned := [text(jid) for jid in items(context.get("mentionedJID"))]:
        found["mentions"] = mentioned
    return Content(content.type, content.text, content.media_url, {**content.data, **found}) if found else content
