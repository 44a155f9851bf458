"""Real inputs to begin from: what our tests say that providers send, other people's recorded webhooks where they lie
beside the checkout, and every event of neonize's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes import graph, neonize, waha
from tests.fakes.neonize import LID, PERSON, heard
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.protobuf import encode
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

COMMON = {"from": "5511987650101", "from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1780000000"}
CONTEXT = {
    "context": {"id": "wamid.0", "forwarded": True, "referred_product": {"catalog_id": "1"}},
    "referral": {"a": 1},
}
CARD = {"name": {"formatted_name": "Bia"}, "phones": [{"phone": "+55"}]}
PARTS: dict[str, Any] = {
    "text": {"body": "Oi"},
    "image": {"id": "7", "caption": "Look", "mime_type": "image/png"},
    "location": {"latitude": 1.5, "longitude": 2, "name": "Bar"},
    "contacts": [CARD],
    "reaction": {"message_id": "wamid.0", "emoji": "👍"},
    "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Help"}},
    "button": {"payload": "STOP", "text": "Stop"},
    "system": {"type": "user_changed_number", "wa_id": "5521911112222", "body": "changed"},
    "edit": {"original_message_id": "wamid.5", "message": {"type": "text", "text": {"body": "better"}}},
    "order": {"text": "two"},
}
MESSAGES = [{**COMMON, **CONTEXT, "type": kind, kind: part} for kind, part in PARTS.items()]
STATUS = {"id": "w", "status": "failed", "recipient_id": "5511", "recipient_user_id": "BR.1", "errors": [{"code": 1}]}
VALUES: list[dict[str, Any]] = [
    *({"contacts": [{"wa_id": "5511987650101", "profile": {"name": "Ana"}}], "messages": [m]} for m in MESSAGES),
    *({"message_echoes": [{**m, "to": "5511", "to_user_id": "BR.2"}]} for m in MESSAGES[:3]),
    {"history": [{"threads": [{"id": "5511", "context": {"user_id": "BR.1"}, "messages": MESSAGES[:2]}]}]},
    {"messages": [{**MESSAGES[0], "group_id": "Y2Fw"}]},
    {"statuses": [STATUS, {**STATUS, "status": "delivered"}]},
]
META_BODIES = [json.loads(graph.webhook("1065", value)) for value in VALUES]

MEDIA = {"hasMedia": True, "media": {"mimetype": "image/png", "url": "http://x"}, "_data": {"type": "ptt"}}
PLACE = {"location": {"latitude": "1", "longitude": "2", "name": "Bar"}}
INNER = {"_data": {"key": {"remoteJidAlt": "1@s.whatsapp.net"}, "Info": {"SenderAlt": "1:2@lid", "PushName": "Ana"}}}
GROUP = {"id": "false_1@g.us_AA_2@c.us", "participant": "2@c.us", "replyTo": {"id": "AA"}, **INNER}
REACTION = {"reaction": {"text": "🙏", "messageId": "true_1@c.us_BB"}}
WAHA_BODIES = [
    json.loads(waha.webhook(event, waha.text_from("5511@lid", "3EB0", "Oi") | more))
    for event, more in (
        ("message", {}),
        ("message", MEDIA),
        ("message.any", PLACE),
        ("message", GROUP),
        ("message.reaction", REACTION),
        ("message.edited", {"editedMessageId": "AA"}),
        ("message.ack", {"fromMe": True, "id": "true_1@c.us_AA", "ack": 3}),
        ("session.status", {"status": "WORKING", "data": {"reachoutTimelock": {"isActive": True}}}),
    )
]

QUOTED = {"contextInfo": {"stanzaID": "3EB0ZZ", "participant": PERSON, "isForwarded": True}}
CONTENTS: list[dict[str, Any]] = [
    {"conversation": "Oi"},
    {"extendedTextMessage": {"text": "Oi", **QUOTED}},
    {"imageMessage": {"caption": "Look", "mimetype": "image/png", "URL": "https://x/y", **QUOTED}},
    {"audioMessage": {"mimetype": "audio/ogg", "seconds": 5, "PTT": True}},
    {"documentMessage": {"fileName": "a.pdf", "mimetype": "application/pdf"}},
    {"locationMessage": {"degreesLatitude": 1.5, "degreesLongitude": 2.5, "name": "Bar"}},
    {"contactMessage": {"displayName": "Bia", "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Bia\nEND:VCARD"}},
    {"reactionMessage": {"key": {"ID": "3EB0ZZ", "remoteJID": PERSON}, "text": "👍"}},
    {"protocolMessage": {"key": {"ID": "3EB0ZZ"}, "type": 14, "editedMessage": {"conversation": "better"}}},
]


def encodable(content: dict[str, Any]) -> dict[str, Any]:
    """The fields that our tables know."""
    known = {name.rstrip("*"): kind for name, kind in wire.MESSAGE.fields.values()}
    return {name: value for name, value in content.items() if name in known}


def neonize_events() -> list[StoredEvent]:
    """One of every kind, messages of every content, a history with one of them."""
    told = [neonize.message(made, id=f"3EB0{n:02X}") for n, made in enumerate(map(encodable, CONTENTS)) if made]
    told += [neonize.text("Oi", chat=neonize.GROUP, sender=LID), neonize.text("Oi", from_me=True)]
    events = [heard("Message", data) for data in told]
    events += [heard("Receipt", neonize.receipt(kind, "3EB0AA", "3EB0AB")) for kind in (1, 2, 3)]
    events += [heard(name, b"") for name in wire.EVENTS.values() if name in wire.SHAPES]
    key = {"remoteJID": PERSON, "fromMe": False, "ID": "3EB0AC"}
    past = wire_message({"key": key, "message": {"conversation": "then"}, "messageTimestamp": neonize.AT_MS // 1000})
    mapping = {"pnJID": PERSON, "lidJID": LID}
    talk = {"ID": PERSON, "messages": [{"message": past}]}
    history = {"data": {"syncType": 0, "conversations": [talk], "phoneNumberToLidMappings": [mapping]}}
    events.append(heard("HistorySync", neonize.event("HistorySync", **history)))
    return events + [heard(name, b"", "x", PERSON) for name in ("qr", "login", "ended", "refused", "left", "sent")]


def wire_message(values: dict[str, Any]) -> bytes:
    return encode(wire.WEB_MESSAGE, values)


def recorded(folder: str) -> list[dict[str, Any]]:
    """Webhooks that lie beside the checkout; none elsewhere."""
    files = sorted((SAMPLES / folder).glob("*.json")) if SAMPLES.is_dir() else []
    return [json.loads(f.read_bytes()) for f in files if not f.name.startswith(("_", "response_", "docs_hmac"))]


def meta_bodies() -> list[Any]:
    return [*META_BODIES, *recorded("meta")]


def waha_bodies() -> list[Any]:
    return [*WAHA_BODIES, *recorded("waha")]
