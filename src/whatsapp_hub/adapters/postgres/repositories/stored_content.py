"""The stored form of a message's content: columns `type`, `content`, `media_id` (of a file that the hub
stores), `media_url` (of one elsewhere), and `data` (JSON) for the rest.

Every row that was ever stored can be read: a value that its kind does not know, or not as such a value, stays in
`Content.extra` and is written back with it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, assert_never
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.postgres.repositories import stored_values as values
from whatsapp_hub.adapters.postgres.repositories.stored_media import read_stored, write_stored
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.annotations import NO_ANNOTATIONS, Annotations
from whatsapp_hub.domain.messaging.content import (
    NO_CONTEXT,
    NO_SOURCE,
    Audio,
    Buttons,
    Call,
    CallState,
    Choice,
    Contacts,
    Content,
    Context,
    Document,
    Event,
    EventAnswer,
    File,
    Image,
    ListMenu,
    Location,
    MediaRef,
    MediaSource,
    MessageType,
    Order,
    Poll,
    Reaction,
    RemoteMedia,
    Revoke,
    Sticker,
    StoredMedia,
    System,
    Template,
    Text,
    Unsupported,
    Video,
    Vote,
)


class Stored(NamedTuple):
    """The values of the columns."""

    type: str
    content: str
    media_url: str | None
    media_id: UUID | None
    data: str | None


class _Key(NamedTuple):
    """A key of `data`, the attribute that it holds, and how it is read: None for a value of another kind. `empty`,
    the attribute's default, is not written."""

    key: str
    attribute: str
    read: Callable[[object], object]
    empty: object = None


_CONTEXT = (
    _Key("forwarded", "forwarded", values.true, empty=False),
    _Key("often", "often", values.true, empty=False),
    _Key("mentions", "mentions", values.texts, empty=()),
    _Key("edits", "edits", values.text),
    _Key("referral", "referral", values.anything),
    _Key("product", "product", values.anything),
)
_SOURCE = (
    _Key("mediaId", "id", values.text),
    _Key("url", "url", values.text),
    _Key("media", "keys", values.mapping),
    _Key("error", "error", values.text),
)
_FILE = (
    _Key("mimeType", "mime_type", values.text),
    _Key("fileName", "file_name", values.text),
    _Key("size", "size", values.whole),
    _Key("sha256", "sha256", values.text),
)
_ELSE = ("extra", "", lambda _: None)
_PARTS: dict[str, Callable[..., object]] = {"context": Context, "source": MediaSource, "extra": dict}


class _Form:
    """The keys of a kind: its own, those of its context, and those of its source if it has a file."""

    def __init__(self, *keys: _Key, source: tuple[_Key, ...] = ()) -> None:
        self.keys = keys
        parts = {"source": source, "context": _CONTEXT, "": keys}
        self.places = {key.key: (part, key.attribute, key.read) for part, known in parts.items() for key in known}

    def read(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Read `data` as the arguments of its kind; what it does not know becomes `extra`."""
        found: dict[str, Any] = {}
        parts: dict[str, dict[str, Any]] = {"": found}
        for key, value in given.items():
            part, attribute, read = self.places.get(key, _ELSE)
            known = read(value)
            if known is None:
                parts.setdefault("extra", {})[key] = value
            elif part:
                parts.setdefault(part, {})[attribute] = known
            else:
                found[attribute] = known
        if len(parts) > 1:
            found |= {part: _PARTS[part](**values) for part, values in parts.items() if part}
        return found


_AREA = (_Key("width", "width", values.whole), _Key("height", "height", values.whole))
_LENGTH, _ONCE = _Key("seconds", "seconds", values.whole), _Key("viewOnce", "view_once", values.flag)

_TEXT = _Form(_Key("link", "link", values.text))
_IMAGE = _Form(*_FILE, *_AREA, _ONCE, source=_SOURCE)
_VIDEO = _Form(
    *_FILE,
    *_AREA,
    _LENGTH,
    _ONCE,
    _Key("gif", "gif", values.flag),
    _Key("round", "round", values.flag),
    source=_SOURCE,
)
_AUDIO = _Form(*_FILE, _LENGTH, _ONCE, _Key("voice", "voice", values.flag), source=_SOURCE)
_DOCUMENT = _Form(*_FILE, _Key("pages", "pages", values.whole), source=_SOURCE)
_STICKER = _Form(*_FILE, *_AREA, _Key("animated", "animated", values.flag), source=_SOURCE)
_LOCATION = _Form(
    _Key("latitude", "latitude", values.number),
    _Key("longitude", "longitude", values.number),
    _Key("name", "name", values.text),
    _Key("address", "address", values.text),
    _Key("url", "url", values.text),
    _Key("live", "live", values.true, empty=False),
)
_CONTACTS = _Form(
    _Key("contacts", "cards", values.sequence, empty=()), _Key("vCards", "vcards", values.texts, empty=())
)
_REACTION = _Form(
    _Key("messageId", "message_id", values.text, empty=""),
    _Key("fromMe", "from_me", values.true, empty=False),
)
_BUTTONS = _Form(_Key("buttons", "buttons", values.buttons, empty=()))
_LIST = _Form(_Key("button", "button", values.text, empty=""), _Key("sections", "sections", values.sequence, empty=()))
_CHOICE = _Form(_Key("kind", "kind", values.text, empty=""), _Key("id", "id", values.text, empty=""))
_TEMPLATE = _Form(
    _Key("name", "name", values.text, empty=""),
    _Key("language", "language", values.language, empty=""),
    _Key("components", "components", values.sequence, empty=()),
)
_POLL = _Form(_Key("options", "options", values.texts, empty=()), _Key("several", "several", values.true, empty=False))
_REVOKE = _Form(*_REACTION.keys)
_VOTE = _Form(
    _Key("messageId", "message_id", values.text, empty=""),
    _Key("chosen", "options", values.texts, empty=()),
    _Key("secret", "secret", values.true, empty=False),
)
_ORDER = _Form(_Key("catalog", "catalog", values.text), _Key("lines", "lines", values.lines, empty=()))
_EVENT = _Form(
    _Key("name", "name", values.text),
    _Key("startsAt", "starts_at", values.time),
    _Key("endsAt", "ends_at", values.time),
    _Key("place", "place", values.text),
    _Key("canceled", "canceled", values.true, empty=False),
)
_ANSWER = _Form(_Key("messageId", "message_id", values.text, empty=""), _Key("answer", "answer", values.text, empty=""))
_CALL = _Form(
    _Key("state", "state", values.call_state, empty=CallState.RINGING),
    _Key("video", "video", values.true, empty=False),
    _Key("seconds", "seconds", values.whole),
)
_SYSTEM = _Form(_Key("system", "notice", values.mapping), _Key("raw", "raw", values.anything))
_UNSUPPORTED = _Form(_Key("raw", "raw", values.anything))

_URL_BEFORE = "/api/media/"
"""Written beside the id of a stored file, for the version before; never read."""
_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


def encode(content: Content) -> Stored:
    """Encode as columns."""
    if type(content) is Text and content.context is NO_CONTEXT and content.link is None and not content.extra:
        return Stored(MessageType.TEXT, content.text, None, None, None)
    data = _data(content)
    return Stored(content.type, content.text, *_place(content), _encode(data).decode() if data else None)


def decode(type: str, text: str, media_url: str | None, media_id: UUID | None, data: str | None) -> Content:
    """Decode columns. A type that this version does not know becomes Unsupported."""
    if data is None and type == MessageType.TEXT:
        return Text(text)
    given = _decode(data) if data else {}
    try:
        known = MessageType(type)
    except ValueError:
        return _unsupported(text, given)
    return _of_type(known, text, _media(media_url, media_id), given)


def _of_type(  # noqa: C901 - one case a type
    type: MessageType, text: str, media: MediaRef | None, given: dict[str, object]
) -> Content:
    match type:
        case MessageType.TEXT:
            return Text(text, **_TEXT.read(given))
        case MessageType.IMAGE:
            return Image(text, **_read_file(given, media, _IMAGE))
        case MessageType.VIDEO:
            return Video(text, **_read_file(given, media, _VIDEO))
        case MessageType.AUDIO:
            return Audio(text, **_read_file(given, media, _AUDIO))
        case MessageType.DOCUMENT:
            return Document(text, **_read_file(given, media, _DOCUMENT))
        case MessageType.STICKER:
            return Sticker(text, **_read_file(given, media, _STICKER))
        case MessageType.LOCATION:
            return Location(text, **_LOCATION.read(given))
        case MessageType.CONTACTS:
            return Contacts(text, **_CONTACTS.read(given))
        case MessageType.REACTION:
            given.pop("emoji", None)
            return Reaction(text, **_REACTION.read(given))
        case MessageType.INTERACTIVE:
            return _interactive(text, given)
        case MessageType.TEMPLATE:
            return Template(text, **_TEMPLATE.read(given))
        case MessageType.POLL:
            return Vote(text, **_VOTE.read(given)) if _is(given, "vote") else Poll(text, **_POLL.read(given))
        case MessageType.EVENT:
            return (
                EventAnswer(text, **_ANSWER.read(given)) if _is(given, "answer") else Event(text, **_EVENT.read(given))
            )
        case MessageType.ORDER:
            return Order(text, **_ORDER.read(given))
        case MessageType.CALL:
            return Call(text, **_CALL.read(given))
        case MessageType.SYSTEM:
            return Revoke(text, **_REVOKE.read(given)) if _is(given, "revoke") else System(text, **_SYSTEM.read(given))
        case MessageType.UNSUPPORTED:
            return _unsupported(text, given)
        case _:
            assert_never(type)


def _interactive(text: str, given: dict[str, object]) -> Content:
    if values.buttons(given.get("buttons")):
        return Buttons(text, **_BUTTONS.read(given))
    if values.sequence(given.get("sections")):
        return ListMenu(text, **_LIST.read(given))
    return Choice(text, **_CHOICE.read(given))


def _is(given: dict[str, object], kind: str) -> bool:
    """Take the kind out of `data`, where it is this one."""
    is_it = given.get("kind") == kind
    if is_it:
        del given["kind"]
    return is_it


def _unsupported(text: str, given: dict[str, object]) -> Content:
    if given.get("kind") == "poll" and values.texts(given.get("options")):
        del given["kind"]
        return Poll(text, **_POLL.read(given))
    return Unsupported(text, **_UNSUPPORTED.read(given))


def _data(content: Content) -> dict[str, object]:
    """Return what no other column holds."""
    found = {**content.extra, **_fields(content)} if content.extra else _fields(content)
    return found | _write(content.context, _CONTEXT) if content.context is not NO_CONTEXT else found


def _fields(content: Content) -> dict[str, object]:  # noqa: C901 - one case a kind
    match content:
        case Text():
            return {} if content.link is None else {"link": content.link}
        case Image():
            return _write_file(content, _IMAGE)
        case Video():
            return _write_file(content, _VIDEO)
        case Audio():
            return _write_file(content, _AUDIO)
        case Document():
            return _write_file(content, _DOCUMENT)
        case Sticker():
            return _write_file(content, _STICKER)
        case Location():
            return _write(content, _LOCATION.keys)
        case Contacts():
            return _write(content, _CONTACTS.keys)
        case Reaction():
            return _write(content, _REACTION.keys) | {"emoji": content.text}
        case Buttons():
            return _write(content, _BUTTONS.keys)
        case ListMenu():
            return _write(content, _LIST.keys)
        case Choice():
            return _write(content, _CHOICE.keys)
        case Template():
            return _write(content, _TEMPLATE.keys)
        case Poll():
            return _write(content, _POLL.keys)
        case Vote():
            return {"kind": "vote"} | _write(content, _VOTE.keys)
        case Order():
            return _write(content, _ORDER.keys)
        case Event():
            return _write(content, _EVENT.keys)
        case EventAnswer():
            return {"kind": "answer"} | _write(content, _ANSWER.keys)
        case Call():
            return _write(content, _CALL.keys)
        case Revoke():
            return {"kind": "revoke"} | _write(content, _REVOKE.keys)
        case System():
            return _write(content, _SYSTEM.keys)
        case Unsupported():
            return _write(content, _UNSUPPORTED.keys)
        case _:
            assert_never(content)


def _write(part: object, keys: tuple[_Key, ...]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, attribute, _, empty in keys:
        value = getattr(part, attribute)
        if value is not None and value != empty:
            found[key] = value
    return found


def _write_file(content: File, form: _Form) -> dict[str, object]:
    found = _write(content, form.keys)
    if content.source is not NO_SOURCE:
        found |= _write(content.source, _SOURCE)
    if isinstance(content.media, StoredMedia):
        found |= write_stored(content.media)
    return found


def _read_file(given: dict[str, object], media: MediaRef | None, form: _Form) -> dict[str, Any]:
    if isinstance(media, StoredMedia):
        media = read_stored(media.id, given)
    found = form.read(given)
    if media:
        found["media"] = media
    return found


def _media(url: str | None, id: UUID | None) -> MediaRef | None:
    if id is not None:
        return StoredMedia(MediaId(id))
    return None if url is None else RemoteMedia(url)


def _place(content: Content) -> tuple[str | None, UUID | None]:
    """Return `media_url` and `media_id`."""
    match content:
        case Image() | Video() | Audio() | Document() | Sticker():
            if isinstance(content.media, StoredMedia):
                return f"{_URL_BEFORE}{content.media.id}", content.media.id
            return content.media.url if content.media else None, None
        case _:
            return None, None


_encode_since = msgspec.json.Encoder().encode
_decode_since = msgspec.json.Decoder(Annotations).decode


def encode_annotations(since: Annotations) -> str | None:
    """Encode what happened to a message since, as its column; None for nothing."""
    return None if since == NO_ANNOTATIONS else _encode_since(since).decode()


def decode_annotations(stored: str | None) -> Annotations:
    """Decode what happened to a message since."""
    return NO_ANNOTATIONS if stored is None else _decode_since(stored)
