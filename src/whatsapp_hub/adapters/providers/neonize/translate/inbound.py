"""Translate neonize's events to the hub's. Pure: it needs neither neonize nor its Go library.

States are those of `application/ports/connections/sockets.py`. The phone number of a `Device` event (our own identity)
goes into every later state of the same dial as `StoredEvent.me`.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from whatsapp_hub.adapters.providers.lenient import JsonObject, instant, items, obj, text
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import PERSON, formatted, identity_of, plain
from whatsapp_hub.adapters.providers.neonize.native.protobuf import decode
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent, pack, unpack
from whatsapp_hub.adapters.providers.neonize.translate.messages import (
    chat_names,
    history_message,
    live_message,
    unavailable_message,
)
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    ChatNamed,
    IdentitySeen,
    MessageSeen,
    OtherSeen,
    ProviderEvent,
    ReceiptSeen,
    RedeliveredSeen,
    SessionSeen,
    TypingSeen,
)
from whatsapp_hub.application.ports.provider.plugin import UNKNOWN_TIME
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import NAME_LENGTH, IdentityKind
from whatsapp_hub.domain.messaging.content import CallState, Unsupported, call
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.domain.text import storable

_DELIVERED, _SENDER, _READ, _PLAYED, _SERVER_ERROR = 1, 2, 4, 6, 8
_RECEIPTS = {
    _DELIVERED: MessageStatus.DELIVERED,
    _READ: MessageStatus.READ,
    _PLAYED: MessageStatus.READ,
}
_BANS = {
    1: "sent_to_too_many_people",
    2: "blocked_by_users",
    3: "created_too_many_groups",
    4: "sent_too_many_same_message",
    5: "broadcast_list",
}
_FAILURES = {
    1: "generic",
    2: "logged_out",
    3: "temporarily_banned",
    4: "main_device_gone",
    5: "unknown_logout",
    6: "client_outdated",
    7: "bad_user_agent",
    8: "internal_server_error",
    9: "experimental",
    10: "service_unavailable",
}
_COMPOSING, _PAUSED = 1, 2
_REASON_LENGTH = 200
_LONGEST_RAW = 32_768
_SECRET = re.compile(r"(?<=://)[^/@\s]*@")


def translate(body: bytes) -> list[ProviderEvent]:
    """Translate an update. Raises Malformed."""
    stored = unpack(body)
    at = instant(stored.at)
    if stored.event == "history":
        return [_kept_raw(history_message(decode(wire.WEB_MESSAGE, stored.data), stored.names), stored)]
    if translator := _BY_REPORT.get(stored.event):
        return [translator(stored, at)]
    shape = wire.SHAPES.get(stored.event)
    if shape is None:
        return [OtherSeen(storable(stored.event)[:100] or "unknown", at)]
    event = decode(shape, stored.data)
    if stored.event == "Receipt":
        return _receipts(event, at)
    convert = _BY_EVENT.get(stored.event)
    return [_kept_raw(convert(event, stored, at), stored) if convert else OtherSeen(stored.event, at)]


def _kept_raw(seen: ProviderEvent, stored: StoredEvent) -> ProviderEvent:
    """Keep the bytes of a message of an unknown kind with it: names of fields alone do not say what it said."""
    if not isinstance(seen, MessageSeen) or not isinstance(unknown := seen.content, Unsupported):
        return seen
    if len(stored.data) > _LONGEST_RAW:
        return seen
    named = {"event": stored.event, "protobuf": base64.b64encode(stored.data).decode()}
    return replace(seen, content=replace(unknown, raw={**obj(unknown.raw), **named}))


def session_seen(stored: StoredEvent) -> SessionSeen | None:
    """Return the session state that this event reports; None for other events."""
    if stored.event not in _STATES:
        return None
    return next((seen for seen in translate(pack(stored)) if isinstance(seen, SessionSeen)), None)


def _receipts(event: JsonObject, at: datetime) -> list[ProviderEvent]:
    """Translate receipts by others for our messages. Our own devices' receipts prove that WhatsApp took them."""
    when = instant(event.get("timestamp"), int(at.timestamp()))
    type, source = event.get("type"), obj(event.get("messageSource"))
    ids = [text(id) for id in items(event.get("messageIDs")) if text(id)]
    ours = source.get("isFromMe") is True
    status = _RECEIPTS.get(type) if isinstance(type, int) else None
    if type == _SENDER or (ours and type == _DELIVERED):
        status = MessageStatus.SENT
    elif ours:
        status = None
    if status is None or not ids:
        return [OtherSeen(f"receipt_{text(type)}", when)]
    return [ReceiptSeen(id, status, when) for id in ids]


def _device(_event: JsonObject, stored: StoredEvent, at: datetime) -> ProviderEvent:
    return OtherSeen("device", at)


def _pair(event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    if event.get("status") == wire.PAIRED:
        return SessionSeen(SessionStatus.CONNECTING, at, "paired", phone_of(formatted(obj(event.get("ID")))))
    return _down("pairing_failed", at, text(event.get("error")))


def _connected(_event: JsonObject, stored: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.CONNECTED, at, phone_number=phone_of(stored.me))


def _degraded(_event: JsonObject, stored: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.RECONNECTING, at, "degraded", phone_of(stored.me))


def _disconnected(_event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.RECONNECTING, at, "disconnected")


def _stream_error(event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.RECONNECTING, at, f"stream_error {text(event.get('code'))}".strip()[:100])


def _replaced(_event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.DISCONNECTED, at, "replaced")


def _outdated(_event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.FAILED, at, "client_outdated")


def _banned(event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    code, expire = event.get("code"), event.get("expire")
    reason = _BANS.get(code, f"code_{code}") if isinstance(code, int) else "unknown"
    lasts_s = min(expire, 10 * 365 * 86400) if isinstance(expire, int) and expire > 0 else 0
    until = at + timedelta(seconds=lasts_s) if lasts_s and at != UNKNOWN_TIME else None
    return SessionSeen(SessionStatus.BANNED, at, reason, until=until)


def _logged_out(event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.LOGGED_OUT, at, _failure(event))


def _connect_failure(event: JsonObject, _kept: StoredEvent, at: datetime) -> SessionSeen:
    reason = _failure(event)
    if reason == "client_outdated":
        return _outdated(event, _kept, at)
    return _down(f"connect_failure {reason}", at, text(event.get("message")))


def _failure(event: JsonObject) -> str:
    reason = event.get("reason")
    return _FAILURES.get(reason, "unknown") if isinstance(reason, int) else "unknown"


def _identity_changed(event: JsonObject, _kept: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate a change of keys (a phone was set up anew): it is still the same person."""
    return OtherSeen("identity_keys_changed", at)


def _call(event: JsonObject, stored: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate a customer's call: it rings, or is over. Whether it was taken on the phone is in the reason."""
    meta = obj(event.get("basicCallMeta"))
    when, id = instant(meta.get("timestamp"), int(at.timestamp())), text(meta.get("callID"))
    chat = formatted(obj(meta.get("callCreator"))) or formatted(obj(meta.get("from")))
    identity = identity_of(chat)
    if identity is None or not id or identity.kind is IdentityKind.CHAT:
        return OtherSeen("call", when)
    state, reason = CallState.RINGING, text(event.get("reason"))
    if stored.event == "CallTerminate":
        state = next((state for word, state in _CALL_ENDS.items() if word in reason), CallState.MISSED)
    return MessageSeen(id, chat, ChatKind.PERSON, (identity,), call(state, video=False), when)


_CALL_ENDS = {"accept": CallState.ACCEPTED, "reject": CallState.REJECTED}


def _joined_group(event: JsonObject, _kept: StoredEvent, at: datetime) -> ProviderEvent:
    info = obj(event.get("groupInfo"))
    return _named(formatted(obj(info.get("JID"))), text(obj(info.get("groupName")).get("name")), at)


def _group_changed(event: JsonObject, _kept: StoredEvent, at: datetime) -> ProviderEvent:
    when = instant(event.get("timestamp"), int(at.timestamp()))
    return _named(formatted(obj(event.get("JID"))), text(obj(event.get("name")).get("name")), when)


def _named(chat: str, name: str, at: datetime) -> ProviderEvent:
    """Translate a group's name; other news of a group are not handled."""
    group = identity_of(chat)
    return ChatNamed((group,), storable(name)[:NAME_LENGTH], at) if group and name else OtherSeen("group", at)


def _chat_presence(event: JsonObject, _kept: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate that somebody types or records, or stopped."""
    source, state = obj(event.get("messageSource")), event.get("state")
    names = chat_names(source)
    if state not in (_COMPOSING, _PAUSED) or source.get("isFromMe") is True or not names:
        return OtherSeen("presence_unknown", at)
    return TypingSeen(names, state == _COMPOSING, at)


def _presence(event: JsonObject, _kept: StoredEvent, at: datetime) -> ProviderEvent:
    return OtherSeen("presence_unavailable" if event.get("unavailable") is True else "presence_available", at)


_BY_EVENT: dict[str, Callable[[JsonObject, StoredEvent, datetime], ProviderEvent]] = {
    "Device": _device,
    "PairStatus": _pair,
    "Connected": _connected,
    "KeepAliveTimeout": _degraded,
    "KeepAliveRestored": _connected,
    "LoggedOut": _logged_out,
    "StreamReplaced": _replaced,
    "TemporaryBan": _banned,
    "ConnectFailure": _connect_failure,
    "ClientOutdated": _outdated,
    "StreamError": _stream_error,
    "Disconnected": _disconnected,
    "Message": lambda event, _kept, _at: live_message(event),
    "UndecryptableMessage": lambda event, _kept, _at: unavailable_message(event),
    "IdentityChange": _identity_changed,
    "JoinedGroup": _joined_group,
    "GroupInfoEvent": _group_changed,
    "ChatPresence": _chat_presence,
    "Presence": _presence,
    "CallOffer": _call,
    "CallTerminate": _call,
}


def _qr(stored: StoredEvent, at: datetime) -> SessionSeen:
    lasts_s = int(stored.names[0]) if stored.names and stored.names[0].isdigit() else 0
    until = at + timedelta(seconds=lasts_s) if lasts_s and at != UNKNOWN_TIME else None
    return SessionSeen(SessionStatus.QR_PENDING, at, qr_code=storable(stored.text)[:2000], until=until)


def _login(stored: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate whatsmeow's result of a pairing; PairStatus has the details of success."""
    match stored.text:
        case "timeout":
            return SessionSeen(SessionStatus.DISCONNECTED, at, "qr_timeout")
        case "success":
            return OtherSeen("paired", at)
        case "err-client-outdated":
            return SessionSeen(SessionStatus.FAILED, at, "client_outdated")
    return _down("pairing_failed", at, stored.text)


_REQUIRED = re.compile(r"required field neonize\.(\w+)\.")


def _ended(stored: StoredEvent, at: datetime) -> SessionSeen:
    """Translate the return of the library's call. An event that neonize cannot encode (a ban with a new code) ends it
    too, and is identified by the field that is missing."""
    if match := _REQUIRED.search(stored.text):
        match match[1]:
            case "TemporaryBan":
                return SessionSeen(SessionStatus.BANNED, at, "unknown")
            case "LoggedOut":
                return SessionSeen(SessionStatus.LOGGED_OUT, at, "unknown")
    if "invalid length" in stored.text or "bad store" in stored.text:
        return SessionSeen(SessionStatus.FAILED, at, "credentials_corrupted")
    if "dial" in stored.text or "websocket" in stored.text.lower():
        return _down("no_network", at, stored.text)
    return _down("ended", at, stored.text)


def _store_failed(stored: StoredEvent, at: datetime) -> SessionSeen:
    """Translate our own hanging up, for the sake of messages that Go could not decrypt."""
    return _down("store_failed", at, stored.text)


def _refused(stored: StoredEvent, at: datetime) -> SessionSeen:
    return SessionSeen(SessionStatus.FAILED, at, storable(stored.text)[:_REASON_LENGTH])


def _left(stored: StoredEvent, at: datetime) -> SessionSeen:
    """Translate our own unlinking."""
    return SessionSeen(SessionStatus.LOGGED_OUT, at, storable(stored.text)[:_REASON_LENGTH])


def _sent(stored: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate an answer to a send that came after its deadline: the outcome is known now."""
    try:
        return ReceiptSeen(stored.text, MessageStatus.SENT, at, sent_as=MessageId(UUID(stored.names[0])))
    except (IndexError, ValueError):
        return OtherSeen("sent", at)


def _lids(stored: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate a phone number and a LID of one person."""
    identities = tuple(identity for identity in map(identity_of, stored.names) if identity)
    return IdentitySeen(identities, at) if len(identities) > 1 else OtherSeen("lids", at)


def _again(stored: StoredEvent, at: datetime) -> ProviderEvent:
    return RedeliveredSeen(stored.text, at)


def _group(stored: StoredEvent, at: datetime) -> ProviderEvent:
    """Translate the answer to our question what a group is called."""
    return _named(stored.names[0] if stored.names else "", stored.text, at)


_BY_REPORT: dict[str, Callable[[StoredEvent, datetime], ProviderEvent]] = {
    "qr": _qr,
    "login": _login,
    "ended": _ended,
    "store_failed": _store_failed,
    "refused": _refused,
    "left": _left,
    "lids": _lids,
    "sent": _sent,
    "group": _group,
    "again": _again,
}
_STATES = frozenset(_BY_REPORT) - {"lids", "sent", "group", "again"} | {
    "PairStatus",
    "Connected",
    "KeepAliveTimeout",
    "KeepAliveRestored",
    "LoggedOut",
    "StreamReplaced",
    "TemporaryBan",
    "ConnectFailure",
    "ClientOutdated",
    "StreamError",
    "Disconnected",
}


def _down(code: str, at: datetime, detail: str = "") -> SessionSeen:
    """Make a DISCONNECTED state with the last ones of a chain of causes. Proxies' credentials are cut out."""
    said = _SECRET.sub("", storable(detail)).rpartition('": ')[2].strip()
    return SessionSeen(SessionStatus.DISCONNECTED, at, f"{code}: {said}"[:_REASON_LENGTH] if said else code)


def phone_of(jid: str) -> str | None:
    user, _, server = plain(jid).rpartition("@")
    return user if server == PERSON and user.isdigit() else None
