"""Convert the content of WhatsApp Web's messages to Content, and ours to a part of its message. Pure.

Media are named, not downloaded: the keys of `MediaSource` are what is needed to download and decrypt the file
(`directPath`, `mediaKey` and hashes, base64).
"""

import base64
import json
import mimetypes
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, assert_never
from urllib.parse import unquote, urlsplit

from whatsapp_hub.adapters.providers import vcards
from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, number, obj, text, whole
from whatsapp_hub.adapters.providers.neonize.native.jids import kind_of
from whatsapp_hub.adapters.providers.neonize.translate import plans
from whatsapp_hub.adapters.providers.neonize.translate.unwrap import KEYS_ONLY
from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.domain.errors import Rejected, Unsupported
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.capabilities import MB, Limit
from whatsapp_hub.domain.messaging.content import (
    NO_SOURCE,
    Content,
    MediaSource,
    MessageType,
    RemoteMedia,
    StoredMedia,
)

OPUS = "audio/ogg; codecs=opus"
REVOKE, EDIT = 0, 14
"""Types of a protocol message."""
OFTEN = 5
"""So many times forwarded is "forwarded many times" on a phone."""
_TEXT, _CAPTION = 65_536, 1024
SENDS = {
    MessageType.TEXT: Limit(_TEXT),
    MessageType.LOCATION: Limit(_TEXT),
    MessageType.CONTACTS: Limit(_TEXT),
    MessageType.REACTION: Limit(_TEXT),
    MessageType.POLL: Limit(_TEXT),
    MessageType.STICKER: Limit(_TEXT),
    MessageType.IMAGE: Limit(_CAPTION, 5 * MB),
    MessageType.AUDIO: Limit(_CAPTION, 16 * MB),
    MessageType.VIDEO: Limit(_CAPTION, 16 * MB),
    MessageType.DOCUMENT: Limit(_CAPTION, 16 * MB),
}

AuthorOf = Callable[[str], str | None]
"""Return the JID of the author of the message with this id, if remembered."""

_SECRET_FIELDS = {"mediaKey": "mediaKey", "fileSHA256": "sha256", "fileEncSHA256": "encryptedSha256"}
_POLLS = tuple(f"pollCreationMessage{version}" for version in ("", "V2", "V3", "V5", "V6"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: the chat's JID; `quote`: the context of a message that answers another one."""

    to: str
    author_of: AuthorOf
    now_ms: int
    quote: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload as media type `kind` (WhatsApp's number); `field` names its part of the message. `url` is empty
    for a file that comes with the message, `mimetype` if only the file itself has it."""

    url: str
    kind: int
    field: str
    mimetype: str
    usual: str


def content_of(message: JsonObject) -> Content:
    """Convert an unwrapped message. An unknown kind becomes Unsupported and keeps its fields' names as `raw`."""
    for name, convert in _BY_FIELD.items():
        if name in message:
            part = obj(message[name])
            return _with_context(convert(part), part)
    if "conversation" in message:
        return kinds.Text(text(message["conversation"]))
    return _unknown(message)


def reaction_of(part: JsonObject) -> Content:
    """Convert a reaction; a removed one has an empty emoji."""
    return kinds.Reaction(text(part.get("text")), message_id=text(obj(part.get("key")).get("ID")))


def _image(part: JsonObject) -> Content:
    return kinds.Image(text(part.get("caption")), **_file(part), **_area(part), view_once=_true(part, "viewOnce"))


def _video(part: JsonObject) -> kinds.Video:
    return kinds.Video(
        text(part.get("caption")),
        **_file(part),
        **_area(part),
        seconds=whole(part.get("seconds")) or None,
        gif=_true(part, "gifPlayback"),
        view_once=_true(part, "viewOnce"),
    )


def _round_video(part: JsonObject) -> Content:
    return replace(_video(part), round=True)


def _audio(part: JsonObject) -> Content:
    seconds, once = whole(part.get("seconds")) or None, _true(part, "viewOnce")
    return kinds.Audio(
        text(part.get("caption")), **_file(part), seconds=seconds, voice=_true(part, "PTT"), view_once=once
    )


def _document(part: JsonObject) -> Content:
    return kinds.Document(text(part.get("caption")), **_file(part), pages=whole(part.get("pageCount")) or None)


def _sticker(part: JsonObject) -> Content:
    return kinds.Sticker(text(part.get("caption")), **_file(part), **_area(part), animated=_true(part, "isAnimated"))


def _true(part: JsonObject, name: str) -> bool | None:
    """Return True where a flag is set; protobuf leaves out the others."""
    return True if part.get(name) is True else None


def _area(part: JsonObject) -> dict[str, Any]:
    return {"width": whole(part.get("width")) or None, "height": whole(part.get("height")) or None}


def _file(part: JsonObject) -> dict[str, Any]:
    """Return what every kind of file has."""
    keys: JsonObject = {"directPath": text(part.get("directPath"))} if part.get("directPath") else {}
    for theirs, ours in _SECRET_FIELDS.items():
        if isinstance(value := part.get(theirs), bytes) and value:
            keys[ours] = base64.b64encode(value).decode()
    return {
        "source": MediaSource(keys=keys) if keys else NO_SOURCE,
        "mime_type": text(part.get("mimetype")) or None,
        "file_name": text(part.get("fileName")) or None,
        "size": whole(part.get("fileLength")) or None,
    }


def _extended(part: JsonObject) -> Content:
    return kinds.Text(text(part.get("text")), link=text(part.get("matchedText")) or None)


def _location(part: JsonObject) -> kinds.Location:
    name, address, url = (text(part.get(key)) for key in ("name", "address", "URL"))
    return kinds.Location(
        text(part.get("caption")) or ", ".join(word for word in (name, address) if word),
        latitude=number(part.get("degreesLatitude")),
        longitude=number(part.get("degreesLongitude")),
        name=name or None,
        address=address or None,
        url=url or None,
    )


def _live_location(part: JsonObject) -> Content:
    return replace(_location(part), live=True)


def _contacts(part: JsonObject) -> Content:
    cards = [obj(card) for card in items(part.get("contacts"))] or [part]
    names = ", ".join(name for name in (text(card.get("displayName")) for card in cards) if name)
    return kinds.Contacts(names, vcards=tuple(text(card.get("vcard")) for card in cards))


def _button_choice(part: JsonObject) -> Content:
    id = text(part.get("selectedButtonID")) or text(part.get("selectedID"))
    return kinds.Choice(text(part.get("selectedDisplayText")), kind="button", id=id)


def _list_choice(part: JsonObject) -> Content:
    id = text(obj(part.get("singleSelectReply")).get("selectedRowID"))
    return kinds.Choice(text(part.get("title")), kind="list", id=id)


def _flow_choice(part: JsonObject) -> Content:
    flow = obj(part.get("nativeFlowResponseMessage"))
    try:
        params = obj(json.loads(text(flow.get("paramsJSON")) or "{}"))
    except (ValueError, RecursionError):
        params = {}
    more = {"name": text(flow.get("name")), "params": clean(params)}
    return kinds.Choice(text(obj(part.get("body")).get("text")), kind="flow", id=text(params.get("id")), extra=more)


_BY_FIELD = {
    "imageMessage": _image,
    "videoMessage": _video,
    "ptvMessage": _round_video,
    "audioMessage": _audio,
    "documentMessage": _document,
    "stickerMessage": _sticker,
    "extendedTextMessage": _extended,
    "reactionMessage": reaction_of,
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _contacts,
    "contactsArrayMessage": _contacts,
    "buttonsResponseMessage": _button_choice,
    "templateButtonReplyMessage": _button_choice,
    "listResponseMessage": _list_choice,
    "interactiveResponseMessage": _flow_choice,
    **dict.fromkeys(_POLLS, plans.poll),
    "orderMessage": plans.order,
    "eventMessage": plans.event,
    "pollUpdateMessage": plans.vote,
    "encEventResponseMessage": plans.answer,
}


def _unknown(message: JsonObject) -> Content:
    named = sorted(message.keys() - KEYS_ONLY)
    return kinds.Unsupported(f"a message of the kind {', '.join(named) or 'unknown'}"[:200], raw={"kinds": named})


def _with_context(content: Content, part: JsonObject) -> Content:
    reported = obj(part.get("contextInfo"))
    mentions = tuple(text(jid) for jid in items(reported.get("mentionedJID")))
    often = (whole(reported.get("forwardingScore")) or 0) >= OFTEN
    context = kinds.Context(forwarded=reported.get("isForwarded") is True or often, often=often, mentions=mentions)
    return content.within(context) if reported else content


def encode(content: Content, target: Target) -> tuple[JsonObject, File | None]:  # noqa: C901 - one case a kind
    """Encode as a part of WhatsApp's message, with the file to upload. Raises Unsupported for what WhatsApp Web has no
    message for, Rejected for content that lacks what its kind needs."""
    if (edited := content.context.edits) is not None:
        return _edit(content, edited, target), None
    match content:
        case kinds.Text() if target.quote:
            return {"extendedTextMessage": {"text": content.text, **target.quote}}, None
        case kinds.Text():
            return {"conversation": content.text}, None
        case kinds.Image():
            return _upload(content, target, "imageMessage", 0, "image/jpeg", _captioned(content))
        case kinds.Video():
            return _upload(content, target, "videoMessage", 1, "video/mp4", _captioned(content))
        case kinds.Audio():
            return _upload(content, target, "audioMessage", 2, OPUS, _sound(content))
        case kinds.Document():
            name = content.file_name or _path(content).rpartition("/")[2] or "file"
            part = _captioned(content) | {"fileName": name, "title": name}
            return _upload(content, target, "documentMessage", 3, "application/octet-stream", part)
        case kinds.Sticker():
            return _upload(content, target, "stickerMessage", 0, "image/webp", {})
        case kinds.Location():
            return {"locationMessage": _place(content) | target.quote}, None
        case kinds.Contacts():
            return _cards(content, target.quote), None
        case kinds.Reaction():
            return _reaction(content, target), None
        case kinds.Revoke():
            key: JsonObject = {"remoteJID": target.to, "fromMe": True, "ID": content.message_id}
            return {"protocolMessage": {"key": key, "type": REVOKE}}, None
        case kinds.Poll():
            return _poll_to_send(content), None
        case kinds.Buttons() | kinds.ListMenu() | kinds.Choice() | kinds.Template() | kinds.Vote() | kinds.Order():
            raise _unsupported(content)
        case kinds.Event() | kinds.EventAnswer() | kinds.Call() | kinds.System() | kinds.Unsupported():
            raise _unsupported(content)
        case _:
            assert_never(content)


def _edit(content: Content, edited: str, target: Target) -> JsonObject:
    """Encode a new text of a message of ours."""
    key: JsonObject = {"remoteJID": target.to, "fromMe": True, "ID": edited}
    new: JsonObject = {"conversation": content.text}
    change = {"key": key, "type": EDIT, "editedMessage": new, "timestampMS": target.now_ms}
    return {"editedMessage": {"message": {"protocolMessage": change}}}


def _poll_to_send(content: kinds.Poll) -> JsonObject:
    """Encode a poll; votes are encrypted with a secret of its own."""
    name, _, _ = content.text.partition("\n")
    options: list[object] = [{"optionName": option} for option in content.options]
    poll: JsonObject = {"name": name, "options": options, "selectableOptionsCount": 0 if content.several else 1}
    return {"pollCreationMessage": poll, "messageContextInfo": {"messageSecret": secrets.token_bytes(32)}}


def _unsupported(content: Content) -> Unsupported:
    return Unsupported("unsupported_content", f"WhatsApp Web cannot send {content.type}")


def _reaction(content: kinds.Reaction, target: Target) -> JsonObject:
    """Encode a reaction to the contact's message, unless it says otherwise; an empty emoji removes it."""
    if not content.message_id:
        raise Rejected("incomplete_content", "REACTION needs messageId")
    key: JsonObject = {"remoteJID": target.to, "fromMe": content.from_me, "ID": content.message_id}
    if not content.from_me and kind_of(target.to) is not ChatKind.PERSON:
        key |= {"participant": author} if (author := target.author_of(content.message_id)) else {}
    return {"reactionMessage": {"key": key, "text": content.text, "senderTimestampMS": target.now_ms}}


def _upload(
    content: kinds.File, target: Target, field: str, kind: int, usual: str, part: JsonObject
) -> tuple[JsonObject, File]:
    guessed, _ = mimetypes.guess_type(_path(content))
    url = content.media.url if isinstance(content.media, RemoteMedia) else ""
    file = File(url, kind, field, content.mime_type or guessed or "", usual)
    return {field: part | target.quote}, file


def _path(content: kinds.File) -> str:
    """Return the path of the file's URL; empty for a file that the hub stores. Raises Rejected."""
    if isinstance(content.media, StoredMedia):
        return ""
    if content.media is None or not content.media.url.startswith(("https://", "http://")):
        raise Rejected("incomplete_content", f"{content.type} needs an http link")
    try:
        return unquote(urlsplit(content.media.url).path)
    except ValueError as error:
        raise Rejected("media_url", "the file's URL cannot be used") from error


def _captioned(content: Content) -> JsonObject:
    return {"caption": content.text} if content.text else {}


def _sound(content: kinds.Audio) -> JsonObject:
    voice: JsonObject = {} if content.voice is None else {"PTT": content.voice}
    return voice if content.seconds is None else voice | {"seconds": max(0, min(content.seconds, 1 << 31))}


def _place(content: kinds.Location) -> JsonObject:
    if content.latitude is None or content.longitude is None:
        raise Rejected("incomplete_content", "LOCATION needs latitude and longitude")
    place: JsonObject = {
        "degreesLatitude": float(content.latitude),
        "degreesLongitude": float(content.longitude),
        "name": content.name or content.text,
        "address": content.address,
    }
    return {name: value for name, value in place.items() if value not in ("", None)}


def _cards(content: kinds.Contacts, quote: JsonObject) -> JsonObject:
    """Encode vCards as they are, and cards in Meta's form as vCards."""
    cards = [*map(vcards.shown, content.vcards), *map(vcards.made_of, map(obj, content.cards))]
    if not cards:
        raise Rejected("incomplete_content", "CONTACTS needs vCards or contacts")
    if len(cards) == 1:
        return {"contactMessage": {**cards[0], **quote}}
    whole: JsonObject = {"displayName": f"{len(cards)} contacts", "contacts": cards}
    return {"contactsArrayMessage": whole | quote}
