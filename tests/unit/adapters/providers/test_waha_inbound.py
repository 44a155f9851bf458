"""What WAHA's webhooks mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contents import data_of
from tests.fakes.waha import ME, text_from, webhook
from whatsapp_hub.adapters.contracts.views.content import media_url
from whatsapp_hub.adapters.providers.waha.inbound import split, translate
from whatsapp_hub.adapters.providers.waha.names import parse_id
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    ChatNamed,
    MessageSeen,
    NumberChanged,
    OtherSeen,
    ProviderEvent,
    ReceiptSeen,
    SessionSeen,
    TypingSeen,
)
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus

PHONE = "5511987650101"
CHAT = f"{PHONE}@c.us"


def event(name: str, payload: dict[str, Any]) -> ProviderEvent:
    (update,) = split(webhook(name, payload))
    (seen,) = translate(update.body)
    return seen


def message(chat: str = CHAT, text: str | None = "Oi", **more: Any) -> MessageSeen:
    seen = event("message", text_from(chat, "3EB0AA", text or "", **({"body": text} | more)))
    assert isinstance(seen, MessageSeen)
    return seen


def key(name: str, payload: dict[str, Any], session: str = "default") -> str:
    return split(webhook(name, payload, session))[0].dedupe_key


def test_a_text_tells_who_wrote_what_and_when() -> None:
    seen = message(_data={"notifyName": "Ana"})
    assert (seen.provider_message_id, seen.chat, seen.name, seen.content.text) == ("3EB0AA", CHAT, "Ana", "Oi")
    assert seen.chat_names == (Identity.phone(PHONE),)
    assert seen.at == datetime.fromtimestamp(1_780_000_000, UTC)
    assert not seen.from_me


@pytest.mark.parametrize(
    ("id", "bare", "chat", "participant"),
    [
        ("false_1@c.us_AAA", "AAA", "1@c.us", ""),
        ("true_1@s.whatsapp.net_AAA", "AAA", "1@c.us", ""),
        ("false_1-2@g.us_AAA_3@c.us", "AAA", "1-2@g.us", "3@c.us"),
        ("false_status@broadcast_AAA_3@lid", "AAA", "status@broadcast", "3@lid"),
        ("AAA", "AAA", "", ""),
    ],
)
def test_ids_come_apart(id: str, bare: str, chat: str, participant: str) -> None:
    name = parse_id(id)
    assert (name.bare, name.chat, name.participant) == (bare, chat, participant)


@pytest.mark.parametrize(
    "inner",
    [
        {"key": {"remoteJidAlt": f"{PHONE}@s.whatsapp.net"}},
        {"key": {"senderPn": f"{PHONE}@s.whatsapp.net"}},
        {"Info": {"SenderAlt": f"{PHONE}:12@s.whatsapp.net"}},
    ],
)
def test_a_hidden_number_is_joined_with_its_phone_where_the_engine_tells_it(inner: dict[str, Any]) -> None:
    seen = message("778899@lid", _data=inner)
    assert seen.chat == "778899@lid"
    assert seen.chat_names == (Identity.lid("778899"), Identity.phone(PHONE))


def test_a_hidden_number_alone_is_a_contact_too() -> None:
    assert message("778899@lid").chat_names == (Identity.lid("778899"),)


def test_our_own_message_belongs_to_the_other_side_s_chat_in_every_engine() -> None:
    full = {"id": f"true_{CHAT}_3EB0", "fromMe": True, "body": "x", "timestamp": 1_780_000_000}
    for from_, to in ((CHAT, ME), (ME, CHAT), (CHAT, None)):
        seen = event("message.any", full | {"from": from_, "to": to, "source": "api"})
        assert isinstance(seen, MessageSeen)
        assert (seen.chat, seen.from_me, seen.via_api) == (CHAT, True, True)
    seen = event("message.any", full | {"from": CHAT, "source": "app"})
    assert isinstance(seen, MessageSeen)
    assert not seen.via_api


def test_a_group_is_the_chat_and_its_member_the_author() -> None:
    seen = event("message", text_from("120363@g.us", "AAA_5511@c.us", "Oi") | {"participant": "5511@c.us"})
    assert isinstance(seen, MessageSeen)
    assert (seen.kind, seen.chat, seen.author) == (ChatKind.GROUP, "120363@g.us", "5511@c.us")
    assert seen.chat_names == (Identity.chat("120363@g.us"),)


@pytest.mark.parametrize(
    ("chat", "kind"),
    [
        ("status@broadcast", ChatKind.STATUS),
        ("1@newsletter", ChatKind.NEWSLETTER),
        ("1@lid", ChatKind.PERSON),
    ],
)
def test_chats_are_told_apart(chat: str, kind: ChatKind) -> None:
    assert message(chat).kind is kind


def test_a_customers_broadcast_list_is_read_in_the_customers_own_chat() -> None:
    listed = text_from("1@broadcast", f"AAA_{CHAT}", "Oferta") | {"participant": CHAT}
    (update,) = split(webhook("message", listed))
    (seen,) = translate(update.body)
    assert isinstance(seen, MessageSeen)
    assert (update.chat, seen.chat, seen.kind, seen.author) == (CHAT, CHAT, ChatKind.PERSON, None)
    assert seen.chat_names == (Identity.phone(PHONE),)


def test_a_broadcast_list_of_our_own_is_a_chat_of_its_own() -> None:
    seen = event(
        "message.any", text_from("1@broadcast", "AAA", "Oferta") | {"id": "true_1@broadcast_AAA", "fromMe": True}
    )
    assert isinstance(seen, MessageSeen)
    assert (seen.chat, seen.kind, seen.from_me) == ("1@broadcast", ChatKind.BROADCAST, True)


def test_message_and_message_any_are_one_update() -> None:
    payload = text_from(CHAT, "3EB0AA", "Oi")
    assert key("message", payload) == key("message.any", payload)
    assert key("message", payload) != key("message", payload, session="other")
    assert key("message", payload) != key("message.reaction", payload)


def test_acks_of_one_message_are_told_apart() -> None:
    payload = {"id": f"true_{CHAT}_3EB0", "fromMe": True, "ack": 2}
    keys = {key("message.ack", payload), key("message.ack", payload | {"ack": 3})}
    assert len(keys | {key("message.ack", payload)}) == 2


@pytest.mark.parametrize(
    ("ack", "status"),
    [
        (-1, MessageStatus.FAILED),
        (1, MessageStatus.SENT),
        (2, MessageStatus.DELIVERED),
        (3, MessageStatus.READ),
        (4, MessageStatus.READ),
    ],
)
def test_an_ack_is_a_receipt(ack: int, status: MessageStatus) -> None:
    seen = event("message.ack", {"id": f"true_{CHAT}_3EB0", "from": CHAT, "fromMe": True, "ack": ack})
    assert isinstance(seen, ReceiptSeen)
    assert (seen.provider_message_id, seen.status) == ("3EB0", status)
    assert (seen.error is not None) == (status is MessageStatus.FAILED)


@pytest.mark.parametrize("more", [{"ack": 0}, {"ack": None}, {"ack": 9}, {"ack": True}, {"ack": 3, "fromMe": False}])
def test_other_acks_change_nothing(more: dict[str, Any]) -> None:
    assert isinstance(event("message.ack", {"id": f"true_{CHAT}_3EB0", "fromMe": True} | more), OtherSeen)


@pytest.mark.parametrize(
    ("more", "type"),
    [
        ({"hasMedia": True, "media": {"mimetype": "image/png", "url": "http://localhost:3000/f"}}, MessageType.IMAGE),
        ({"hasMedia": True, "media": {"mimetype": "audio/ogg; codecs=opus"}}, MessageType.AUDIO),
        ({"hasMedia": True, "media": None, "_data": {"type": "sticker"}}, MessageType.STICKER),
        ({"hasMedia": True, "media": None, "_data": {"message": {"videoMessage": {}}}}, MessageType.VIDEO),
        ({"hasMedia": True, "media": None}, MessageType.DOCUMENT),
        ({"location": {"latitude": "1", "longitude": "2", "description": "Bar"}, "body": ""}, MessageType.LOCATION),
        ({"vCards": ["BEGIN:VCARD"], "body": "BEGIN:VCARD"}, MessageType.CONTACTS),
        ({"body": None}, MessageType.UNSUPPORTED),
        ({"body": "", "_data": {"type": "e2e_notification"}}, MessageType.SYSTEM),
    ],
)
def test_content_is_recognised(more: dict[str, Any], type: MessageType) -> None:
    assert message(**more).content.type is type


def test_a_media_s_address_is_kept_but_never_shown_as_a_link() -> None:
    media = {"mimetype": "image/png", "url": "http://localhost:3000/f.png", "filename": None, "error": None}
    content = message(text="Look", hasMedia=True, media=media).content
    assert (content.text, media_url(content)) == ("Look", None)
    assert data_of(content) == {"url": "http://localhost:3000/f.png", "mimeType": "image/png"}


def test_a_voice_note_is_audio_with_a_voice() -> None:
    content = message(hasMedia=True, media=None, _data={"type": "ptt"}).content
    assert (content.type, data_of(content)) == (MessageType.AUDIO, {"voice": True})


def test_a_reply_names_the_bare_id() -> None:
    assert message(replyTo={"id": f"true_{CHAT}_AAA"}).reply_to == "AAA"
    assert message(replyTo={"id": "AAA"}).reply_to == "AAA"


def test_a_reaction_has_an_id_of_its_own() -> None:
    payload = {"id": f"false_{CHAT}_RR", "from": CHAT, "fromMe": False, "timestamp": 1780000000.853}
    seen = event("message.reaction", payload | {"reaction": {"text": "🙏", "messageId": f"true_{CHAT}_AAA"}})
    assert isinstance(seen, MessageSeen)
    assert (seen.provider_message_id, seen.content.text) == ("RR", "🙏")
    assert data_of(seen.content)["messageId"] == "AAA"
    same = event("message.reaction", payload | {"reaction": {"text": "", "messageId": f"true_{CHAT}_RR"}})
    assert isinstance(same, MessageSeen)
    assert same.provider_message_id.startswith("RR~")


def test_an_edit_brings_the_new_words() -> None:
    seen = event("message.edited", text_from(CHAT, "BBB", "better") | {"editedMessageId": "AAA"})
    assert isinstance(seen, MessageSeen)
    assert (seen.provider_message_id, seen.content.text) == ("BBB", "better")
    assert data_of(seen.content)["edits"] == "AAA"


@pytest.mark.parametrize("name", ["message.revoked", "poll.vote", "call.received", "presence.update", "engine.event"])
def test_other_events_are_kept_and_change_nothing(name: str) -> None:
    seen = event(name, {"id": "x"})
    assert isinstance(seen, OtherSeen)
    assert seen.kind == name


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("WORKING", SessionStatus.CONNECTED),
        ("STARTING", SessionStatus.CONNECTING),
        ("SCAN_QR_CODE", SessionStatus.QR_PENDING),
        ("STOPPED", SessionStatus.DISCONNECTED),
        ("FAILED", SessionStatus.FAILED),
    ],
)
def test_the_session_s_state_is_told(word: str, status: SessionStatus) -> None:
    seen = event("session.status", {"name": "default", "status": word, "data": None})
    assert isinstance(seen, SessionSeen)
    assert (seen.status, seen.phone_number) == (status, ME.partition("@")[0])


def test_an_unknown_state_changes_nothing_and_a_lock_is_told() -> None:
    assert isinstance(event("session.status", {"status": "DANCING"}), OtherSeen)
    seen = event("session.status", {"status": "WORKING", "data": {"reachoutTimelock": {"isActive": True}}})
    assert isinstance(seen, SessionSeen)
    assert seen.reason == "reachout_timelock"


def test_a_retry_of_any_event_has_the_same_key() -> None:
    body = webhook("call.received", {"id": "x"}, id="evt_7")
    assert split(body)[0].dedupe_key == split(body)[0].dedupe_key == "e:default:evt_7"


@pytest.mark.parametrize("wid", [str, lambda jid: {"_serialized": jid}])
def test_a_notice_of_a_changed_number_moves_the_customer(wid: Any) -> None:
    old, new = f"{PHONE}@c.us", "5521911112222@c.us"
    inner = {
        "type": "notification_template",
        "subtype": "change_number",
        "to": wid(new),
        "templateParams": [wid(old), wid(new)],
    }
    (update,) = split(webhook("message.any", text_from(new, "3EB0AB", "", body=None, _data=inner)))
    change, seen = translate(update.body)
    assert isinstance(change, NumberChanged)
    assert (change.left, change.taken) == ((Identity.phone(PHONE),), (Identity.phone("5521911112222"),))
    assert isinstance(seen, MessageSeen)
    assert (seen.chat, seen.content.type) == (new, MessageType.SYSTEM)


@pytest.mark.parametrize(
    ("state", "is_typing"), [("typing", True), ("recording", True), ("paused", False), ("online", None)]
)
def test_who_types_is_told_and_who_is_there_is_not(state: str, is_typing: bool | None) -> None:
    seen = event("presence.update", {"id": CHAT, "presences": [{"participant": CHAT, "lastKnownPresence": state}]})
    if is_typing is None:
        assert isinstance(seen, OtherSeen)
    else:
        assert isinstance(seen, TypingSeen)
        assert (seen.chat_names, seen.is_typing) == ((Identity.phone(PHONE),), is_typing)


@pytest.mark.parametrize("name", ["group.v2.join", "group.v2.update"])
def test_a_groups_subject_is_its_name(name: str) -> None:
    seen = event(name, {"group": {"id": "120363@g.us", "subject": "Condomínio"}})
    assert isinstance(seen, ChatNamed)
    assert (seen.chat_names, seen.name) == ((Identity.chat("120363@g.us"),), "Condomínio")
    assert isinstance(event(name, {"group": {"id": "120363@g.us"}}), OtherSeen)
