"""What neonize's events mean."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contents import data_of
from tests.fakes import neonize
from tests.fakes.neonize import AT_MS, GROUP, LID, PERSON, PHONE, event, heard, message, parts, receipt
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape, encode
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent, pack
from whatsapp_hub.adapters.providers.neonize.translate.inbound import translate
from whatsapp_hub.application.ports.provider.events import (
    ChatKind,
    ChatNamed,
    IdentitySeen,
    Malformed,
    MessageSeen,
    Origin,
    OtherSeen,
    ProviderEvent,
    ReceiptSeen,
    SessionSeen,
    TypingSeen,
)
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus

LIST = "1700000000@broadcast"
AT = datetime.fromtimestamp(AT_MS / 1000, UTC)
ANOTHER = "5511987650202@s.whatsapp.net"
QUOTE = {"contextInfo": {"stanzaID": "3EB0ZZ", "participant": PERSON}}


def seen(name: str, data: bytes = b"", text: str = "", me: str = "") -> ProviderEvent:
    return translate(pack(heard(name, data, text, me)))[0]


def said(content: dict[str, Any], **more: Any) -> MessageSeen:
    found = seen("Message", message(content, **more))
    assert isinstance(found, MessageSeen)
    return found


def state(name: str, data: bytes = b"", text: str = "", me: str = "") -> tuple[SessionStatus, str | None]:
    found = seen(name, data, text, me)
    assert isinstance(found, SessionSeen)
    assert found.at == AT
    return found.status, found.reason


def presence(state: int, **who: Any) -> bytes:
    return event("ChatPresence", messageSource=neonize.source(**who), state=state, media=1)


def with_field(number: int) -> bytes:
    """A message whose only content is this field."""
    inner = encode(Shape({number: ("part", Kind.RAW)}), {"part": b"\x08\x01"})
    whole = Shape({**wire.SHAPES["Message"].fields, 2: ("message", Kind.RAW)})
    return encode(whole, {"info": neonize.info("1"), "message": inner, "isEdit": False})


# -- who wrote


def test_a_text_tells_who_wrote_what_and_when() -> None:
    found = said({"conversation": "Olá 👋"})
    assert (found.provider_message_id, found.chat, found.name) == ("3EB0AA", PERSON, "Ana")
    assert found.content.text == "Olá 👋"
    assert found.chat_names == (Identity.phone(PHONE),)
    assert (found.at, found.kind, found.from_me, found.origin) == (AT, ChatKind.PERSON, False, Origin.LIVE)
    assert found.author is None


def test_a_sender_known_by_hidden_id_only_is_kept() -> None:
    assert said({"conversation": "Oi"}, chat=LID).chat_names == (Identity.lid("84500000000001"),)


def test_a_hidden_id_and_its_phone_are_one_person_whichever_is_the_chat() -> None:
    phone, lid = Identity.phone(PHONE), Identity.lid("84500000000001")
    assert said({"conversation": "Oi"}, chat=LID, alt=PERSON).chat_names == (lid, phone)
    assert said({"conversation": "Oi"}, chat=PERSON, alt=LID).chat_names == (phone, lid)
    assert said({"conversation": "Oi"}, chat=PERSON, sender=LID).chat_names == (phone, lid)


def test_of_our_own_messages_the_other_side_is_the_recipient() -> None:
    found = said({"conversation": "Oi"}, chat=LID, alt=PERSON, from_me=True)
    assert found.from_me
    assert found.chat_names == (Identity.lid("84500000000001"), Identity.phone(PHONE))
    assert found.name is None
    own = said({"conversation": "Oi"}, chat=PERSON, from_me=True)
    assert own.chat_names == (Identity.phone(PHONE),)


@pytest.mark.parametrize(
    ("chat", "kind"),
    [
        (GROUP, ChatKind.GROUP),
        ("status@broadcast", ChatKind.STATUS),
        ("120363000000000009@newsletter", ChatKind.NEWSLETTER),
    ],
)
def test_groups_and_the_like_have_an_author(chat: str, kind: ChatKind) -> None:
    found = said({"conversation": "Oi"}, chat=chat, sender=PERSON, alt=LID)
    assert (found.kind, found.chat_names, found.author) == (kind, (Identity.chat(chat),), PERSON)


def test_a_customers_broadcast_list_is_read_in_the_customers_own_chat() -> None:
    found = said({"conversation": "Oferta"}, chat=LIST, sender=PERSON, alt=LID)
    assert (found.chat, found.kind, found.author) == (PERSON, ChatKind.PERSON, None)
    assert found.chat_names == (Identity.phone(PHONE), Identity.lid("84500000000001"))
    assert said({"conversation": "Oferta"}, chat=LIST, sender=LID, alt=PERSON).chat == LID


def test_a_broadcast_list_of_our_own_is_a_chat_of_its_own() -> None:
    found = said({"conversation": "Oferta"}, chat=LIST, from_me=True)
    assert (found.chat, found.kind, found.from_me) == (LIST, ChatKind.BROADCAST, True)


def test_devices_and_hosted_numbers_are_the_same_person() -> None:
    assert said({"conversation": "Oi"}, chat=f"{PHONE}:12@s.whatsapp.net").chat == PERSON
    assert said({"conversation": "Oi"}, chat=f"{PHONE}@hosted").chat == PERSON


# -- what was said


def test_a_reply_names_what_it_answers() -> None:
    found = said({"extendedTextMessage": {"text": "Sim", **QUOTE}})
    assert (found.content.type, found.content.text, found.reply_to) == (MessageType.TEXT, "Sim", "3EB0ZZ")


@pytest.mark.parametrize(
    ("field", "part", "type", "data"),
    [
        ("imageMessage", {"mimetype": "image/jpeg", "caption": "Look"}, MessageType.IMAGE, {"mimeType": "image/jpeg"}),
        ("videoMessage", {"seconds": 3, "gifPlayback": True}, MessageType.VIDEO, {"seconds": 3, "gif": True}),
        ("ptvMessage", {"seconds": 3}, MessageType.VIDEO, {"seconds": 3, "round": True}),
        ("audioMessage", {"PTT": True, "seconds": 4}, MessageType.AUDIO, {"voice": True, "seconds": 4}),
        ("documentMessage", {"fileName": "a.pdf"}, MessageType.DOCUMENT, {"fileName": "a.pdf"}),
        ("stickerMessage", {"isAnimated": True}, MessageType.STICKER, {"animated": True}),
    ],
)
def test_media_are_named(field: str, part: dict[str, Any], type: MessageType, data: dict[str, Any]) -> None:
    keys = {"directPath": "/v/t", "mediaKey": b"key", "fileSHA256": b"sum", "fileEncSHA256": b"enc", "fileLength": 9}
    found = said({field: part | keys | QUOTE}).content
    assert found.type is type
    assert found.text == part.get("caption", "")
    media = {"directPath": "/v/t", "mediaKey": "a2V5", "sha256": "c3Vt", "encryptedSha256": "ZW5j"}
    assert data_of(found) == {**data, "size": 9, "media": media}


@pytest.mark.parametrize(
    "wrapper", ["ephemeralMessage", "viewOnceMessageV2", "documentWithCaptionMessage", "deviceSentMessage"]
)
def test_envelopes_are_opened(wrapper: str) -> None:
    found = said({wrapper: {"message": {"ephemeralMessage": {"message": {"conversation": "in here"}}}}})
    assert found.content.text == "in here"


def test_a_place() -> None:
    place = {"degreesLatitude": -23.5, "degreesLongitude": -46.6, "name": "Praça", "address": "Centro"}
    found = said({"locationMessage": place}).content
    assert (found.type, found.text) == (MessageType.LOCATION, "Praça, Centro")
    assert (data_of(found)["latitude"], data_of(found)["longitude"]) == (-23.5, -46.6)
    assert (
        data_of(said({"liveLocationMessage": {"degreesLatitude": 1.0, "caption": "On my way"}}).content)["live"] is True
    )


def test_contacts() -> None:
    one = said({"contactMessage": {"displayName": "Bia", "vcard": "BEGIN:VCARD"}}).content
    assert (one.type, one.text, data_of(one)) == (MessageType.CONTACTS, "Bia", {"vCards": ["BEGIN:VCARD"]})
    cards = [{"displayName": "Bia", "vcard": "1"}, {"displayName": "Caio", "vcard": "2"}]
    many = said({"contactsArrayMessage": {"displayName": "2 contacts", "contacts": cards}}).content
    assert (many.text, data_of(many)) == ("Bia, Caio", {"vCards": ["1", "2"]})


def test_a_reaction_and_its_removal() -> None:
    key = {"remoteJID": PERSON, "fromMe": True, "ID": "3EB0ZZ"}
    found = said({"reactionMessage": {"key": key, "text": "👍"}}).content
    assert (found.type, found.text, data_of(found)) == (
        MessageType.REACTION,
        "👍",
        {"messageId": "3EB0ZZ", "emoji": "👍"},
    )
    assert data_of(said({"reactionMessage": {"key": key}}).content) == {"messageId": "3EB0ZZ", "emoji": ""}


def test_an_edit_stands_for_itself_and_names_what_it_replaces() -> None:
    edit = {"key": {"ID": "3EB0ZZ"}, "type": 14, "editedMessage": {"conversation": "better"}, "timestampMS": 5}
    found = said({"editedMessage": {"message": {"protocolMessage": edit}}}, id="3EB0EE")
    assert (found.provider_message_id, found.content.text, data_of(found.content)) == (
        "3EB0EE",
        "better",
        {"edits": "3EB0ZZ"},
    )
    assert said({"protocolMessage": edit}, id="3EB0ZZ").provider_message_id == "3EB0ZZ~5"


def test_a_revoke_names_the_message() -> None:
    revoke = {"protocolMessage": {"key": {"ID": "3EB0ZZ"}, "type": 0}}
    assert said(revoke).content == kinds.Revoke(message_id="3EB0ZZ")


@pytest.mark.parametrize(
    ("content", "said_text", "id"),
    [
        ({"buttonsResponseMessage": {"selectedDisplayText": "Vendas", "selectedButtonID": "1"}}, "Vendas", "1"),
        ({"templateButtonReplyMessage": {"selectedDisplayText": "Vendas", "selectedID": "1"}}, "Vendas", "1"),
        ({"listResponseMessage": {"title": "Vendas", "singleSelectReply": {"selectedRowID": "1"}}}, "Vendas", "1"),
        (
            {
                "interactiveResponseMessage": {
                    "body": {"text": "Vendas"},
                    "nativeFlowResponseMessage": {"name": "quick_reply", "paramsJSON": '{"id": "1"}'},
                }
            },
            "Vendas",
            "1",
        ),
    ],
)
def test_choices(content: dict[str, Any], said_text: str, id: str) -> None:
    found = said(content).content
    assert (found.type, found.text, data_of(found)["id"]) == (MessageType.INTERACTIVE, said_text, id)


def test_a_poll_has_its_options() -> None:
    poll = {"name": "Quando?", "options": [{"optionName": "Hoje"}, {"optionName": "Amanhã"}]}
    found = said({"pollCreationMessageV3": poll}).content
    assert found == kinds.Poll("Quando?\nHoje\nAmanhã", options=("Hoje", "Amanhã"), several=True)


def test_a_vote_is_secret_and_names_its_poll() -> None:
    assert said({"pollUpdateMessage": {"pollCreationMessageKey": {"ID": "3EB0ZZ"}}}).content == kinds.Vote(
        message_id="3EB0ZZ", secret=True
    )


def test_an_appointment_and_a_cart() -> None:
    event = {"name": "Lunch", "description": "bring cake", "location": {"name": "Park"}, "startTime": 1780000000}
    found = said({"eventMessage": event}).content
    assert isinstance(found, kinds.Event)
    assert (found.text, found.place, found.starts_at) == ("Lunch\nbring cake", "Park", AT)
    order = {"itemCount": 3, "orderTitle": "Shop", "totalAmount1000": 90_000, "totalCurrencyCode": "BRL"}
    lines = (kinds.OrderLine("Shop", 3, 90.0, "BRL"),)
    assert said({"orderMessage": order}).content == kinds.Order("an order of 3 item(s)", lines=lines)


def test_what_we_do_not_know_is_kept_by_name_or_number() -> None:
    for number, name in ((30, "productMessage"), (1013, "field1013")):
        data = with_field(number)
        found = seen("Message", data)
        assert isinstance(found, MessageSeen)
        assert found.content.type is MessageType.UNSUPPORTED
        kept = {"kinds": [name], "event": "Message", "protobuf": base64.b64encode(data).decode()}
        assert data_of(found.content) == {"raw": kept}
        assert name in found.content.text


@pytest.mark.parametrize("number", [63, 51, 50, 83])
def test_pins_nameless_votes_and_albums_frames_say_nothing_to_a_reader(number: int) -> None:
    assert seen("Message", with_field(number)) == OtherSeen("message_notice", AT)


def test_forwarded_and_mentions_are_told() -> None:
    context = {"isForwarded": True, "mentionedJID": [PERSON]}
    found = said({"extendedTextMessage": {"text": "Oi", "contextInfo": context}}).content
    assert data_of(found) == {"forwarded": True, "mentions": [PERSON]}


def test_what_cannot_be_shown_here_is_a_message_of_its_own() -> None:
    """The real one, should the phone give it, is not taken for a repeat."""
    found = seen("UndecryptableMessage", event("UndecryptableMessage", info=neonize.info("3EB0AA"), isUnavailable=True))
    assert isinstance(found, MessageSeen)
    assert (found.provider_message_id, found.content.type) == ("3EB0AA~unavailable", MessageType.UNSUPPORTED)
    again = event("UndecryptableMessage", info=neonize.info("3EB0AA"), isUnavailable=False)
    assert seen("UndecryptableMessage", again) == OtherSeen("undecryptable_message", AT)


# -- histories


def test_a_history_is_from_the_past() -> None:
    web = {
        "key": {"remoteJID": PERSON, "fromMe": False, "ID": "3EB0HH"},
        "message": {"conversation": "before"},
        "messageTimestamp": AT_MS // 1000,
        "pushName": "Ana",
    }
    body = pack(StoredEvent("history", AT_MS, encode(wire.WEB_MESSAGE, web), names=[PERSON, LID]))
    (found,) = translate(body)
    assert isinstance(found, MessageSeen)
    assert (found.origin, found.content.text, found.at, found.name) == (Origin.HISTORY, "before", AT, "Ana")
    assert found.chat_names == (Identity.phone(PHONE), Identity.lid("84500000000001"))


def test_a_phone_and_its_hidden_id_are_joined() -> None:
    (found,) = translate(pack(StoredEvent("lids", AT_MS, names=[PERSON, LID])))
    assert found == IdentitySeen((Identity.phone(PHONE), Identity.lid("84500000000001")), AT)


# -- receipts


@pytest.mark.parametrize(
    ("type", "status"), [(1, MessageStatus.DELIVERED), (4, MessageStatus.READ), (6, MessageStatus.READ)]
)
def test_what_the_other_side_did_with_ours(type: int, status: MessageStatus) -> None:
    found = translate(pack(heard("Receipt", receipt(type, "A", "B"))))
    assert found == [ReceiptSeen("A", status, AT), ReceiptSeen("B", status, AT)]


def test_our_own_devices_prove_that_it_was_sent() -> None:
    for data in (receipt(2, "A"), receipt(1, "A", from_me=True)):
        assert translate(pack(heard("Receipt", data))) == [ReceiptSeen("A", MessageStatus.SENT, AT)]


@pytest.mark.parametrize("type", [3, 5, 7, 8, 9, 10, 11])
def test_other_receipts_are_only_kept(type: int) -> None:
    assert translate(pack(heard("Receipt", receipt(type, "A")))) == [OtherSeen(f"receipt_{type}", AT)]


def test_what_we_read_on_the_phone_is_no_receipt() -> None:
    assert translate(pack(heard("Receipt", receipt(4, "A", from_me=True)))) == [OtherSeen("receipt_4", AT)]


def test_an_answer_that_came_late_settles_its_message() -> None:
    id = "0190f5a0-0000-7000-8000-000000000001"
    (found,) = translate(pack(StoredEvent("sent", AT_MS, text="3EB0AA", names=[id])))
    assert isinstance(found, ReceiptSeen)
    assert (found.provider_message_id, found.status, str(found.sent_as)) == ("3EB0AA", MessageStatus.SENT, id)


# -- states


def test_the_states_of_a_session() -> None:
    assert seen("qr", text="2@abc") == SessionSeen(SessionStatus.QR_PENDING, AT, qr_code="2@abc")
    paired = event("PairStatus", ID=parts(neonize.ME), platform="android", status=2)
    assert seen("PairStatus", paired) == SessionSeen(SessionStatus.CONNECTING, AT, "paired", "5511900000001")
    assert seen("Connected", me=neonize.ME) == SessionSeen(SessionStatus.CONNECTED, AT, phone_number="5511900000001")
    assert state("KeepAliveTimeout") == (SessionStatus.RECONNECTING, "degraded")
    assert state("KeepAliveRestored") == (SessionStatus.CONNECTED, None)
    assert state("Disconnected") == (SessionStatus.RECONNECTING, "disconnected")
    assert state("StreamError", event("StreamError", code="515")) == (SessionStatus.RECONNECTING, "stream_error 515")
    assert state("StreamReplaced") == (SessionStatus.DISCONNECTED, "replaced")
    assert state("ClientOutdated") == (SessionStatus.FAILED, "client_outdated")
    assert state("LoggedOut", event("LoggedOut", reason=4)) == (SessionStatus.LOGGED_OUT, "main_device_gone")
    assert state("left", text="requested") == (SessionStatus.LOGGED_OUT, "requested")
    assert state("refused", text="libmagic is missing") == (SessionStatus.FAILED, "libmagic is missing")


def test_a_ban_ends() -> None:
    found = seen("TemporaryBan", event("TemporaryBan", code=2, expire=3600))
    assert found == SessionSeen(SessionStatus.BANNED, AT, "blocked_by_users", until=AT + timedelta(hours=1))
    assert seen("TemporaryBan", event("TemporaryBan", code=2, expire=0)) == SessionSeen(
        SessionStatus.BANNED, AT, "blocked_by_users"
    )


def test_how_a_pairing_goes_wrong() -> None:
    assert state("login", text="timeout") == (SessionStatus.DISCONNECTED, "qr_timeout")
    assert state("login", text="err-client-outdated") == (SessionStatus.FAILED, "client_outdated")
    assert state("login", text="err-unexpected-state")[1] == "pairing_failed: err-unexpected-state"
    failed = event("PairStatus", ID=neonize.NOBODY, status=1, error="bad signature")
    assert state("PairStatus", failed) == (SessionStatus.DISCONNECTED, "pairing_failed: bad signature")
    assert seen("login", text="success") == OtherSeen("paired", AT)


def test_why_a_call_came_back() -> None:
    offline = 'failed to dial whatsapp web websocket: failed: Get "https://web.whatsapp.com/ws/chat": no such host'
    assert state("ended", text=offline) == (SessionStatus.DISCONNECTED, "no_network: no such host")
    assert state("ended") == (SessionStatus.DISCONNECTED, "ended")
    assert state("ended", text="bad store: no keys") == (SessionStatus.FAILED, "credentials_corrupted")


def test_an_event_that_neonize_cannot_spell_is_known_by_the_field_that_it_misses() -> None:
    missing = "proto: required field neonize.{} not set"
    assert state("ended", text=missing.format("TemporaryBan.Code")) == (SessionStatus.BANNED, "unknown")
    assert state("ended", text=missing.format("LoggedOut.Reason")) == (SessionStatus.LOGGED_OUT, "unknown")
    assert state("ended", text=missing.format("Receipt.Type"))[0] is SessionStatus.DISCONNECTED


def test_no_reason_shows_a_proxy_s_password() -> None:
    said = 'dial: proxyconnect "socks5://user:hunter2@10.0.0.1:1080": refused'
    assert "hunter2" not in str(state("ended", text=said))


def test_connect_failures() -> None:
    down = event("ConnectFailure", reason=10, message="try later")
    assert state("ConnectFailure", down) == (
        SessionStatus.DISCONNECTED,
        "connect_failure service_unavailable: try later",
    )
    assert state("ConnectFailure", event("ConnectFailure", reason=6)) == (SessionStatus.FAILED, "client_outdated")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("ChatPresence", event("ChatPresence", state=1, media=1), "presence_unknown"),
        ("ChatPresence", presence(1, chat=PERSON, from_me=True), "presence_unknown"),
        ("ChatPresence", presence(3, chat=PERSON), "presence_unknown"),
        ("Presence", event("Presence", unavailable=True), "presence_unavailable"),
        ("Presence", event("Presence", unavailable=False), "presence_available"),
        ("JoinedGroup", b"", "group"),
        ("GroupInfoEvent", b"", "group"),
        ("IdentityChange", b"", "identity_keys_changed"),
        ("CallOffer", b"", "call"),
        ("OfflineSyncCompleted", b"", "OfflineSyncCompleted"),
        ("Device", b"", "device"),
        ("event_99", b"", "event_99"),
    ],
)
def test_the_rest_is_kept_and_changes_nothing(name: str, data: bytes, kind: str) -> None:
    found = seen(name, data)
    assert isinstance(found, OtherSeen)
    assert found.kind == kind


def test_a_message_that_names_no_chat_is_not_lost() -> None:
    found = seen("Message", event("Message", info={"ID": "1", "timestamp": AT_MS}, message={"conversation": "Oi"}))
    assert found == OtherSeen("message_without_chat", AT)


def test_bytes_that_no_neonize_wrote_are_malformed() -> None:
    with pytest.raises(Malformed):
        translate(pack(heard("Message", b"\xff\xff\xff")))


def test_who_types_is_the_chats_other_side_and_recording_is_typing() -> None:
    person = (Identity.lid("84500000000001"), Identity.phone(PHONE))
    for media in (1, 2):
        source = neonize.source(LID, alt=PERSON)
        found = seen("ChatPresence", event("ChatPresence", messageSource=source, state=1, media=media))
        assert found == TypingSeen(person, True, AT)
    assert seen("ChatPresence", presence(2, chat=GROUP, sender=PERSON)) == TypingSeen(
        (Identity.chat(GROUP),), False, AT
    )


def test_a_groups_name_is_told_when_it_is_joined_changed_or_asked_for() -> None:
    group, name = (Identity.chat(GROUP),), {"name": "Condomínio"}
    joined = event("JoinedGroup", reason="", type="", groupInfo={"JID": parts(GROUP), "groupName": name})
    assert seen("JoinedGroup", joined) == ChatNamed(group, "Condomínio", AT)
    about = {"JID": parts(GROUP), "timestamp": AT_MS // 1000}
    changed = encode(wire.SHAPES["GroupInfoEvent"], about | {"name": name})
    assert seen("GroupInfoEvent", changed) == ChatNamed(group, "Condomínio", AT)
    told = StoredEvent("group", AT_MS, text="Condomínio", names=[GROUP])
    assert translate(pack(told)) == [ChatNamed(group, "Condomínio", AT)]
    left = event("GroupInfoEvent", **about)
    assert isinstance(seen("GroupInfoEvent", left), OtherSeen)
