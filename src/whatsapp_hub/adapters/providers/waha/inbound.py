"""Translate WAHA's webhooks, which carry one event each. Pure."""

from collections.abc import Callable
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import (
    JsonObject,
    chat_key,
    decode_object,
    dedupe_key,
    digest,
    instant,
    items,
    obj,
    routes,
    text,
)
from whatsapp_hub.adapters.providers.waha.content import content_of, reaction_of
from whatsapp_hub.adapters.providers.waha.engine_data import is_envelope
from whatsapp_hub.adapters.providers.waha.names import Name, identity_of, jid, kind_of, parse_id
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    ChatNamed,
    Malformed,
    MessageSeen,
    NumberChanged,
    OtherSeen,
    ProviderEvent,
    RawUpdate,
    ReceiptSeen,
    SessionSeen,
    TypingSeen,
)
from whatsapp_hub.domain.messaging.contact import NAME_LENGTH, Identity
from whatsapp_hub.domain.messaging.content import CallState, Content, EventAnswer, Revoke, Vote, call
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.domain.text import storable

MESSAGES = ("message", "message.any")
ACKS = ("message.ack", "message.ack.group")

_ACK = {
    -1: MessageStatus.FAILED,
    1: MessageStatus.SENT,
    2: MessageStatus.DELIVERED,
    3: MessageStatus.READ,
    4: MessageStatus.READ,
}
STATUSES = {
    "STOPPED": SessionStatus.DISCONNECTED,
    "STARTING": SessionStatus.CONNECTING,
    "SCAN_QR_CODE": SessionStatus.QR_PENDING,
    "PASSKEY_REQUIRED": SessionStatus.QR_PENDING,
    "PASSKEY_CONFIRMATION_REQUIRED": SessionStatus.QR_PENDING,
    "WORKING": SessionStatus.CONNECTED,
    "FAILED": SessionStatus.FAILED,
}


def split(body: bytes) -> list[RawUpdate]:
    """Make a body the one update that it is. Raises Malformed."""
    envelope = decode_object(body)
    event, session = text(envelope.get("event")), text(envelope.get("session"))
    if not event or not session:
        raise Malformed("a webhook of WAHA has an event and a session")
    payload = obj(envelope.get("payload"))
    key = _key(event, session, payload) or _event_key(envelope, session, body)
    chat = _chat_in(payload) or f"event:{event}"
    return [RawUpdate(routes(("name", session)), key, chat_key(chat), body)]


def _chat_in(payload: JsonObject) -> str:
    """Return the chat that an event is about; some have its message one level deeper."""
    parts = (payload, *(obj(payload.get(name)) for name in ("after", "before", "vote")))
    return next((chat for part in parts if (chat := _chat(part, parse_id(text(part.get("id")))))), "")


def _key(event: str, session: str, payload: JsonObject) -> str:
    """Return the key that drops repeats; `message` and `message.any` are about the same message and share it. Two
    customers' phones may give the same id."""
    name = parse_id(text(payload.get("id")))
    if not name.bare:
        return ""
    if event in MESSAGES:
        return dedupe_key("m", session, _chat(payload, name), name.bare)
    if event in ACKS:
        participant = jid(text(payload.get("participant"))) or name.participant
        return dedupe_key("a", session, name.bare, text(payload.get("ack")), participant)
    return ""


def _event_key(envelope: JsonObject, session: str, body: bytes) -> str:
    """Return the key of all other events: the envelope's id, which retries repeat; old versions send none."""
    id = text(envelope.get("id"))
    return dedupe_key("e", session, id) if id else dedupe_key("x", digest(body))


def translate(body: bytes) -> list[ProviderEvent]:
    """Translate an update. Raises Malformed for bytes that are no JSON object."""
    envelope = decode_object(body)
    event, payload = text(envelope.get("event")), obj(envelope.get("payload"))
    at = instant(payload.get("timestamp"), envelope.get("timestamp"))
    convert = _BY_EVENT.get(event)
    seen = convert(envelope, payload, at) if convert else None
    told: ProviderEvent = seen or OtherSeen(event[:100] or "unknown", at)
    change = _changed_number(payload, at) if event in MESSAGES else None
    return [change, told] if change else [told]


def _changed_number(payload: JsonObject, at: datetime) -> NumberChanged | None:
    """Translate a change of number, which WEBJS shows as a notice in the chat of the new one, with both numbers
    (whatsapp-web.js, `contact_changed`)."""
    inner = obj(payload.get("_data"))
    if text(inner.get("subtype")) != "change_number" or text(inner.get("type")) != "notification_template":
        return None
    new = identity_of(_wid(inner.get("to")))
    people = (identity_of(_wid(wid)) for wid in items(inner.get("templateParams")))
    left = tuple(person for person in people if person and person != new)
    return NumberChanged(left, (new,), at) if new and left else None


def _wid(value: object) -> str:
    return text(value) or text(obj(value).get("_serialized"))


def _message(_envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    name = parse_id(text(payload.get("id")))
    if is_envelope(payload):
        return None
    return _seen(payload, name, name.bare, content_of(payload), at)


def _reaction(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    target = parse_id(text(obj(payload.get("reaction")).get("messageId")))
    name = parse_id(text(payload.get("id")))
    return _seen(payload, name, _own_id(name, target.bare, envelope), reaction_of(payload, target.bare), at)


def _edited(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    """Translate an edit to a message of its own, which names the message that it replaces."""
    target, name = parse_id(text(payload.get("editedMessageId"))), parse_id(text(payload.get("id")))
    content = content_of(payload).editing(target.bare)
    return _seen(payload, name, _own_id(name, target.bare, envelope), content, at)


def _revoked(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    """Translate a message that was deleted for everybody."""
    shown = obj(payload.get("after")) or obj(payload.get("before"))
    name = parse_id(text(shown.get("id")))
    target = parse_id(text(payload.get("revokedMessageId"))).bare or parse_id(text(shown.get("id"))).bare
    again = instant(shown.get("timestamp"), envelope.get("timestamp"))
    return _seen(shown, name, _own_id(name, target, envelope), Revoke(message_id=target), again) if target else None


def _voted(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    """Translate a vote. One that the engine could not decrypt (`poll.vote.failed`) has no options."""
    vote, poll = obj(payload.get("vote")), parse_id(text(obj(payload.get("poll")).get("id")))
    is_secret = text(envelope.get("event")).endswith(".failed")
    options = () if is_secret else tuple(text(option) for option in items(vote.get("selectedOptions")))
    content = Vote(", ".join(options), message_id=poll.bare, options=options, secret=is_secret)
    return _about(envelope, payload, vote, poll, content)


def _answered(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    """Translate an answer to an event; one that the engine could not decrypt is unknown."""
    event = parse_id(text(obj(payload.get("eventCreationKey")).get("id")))
    said = text(obj(payload.get("eventResponse")).get("response"))
    answer = "" if said == "UNKNOWN" or text(envelope.get("event")).endswith(".failed") else said
    return _about(envelope, payload, payload, event, EventAnswer(answer, message_id=event.bare, answer=answer))


def _about(
    envelope: JsonObject, payload: JsonObject, said: JsonObject, target: Name, content: Content
) -> MessageSeen | None:
    name = parse_id(text(said.get("id")))
    at = instant(said.get("timestamp"), payload.get("timestamp"), envelope.get("timestamp"))
    return _seen(said, name, _own_id(name, target.bare, envelope), content, at) if target.bare else None


_CALLS = {"received": CallState.RINGING, "accepted": CallState.ACCEPTED, "rejected": CallState.REJECTED}


def _called(envelope: JsonObject, payload: JsonObject, at: datetime) -> MessageSeen | None:
    """Translate a call of the customer's: it rings, is accepted (on the phone) or rejected. A missed one stays at
    ringing: WAHA reports no end."""
    state = _CALLS.get(text(envelope.get("event")).rpartition(".")[2], CallState.RINGING)
    chat = jid(text(payload.get("from")))
    names, id = _names({}, chat), text(payload.get("id"))[:500]
    if not names or not id or payload.get("isGroup") is True:
        return None
    content = call(state, video=payload.get("isVideo") is True)
    return MessageSeen(id, chat, kind_of(chat), names, content, at)


def _own_id(name: Name, target: str, envelope: JsonObject) -> str:
    """Return an id for a reaction or an edit, to which some engines give that of its target."""
    if name.bare and name.bare != target:
        return name.bare
    again = text(envelope.get("id")) or digest(repr(obj(envelope.get("payload"))).encode("utf-8", "replace"))[:32]
    return f"{target}~{again}"[:500]


def _seen(payload: JsonObject, name: Name, id: str, content: Content, at: datetime) -> MessageSeen | None:
    """Make a MessageSeen; None (stored as another event) without an id or a chat."""
    chat = _chat(payload, name)
    names = _names(payload, chat)
    if not id or not names:
        return None
    kind, from_me = kind_of(chat), _from_me(payload, name)
    author = _author(payload, name)
    return MessageSeen(
        provider_message_id=id,
        chat=chat,
        kind=kind,
        chat_names=names,
        content=content,
        at=at,
        from_me=from_me,
        via_api=from_me and text(payload.get("source")) == "api",
        name=None if from_me else _push_name(payload),
        author=author or None if kind is not ChatKind.PERSON and not from_me else None,
        author_phone=_author_phone(payload) if kind is ChatKind.GROUP and not from_me else None,
        reply_to=parse_id(text(obj(payload.get("replyTo")).get("id"))).bare or None,
    )


def _chat(payload: JsonObject, name: Name) -> str:
    """Return the chat in which WhatsApp shows it: what a customer sends to a broadcast list of theirs stands in their
    own chat."""
    chat = _addressed(payload, name)
    is_list = kind_of(chat) is ChatKind.BROADCAST and not _from_me(payload, name)
    return (_author(payload, name) or chat) if is_list else chat


def _addressed(payload: JsonObject, name: Name) -> str:
    """Return the chat, from the message id if possible: for our own messages engines differ between `from` and `to`."""
    if name.chat:
        return name.chat
    from_, to = jid(text(payload.get("from"))), jid(text(payload.get("to")))
    return (to or from_) if payload.get("fromMe") is True else (from_ or to)


def _author(payload: JsonObject, name: Name) -> str:
    """Return the participant of a group or a list who wrote it."""
    return jid(text(payload.get("participant"))) or jid(text(payload.get("author"))) or name.participant


def _from_me(payload: JsonObject, name: Name) -> bool:
    told = payload.get("fromMe")
    return told if isinstance(told, bool) else name.from_me is True


def _names(payload: JsonObject, chat: str) -> tuple[Identity, ...]:
    """Return the chat's own identity first, then the other one of phone and LID where the engine sends it."""
    first = identity_of(chat)
    if first is None or kind_of(chat) is not ChatKind.PERSON:
        return (first,) if first else ()
    other = identity_of(_other_half(payload))
    return (first, other) if other and other.kind is not first.kind else (first,)


def _other_half(payload: JsonObject) -> str:
    """Return the other JID. NOWEB: `_data.key.remoteJidAlt` (older: `senderPn`, `senderLid`; of a list's sender
    `participantAlt`); GOWS: `_data.Info`."""
    inner = obj(payload.get("_data"))
    key, info = obj(inner.get("key")), obj(inner.get("Info"))
    mine = payload.get("fromMe") is True
    found = (
        *(text(key.get(name)) for name in ("remoteJidAlt", "senderPn", "senderLid", "participantAlt")),
        text(info.get("RecipientAlt" if mine else "SenderAlt")),
    )
    return next((address for address in found if address), "")


def _author_phone(payload: JsonObject) -> str | None:
    """Return the number of a group's participant who has a hidden id, where the engine knows it."""
    inner = obj(payload.get("_data"))
    key, info = obj(inner.get("key")), obj(inner.get("Info"))
    alt = text(key.get("participantAlt")) or text(key.get("participantPn")) or text(info.get("SenderAlt"))
    user, _, server = jid(alt).partition("@")
    return user if server == "c.us" and user.isdigit() else None


def _push_name(payload: JsonObject) -> str | None:
    inner = obj(payload.get("_data"))
    found = (inner.get("notifyName"), inner.get("pushName"), obj(inner.get("Info")).get("PushName"))
    return next((text(name) for name in found if text(name)), None)


def _ack(_envelope: JsonObject, payload: JsonObject, at: datetime) -> ReceiptSeen | None:
    """Translate a receipt, only for our own messages and not for those merely queued."""
    name, ack = parse_id(text(payload.get("id"))), payload.get("ack")
    status = _ACK.get(ack) if isinstance(ack, int) and not isinstance(ack, bool) else None
    is_theirs = payload.get("fromMe") is False or name.from_me is False
    if status is None or is_theirs or not name.bare:
        return None
    error = (
        Failure("ack_error", "WAHA reports that WhatsApp did not take it") if status is MessageStatus.FAILED else None
    )
    return ReceiptSeen(name.bare, status, at, error)


def _presence(_envelope: JsonObject, payload: JsonObject, at: datetime) -> TypingSeen | None:
    """Translate what somebody does in a chat; None for mere presence."""
    chat = identity_of(text(payload.get("id")))
    states = {text(obj(one).get("lastKnownPresence")) for one in items(payload.get("presences"))}
    is_typing = bool(states & {"typing", "recording"})
    return TypingSeen((chat,), is_typing, at) if chat and (is_typing or "paused" in states) else None


def _group(_envelope: JsonObject, payload: JsonObject, at: datetime) -> ChatNamed | None:
    """Translate a group that was joined, or whose subject changed."""
    group = obj(payload.get("group"))
    chat, name = jid(text(group.get("id"))), storable(text(group.get("subject")))[:NAME_LENGTH]
    identity = identity_of(chat)
    return ChatNamed((identity,), name, at) if identity and name and kind_of(chat) is ChatKind.GROUP else None


def _session(envelope: JsonObject, payload: JsonObject, at: datetime) -> SessionSeen | None:
    data = obj(payload.get("data"))
    return session_seen(text(payload.get("status")), obj(envelope.get("me")), data, at)


def session_seen(status: str, me: JsonObject, data: JsonObject, at: datetime) -> SessionSeen | None:
    """Translate WAHA's session status; None for an unknown one."""
    known = STATUSES.get(status)
    if known is None:
        return None
    reason = None
    if status.startswith("PASSKEY"):
        reason = " ".join(word for word in (status.lower(), text(data.get("code"))[:32]) if word)
    elif status == "FAILED":
        reason = "waha_failed: WAHA reports FAILED"
    elif status == "STOPPED":
        reason = "stopped"
    elif obj(data.get("reachoutTimelock")).get("isActive") is True:
        reason = "reachout_timelock"
    user = jid(text(me.get("id"))).partition("@")[0]
    return SessionSeen(known, at, reason, user if user.isdigit() else None)


_BY_EVENT: dict[str, Callable[[JsonObject, JsonObject, datetime], ProviderEvent | None]] = {
    **dict.fromkeys(MESSAGES, _message),
    **dict.fromkeys(ACKS, _ack),
    "message.reaction": _reaction,
    "message.edited": _edited,
    "message.revoked": _revoked,
    **dict.fromkeys(("poll.vote", "poll.vote.failed"), _voted),
    **dict.fromkeys(("event.response", "event.response.failed"), _answered),
    **dict.fromkeys(("call.received", "call.accepted", "call.rejected"), _called),
    "session.status": _session,
    "presence.update": _presence,
    **dict.fromkeys(("group.v2.join", "group.v2.update"), _group),
}
