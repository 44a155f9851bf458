"""Split neonize's events into rows of the inbox: one per event, one per message of a history. Pure.

Only what identifies a row is read here: its chat, and the key that drops a second delivery.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import JsonObject, chat_key, dedupe_key, digest, instant, items, obj, text
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import (
    LID,
    PERSON,
    STATUSES,
    formatted,
    kind_of,
    plain,
    shown_in,
)
from whatsapp_hub.adapters.providers.neonize.native.protobuf import decode
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent, pack
from whatsapp_hub.adapters.providers.neonize.translate.unwrap import is_empty
from whatsapp_hub.application.ports.provider.events import ChatKind, Malformed, RawUpdate

STATE_CHAT = "session"
"""States have a chat of their own, so that they are processed in order."""


@dataclass(frozen=True, slots=True)
class Splitter:
    """`history`: whether an unrequested history is imported (the messages before the pairing); `statuses`: whether
    contacts' status updates are taken in."""

    history: bool = False
    statuses: bool = False

    def __call__(self, stored: StoredEvent, unique: str) -> list[RawUpdate]:
        """Split an event; `unique` distinguishes this occurrence, for events without a key of their own."""
        try:
            rows = list(self._split(stored, unique))
        except Malformed:
            return [_row(stored, dedupe_key("x", unique), STATE_CHAT)]
        return rows if self.statuses else [row for row in rows if row.chat != STATUSES]

    def _split(self, stored: StoredEvent, unique: str) -> Iterator[RawUpdate]:
        match stored.event:
            case "Message":
                yield from _message(stored)
            case "UndecryptableMessage":
                info = obj(decode(wire.SHAPES[stored.event], stored.data).get("info"))
                chat, key = _named(info)
                yield _row(stored, dedupe_key("u", *key), chat)
            case "Receipt":
                yield _receipt(stored)
            case "HistorySync":
                yield from _history(stored, take_all=self.history)
            case "ChatPresence" | "Presence":
                yield _row(stored, dedupe_key("p", unique), "presence")
            case "again" if len(stored.names) == 3:
                yield from self._again(stored)
            case "group" | "JoinedGroup" | "GroupInfoEvent":
                yield _row(stored, dedupe_key("g", unique), _group_of(stored) or STATE_CHAT)
            case _:
                yield _row(stored, dedupe_key("s", stored.event, unique), STATE_CHAT)

    def _again(self, stored: StoredEvent) -> Iterator[RawUpdate]:
        """Split off that a message came again, under a key of its own: its first copy may still be on its way."""
        chat, sender, me = map(plain, stored.names)
        is_mine = sender == me or (kind_of(chat) is ChatKind.PERSON and sender != chat)
        if kind_of(chat) is ChatKind.BROADCAST and not is_mine:
            chat = sender
        if chat != STATUSES or self.statuses:
            key = stored.text, chat, "me" if is_mine else sender
            found = StoredEvent(stored.event, stored.at, text=dedupe_key("m", *key))
            yield _row(found, dedupe_key("a", *key), chat)


def _group_of(stored: StoredEvent) -> str:
    """Return the group that this event is about, so that it waits behind the group's messages."""
    if stored.event == "group":
        return stored.names[0] if stored.names else ""
    event = decode(wire.SHAPES[stored.event], stored.data)
    return formatted(obj(event.get("JID"))) or formatted(obj(obj(event.get("groupInfo")).get("JID")))


def _message(stored: StoredEvent) -> Iterator[RawUpdate]:
    """Split a message. None for one with only keys: its content comes in a second event with the same id."""
    event = decode(wire.SHAPES["Message"], stored.data)
    if is_empty(obj(event.get("message"))):
        return
    chat, key = _named(obj(event.get("info")))
    yield _row(stored, dedupe_key("m", *key), chat)


def _named(info: JsonObject) -> tuple[str, tuple[str, str, str]]:
    source = obj(info.get("messageSource"))
    chat = shown_in(source)
    who = "me" if source.get("isFromMe") is True else formatted(obj(source.get("sender")))
    return chat or STATE_CHAT, (text(info.get("ID")), chat, who)


def _receipt(stored: StoredEvent) -> RawUpdate:
    event = decode(wire.SHAPES["Receipt"], stored.data)
    source = obj(event.get("messageSource"))
    chat, sender = formatted(obj(source.get("chat"))), formatted(obj(source.get("sender")))
    ids = [text(id) for id in items(event.get("messageIDs"))]
    return _row(stored, dedupe_key("r", text(event.get("type")), sender, *ids), chat or STATE_CHAT)


def _history(stored: StoredEvent, *, take_all: bool) -> Iterator[RawUpdate]:
    history = obj(decode(wire.SHAPES["HistorySync"], stored.data).get("data"))
    for mapping in map(obj, items(history.get("phoneNumberToLidMappings"))):
        if names := _pair(text(mapping.get("pnJID")), text(mapping.get("lidJID"))):
            yield _row(StoredEvent("lids", stored.at, names=names), dedupe_key("l", *names), names[0])
    if take_all or history.get("syncType") == wire.ON_DEMAND:
        for conversation in map(obj, items(history.get("conversations"))):
            yield from _conversation(stored, conversation)


def _pair(phone: str, lid: str) -> list[str]:
    names = [plain(phone), plain(lid)]
    return names if names[0].endswith(f"@{PERSON}") and names[1].endswith(f"@{LID}") else []


def _conversation(stored: StoredEvent, conversation: JsonObject) -> Iterator[RawUpdate]:
    """Split a conversation's messages, oldest first; WhatsApp lists the newest first."""
    jids = (conversation.get("ID"), conversation.get("pnJID"), conversation.get("lidJID"))
    names = list(dict.fromkeys(name for name in (plain(text(jid)) for jid in jids) if name))
    if not names:
        return
    messages = (obj(message).get("message") for message in items(conversation.get("messages")))
    found = [_from_history(stored, data, names) for data in messages if isinstance(data, bytes)]
    yield from (row for _, row in sorted(filter(None, found), key=lambda pair: pair[0]))


def _from_history(stored: StoredEvent, data: bytes, names: list[str]) -> tuple[datetime, RawUpdate] | None:
    """Split off one message, with the key that it has when seen live."""
    message = decode(wire.WEB_MESSAGE, data)
    key, chat = obj(message.get("key")), names[0]
    if is_empty(obj(message.get("message"))):
        return None
    participant = plain(text(message.get("participant")) or text(key.get("participant")))
    who = "me" if key.get("fromMe") is True else participant or chat
    row = _row(
        StoredEvent("history", stored.at, data, names=names), dedupe_key("m", text(key.get("ID")), chat, who), chat
    )
    return instant(message.get("messageTimestamp")), row


def _row(stored: StoredEvent, key: str, chat: str) -> RawUpdate:
    body = pack(stored)
    return RawUpdate((), key if key.rstrip(":") else dedupe_key("x", digest(body)), chat_key(chat), body)
