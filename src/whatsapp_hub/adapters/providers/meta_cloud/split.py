"""Split a webhook body into updates, without interpreting them. Pure.

A part of an unexpected shape becomes one OTHER update with its raw bytes: nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec

from whatsapp_hub.adapters.providers.lenient import chat_key, dedupe_key, digest, mend, routes, text
from whatsapp_hub.adapters.providers.meta_cloud.wire import (
    CALL,
    ECHO,
    HANDOVER,
    HISTORY,
    MESSAGE,
    OTHER,
    STATUS,
    Body,
    Chunk,
    ContactHead,
    Handover,
    Head,
    Metadata,
    NestedEcho,
    OddBody,
    OddChange,
    OddEntry,
    OddValue,
    Person,
    Thread,
    Update,
    Value,
    Watched,
)
from whatsapp_hub.application.ports.provider.events import Malformed, RawUpdate

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
MOST_UPDATES = 20_000
"""Meta puts at most 1,000 into one body, a history some thousand messages. A body with more is quarantined as one."""
_NULL = msgspec.Raw(b"null")
_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_body = msgspec.json.Decoder(Body)
_odd_body = msgspec.json.Decoder(OddBody)
_odd_entry = msgspec.json.Decoder(OddEntry)
_odd_change = msgspec.json.Decoder(OddChange)
_odd_value = msgspec.json.Decoder(OddValue)
_chunk = msgspec.json.Decoder(Chunk)
_thread = msgspec.json.Decoder(Thread)
_metadata = msgspec.json.Decoder(Metadata)
_contact = msgspec.json.Decoder(ContactHead)
_head = msgspec.json.Decoder(Head)
_watched = msgspec.json.Decoder(Watched)
_nested = msgspec.json.Decoder(NestedEcho)
_handover = msgspec.json.Decoder(Handover)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_person = msgspec.json.Decoder(Person)


def split(body: bytes) -> list[RawUpdate]:
    """Return the body's updates, in its order. Raises Malformed."""
    try:
        return _split(body)
    except _BROKEN:
        return _split_mended(mend(body))


def _split_mended(body: bytes) -> list[RawUpdate]:
    try:
        return _split(body)
    except _BROKEN as error:
        raise Malformed(f"not a webhook of Meta: {type(error).__name__}") from None


def _split(body: bytes) -> list[RawUpdate]:
    found = _as_documented(body) or list(islice(_as_it_comes(body), MOST_UPDATES + 1))
    if len(found) > MOST_UPDATES:
        raise Malformed(f"more than {MOST_UPDATES} updates in one body")
    return found


def _as_it_comes(body: bytes) -> Iterator[RawUpdate]:
    """Split part by part, so that a body of a million tiny parts is given up early."""
    for raw in _odd_body.decode(body).entry:
        yield from _of_odd_entry(raw)


def _as_documented(body: bytes) -> list[RawUpdate]:
    """Split a body of the documented shape in one pass. Empty if a part has another shape or holds no update."""
    found: list[RawUpdate] = []
    try:
        for entry in _body.decode(body).entry:
            for change in entry.changes:
                updates = _of_value(_Place(text(entry.id), entry.time, text(change.field)), change.value)
                if not updates:
                    return []
                found += updates
            if not entry.changes:
                return []
    except msgspec.ValidationError:
        return []
    return found


@dataclass(slots=True)
class _Place:
    """An update's position in the body."""

    waba: str
    time: Any
    field: str
    metadata: msgspec.Raw | None = None
    phone_id: str = ""

    def on_number(self, metadata: msgspec.Raw) -> None:
        head = _try(_metadata, metadata)
        if head is not None:
            self.metadata = metadata
            self.phone_id = text(head.phone_number_id)

    @property
    def routes(self) -> tuple[str, ...]:
        """Return the routes; a part that names a number is only for it: another of the same account may not be ours."""
        return routes(("phone", self.phone_id) if self.phone_id else ("waba", self.waba))


def _of_odd_entry(raw: msgspec.Raw) -> Iterator[RawUpdate]:
    entry = _try(_odd_entry, raw)
    if entry is None or not entry.changes:
        yield _other(_Place("", None, ""), raw)
        return
    for raw_change in entry.changes:
        change = _try(_odd_change, raw_change)
        if change is None:
            yield _other(_Place(text(entry.id), entry.time, ""), raw_change)
        else:
            yield from _of_odd_value(_Place(text(entry.id), entry.time, text(change.field)), change.value)


def _of_odd_value(place: _Place, raw: msgspec.Raw) -> list[RawUpdate]:
    odd = _try(_odd_value, raw)
    if odd is None:
        return [_other(place, raw)]
    value = Value(
        odd.metadata,
        _list(odd.contacts),
        _list(odd.messages),
        _list(odd.statuses),
        _list(odd.message_echoes),
        _list(odd.history),
        _list(odd.calls),
        odd.standby,
        odd.recipient,
    )
    return (_handed(place, value, raw) or _of_value(place, value)) or [_other(place, raw)]


def _of_value(place: _Place, value: Value) -> list[RawUpdate]:
    place.on_number(value.metadata)
    contacts = _Contacts(value.contacts)
    kind = HISTORY if place.field == "history" else MESSAGE
    found = [_message(place, raw, kind, contacts) for raw in value.messages]
    state_of = _call_state if place.field == "calls" else _status
    found += [state_of(place, raw, contacts) for raw in value.statuses]
    found += [_message(place, raw, ECHO, contacts) for raw in value.message_echoes]
    found += [_call(place, raw, contacts) for raw in value.calls]
    for chunk in value.history:
        found += _of_chunk(place, chunk)
    if (watched := _try(_watched, value.standby)) is not None:
        found += [_message(place, raw, MESSAGE, contacts) for raw in watched.messages]
        found += [_status(place, raw, contacts) for raw in watched.statuses]
        found += [_message(place, _unnested(raw), ECHO, contacts) for raw in watched.message_echoes]
    return found


def bare_number(address: str) -> str:
    """Return a number as messages have it, without what Meta writes between its digits elsewhere (`+55 11 98765-4321`):
    all that names one chat is applied in one order."""
    return "".join(c for c in address if c not in " +-()")


def _handed(place: _Place, value: Value, raw: msgspec.Raw) -> list[RawUpdate]:
    """Take a change of a thread's owner, which names the number as its recipient. The same change has the same key
    however often it comes."""
    head = _try(_handover, raw) if place.field == "messaging_handovers" else None
    if head is None:
        return []
    place.on_number(value.recipient)
    person = _try(_person, head.sender) or Person()
    chat = bare_number(text(person.phone_number) or text(person.wa_id)) or text(person.user_id)
    key = dedupe_key("t", place.phone_id, chat, text(head.type), text(head.timestamp), digest(bytes(raw)))
    return [_update(place, HANDOVER, raw, key, chat, _NULL)]


def _unnested(raw: msgspec.Raw) -> msgspec.Raw:
    """Return an echo as the Business app's have it: with its id, its fields not one level deeper."""
    nested = _try(_nested, raw)
    if nested is None:
        return raw
    fields = _try(_fields, nested.message)
    if fields is None:
        return raw
    outer = _try(_fields, raw) or {}
    kept = {name: value for name, value in outer.items() if name != "message"}
    return msgspec.Raw(_encode({**kept, **fields}))


class _Contacts:
    """A value's contacts by phone and BSUID. A body of 1,000 messages may have as many contacts, and
    each update carries only its own."""

    def __init__(self, raws: list[msgspec.Raw]) -> None:
        self._only = raws[0] if len(raws) == 1 else _NULL
        self._by_key: dict[str, msgspec.Raw] = {}
        for raw in raws if len(raws) > 1 else ():
            if head := _try(_contact, raw):
                self._by_key |= {key: raw for key in (text(head.wa_id), text(head.user_id)) if key}

    def of(self, *keys: str) -> msgspec.Raw:
        if self._by_key:
            return next((self._by_key[key] for key in keys if key in self._by_key), _NULL)
        return self._only


def _message(place: _Place, raw: msgspec.Raw, kind: str, contacts: _Contacts) -> RawUpdate:
    head = _try(_head, raw)
    if head is None:
        return _other(place, raw)
    if kind == ECHO:
        address, user_id = text(head.to), text(head.to_user_id)
    else:
        address, user_id = text(head.from_), text(head.from_user_id)
    contact = contacts.of(address, user_id)
    chat = text(head.group_id) or address or user_id
    return _update(place, kind, raw, _message_key(place, head, raw, kind), chat, contact)


def _call(place: _Place, raw: msgspec.Raw, contacts: _Contacts) -> RawUpdate:
    head = _try(_head, raw)
    if head is None or not text(head.id):
        return _other(place, raw)
    customer = text(head.to if text(head.direction) == "BUSINESS_INITIATED" else head.from_)
    key = dedupe_key("c", place.phone_id, text(head.id), text(head.event), text(head.direction))
    return _update(place, CALL, raw, key, customer or text(head.id), contacts.of(customer))


def _call_state(place: _Place, raw: msgspec.Raw, contacts: _Contacts) -> RawUpdate:
    """Return the update of a call of ours that rings, or that the customer answered or declined."""
    head = _try(_head, raw)
    if head is None or not text(head.id):
        return _other(place, raw)
    id, customer = text(head.id), text(head.recipient_id) or text(head.recipient_user_id)
    key = dedupe_key("c", place.phone_id, id, text(head.status), "status")
    return _update(place, CALL, raw, key, customer or id, contacts.of(customer))


def _message_key(place: _Place, head: Head, raw: msgspec.Raw, kind: str, thread: str = "") -> str:
    """Return the key that drops repeats. Message ids are unique per number. In the history the same message comes
    twice: first as a placeholder, then with its media; the type distinguishes them."""
    id = text(head.id)
    if not id:
        return dedupe_key("x", digest(place.waba.encode(), thread.encode(), bytes(raw)))
    if kind == HISTORY:
        return dedupe_key("h", place.phone_id, id, text(head.type))
    return dedupe_key("m", place.phone_id, id)


def _status(place: _Place, raw: msgspec.Raw, contacts: _Contacts) -> RawUpdate:
    head = _try(_head, raw)
    if head is None or not text(head.id):
        return _other(place, raw)
    id, recipient, user_id = text(head.id), text(head.recipient_id), text(head.recipient_user_id)
    participant = text(head.recipient_participant_id) or text(head.recipient_participant_user_id)
    to_whom = participant or recipient or user_id
    key = dedupe_key("s", place.phone_id, id, text(head.status), to_whom)
    return _update(place, STATUS, raw, key, recipient or user_id or id, contacts.of(recipient, user_id))


def _of_chunk(place: _Place, raw: msgspec.Raw) -> Iterator[RawUpdate]:
    chunk = _try(_chunk, raw)
    if chunk is None or not chunk.threads:
        yield _other(place, raw)
        return
    for raw_thread in chunk.threads:
        thread = _try(_thread, raw_thread)
        if thread is None or not thread.messages:
            yield _other(place, raw_thread)
        else:
            yield from _of_thread(place, thread)


def _of_thread(place: _Place, thread: Thread) -> Iterator[RawUpdate]:
    id = text(thread.id)
    for raw in thread.messages:
        head = _try(_head, raw)
        if head is None:
            yield _other(place, raw)
        else:
            key = _message_key(place, head, raw, HISTORY, id)
            yield _update(place, HISTORY, raw, key, id or text(head.from_), thread.context, id)


def _update(
    place: _Place, kind: str, item: msgspec.Raw, key: str, chat: str, contact: msgspec.Raw, thread: str = ""
) -> RawUpdate:
    body = _encode(Update(kind, place.field, item, place.waba, place.time, place.metadata, contact, thread))
    return RawUpdate(place.routes, key, chat_key(chat or key), body)


def _other(place: _Place, item: msgspec.Raw) -> RawUpdate:
    key = dedupe_key("x", digest(place.waba.encode(), place.field.encode(), _encode(place.time), bytes(item)))
    return _update(place, OTHER, item, key, f"other:{place.field}"[:100], _NULL)


def _list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    return _try(_raw_list, raw) or []


def _try(decoder: "msgspec.json.Decoder[_T]", raw: msgspec.Raw) -> _T | None:
    """Decode a part; None if it has another shape. (Broken text raises: the whole body is repaired first.)"""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None
