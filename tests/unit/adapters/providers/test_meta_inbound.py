"""What Meta's webhooks mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.contents import data_of
from tests.fakes.graph import text_from, webhook
from whatsapp_hub.adapters.providers.lenient import UNKNOWN_TIME
from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.application.ports.provider.events import (
    AlarmSeen,
    ChatKind,
    IdentitySeen,
    MessageSeen,
    NumberChanged,
    Origin,
    OtherSeen,
    Price,
    ProviderEvent,
    ReceiptSeen,
)
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.failure import UNEXPLAINED, Failure
from whatsapp_hub.domain.messaging.message import MessageStatus

NUMBER = "106500000000001"
PHONE = "5511987650101"
BSUID = "BR.1234567890"
OURS = "551140001000"


def events(value: dict[str, Any], field: str = "messages") -> list[ProviderEvent]:
    return [event for update in split(webhook(NUMBER, value, field)) for event in translate(update.body)]


def message(**fields: Any) -> MessageSeen:
    contacts = fields.pop("contacts", [{"wa_id": PHONE, "profile": {"name": "Ana"}}])
    field = fields.pop("field", "messages")
    item = {"from": PHONE, "id": "wamid.1", "timestamp": "1780000000", **fields}
    item = {key: value for key, value in item.items() if value is not None}
    (seen,) = events({"contacts": contacts, "messages": [item]}, field)
    assert isinstance(seen, MessageSeen)
    return seen


def receipt(**fields: Any) -> ReceiptSeen:
    item = {"id": "wamid.9", "status": "sent", "timestamp": "1780000000", "recipient_id": PHONE, **fields}
    seen = events({"statuses": [item]})[0]
    assert isinstance(seen, ReceiptSeen)
    return seen


def test_a_text_tells_who_wrote_what_and_when() -> None:
    seen = message(type="text", text={"body": "Oi\nlá 👋"})
    assert seen.content.type is MessageType.TEXT
    assert seen.content.text == "Oi\nlá 👋"
    assert (seen.provider_message_id, seen.chat, seen.name) == ("wamid.1", PHONE, "Ana")
    assert seen.chat_names == (Identity.phone(PHONE),)
    assert seen.at == datetime.fromtimestamp(1_780_000_000, UTC)
    assert (seen.kind, seen.from_me, seen.origin) == (ChatKind.PERSON, False, Origin.LIVE)


@pytest.mark.parametrize(
    ("status", "state"),
    [("RINGING", "ringing"), ("ACCEPTED", "accepted"), ("REJECTED", "rejected"), ("NEW", "ringing")],
)
def test_how_a_call_of_ours_goes_is_the_same_call_and_no_receipt(status: str, state: str) -> None:
    told = {"id": "wacid.1", "timestamp": "1780000000", "type": "call", "status": status, "recipient_id": PHONE}
    (seen,) = events({"statuses": [told]}, "calls")
    assert isinstance(seen, MessageSeen)
    assert (seen.provider_message_id, seen.chat, seen.from_me) == ("wacid.1", PHONE, True)
    assert isinstance(seen.content, kinds.Call)
    assert seen.content.state == state


def test_a_customer_without_a_phone_is_known_by_bsuid() -> None:
    contacts = [{"user_id": BSUID, "profile": {"name": "Ana", "username": "ana"}}]
    seen = message(**{"from": None}, from_user_id=BSUID, type="text", text={"body": "Oi"}, contacts=contacts)
    assert seen.chat == BSUID
    assert seen.chat_names == (Identity.bsuid(BSUID),)
    assert (seen.name, seen.username) == ("Ana", "ana")


def test_phone_and_bsuid_together_are_one_person_by_phone_first() -> None:
    contacts = [{"wa_id": PHONE, "user_id": BSUID, "profile": {"name": "Ana"}}]
    seen = message(type="text", text={"body": "Oi"}, contacts=contacts)
    assert seen.chat_names == (Identity.phone(PHONE), Identity.bsuid(BSUID))


@pytest.mark.parametrize(
    ("kind", "type", "part", "text", "data"),
    [
        ("image", MessageType.IMAGE, {"id": "7", "caption": "Look"}, "Look", {"mediaId": "7"}),
        ("document", MessageType.DOCUMENT, {"id": "7", "filename": "a.pdf"}, "", {"fileName": "a.pdf"}),
        ("audio", MessageType.AUDIO, {"id": "7", "voice": True}, "", {"voice": True}),
        ("video", MessageType.VIDEO, {"id": "7", "sha256": "abc"}, "", {"sha256": "abc"}),
        ("sticker", MessageType.STICKER, {"id": "7", "animated": False}, "", {"animated": False}),
        ("location", MessageType.LOCATION, {"latitude": 1.5, "longitude": 2, "name": "Bar"}, "Bar", {"latitude": 1.5}),
        ("button", MessageType.INTERACTIVE, {"payload": "STOP", "text": "Stop"}, "Stop", {"id": "STOP"}),
        ("system", MessageType.SYSTEM, {"body": "changed", "type": "identity"}, "changed", {}),
        ("reaction", MessageType.REACTION, {"message_id": "wamid.0", "emoji": "👍"}, "👍", {"messageId": "wamid.0"}),
        ("reaction", MessageType.REACTION, {"message_id": "wamid.0"}, "", {"emoji": ""}),
        (
            "interactive",
            MessageType.INTERACTIVE,
            {"type": "button_reply", "button_reply": {"id": "b1", "title": "Sales"}},
            "Sales",
            {"kind": "button_reply", "id": "b1"},
        ),
        (
            "interactive",
            MessageType.INTERACTIVE,
            {"type": "list_reply", "list_reply": {"id": "r1", "title": "Help", "description": "with bills"}},
            "Help",
            {"kind": "list_reply", "id": "r1", "description": "with bills"},
        ),
        (
            "interactive",
            MessageType.INTERACTIVE,
            {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{}"}},
            "Sent",
            {"kind": "nfm_reply", "response_json": "{}"},
        ),
    ],
)
def test_each_type_reads_as_text_and_data(
    kind: str, type: MessageType, part: dict[str, Any], text: str, data: dict[str, Any]
) -> None:
    content = message(type=kind, **{kind: part}).content
    assert (content.type, content.text) == (type, text)
    assert data.items() <= data_of(content).items()


def test_shared_contacts_read_as_their_names() -> None:
    cards = [{"name": {"formatted_name": "Bia"}, "phones": [{"phone": "+55"}]}, {"name": {"formatted_name": "Caio"}}]
    item = {"from": PHONE, "id": "w", "timestamp": "1780000000", "type": "contacts", "contacts": cards}
    (seen,) = events({"messages": [item]})
    assert isinstance(seen, MessageSeen)
    assert (seen.content.type, seen.content.text) == (MessageType.CONTACTS, "Bia, Caio")
    assert data_of(seen.content)["contacts"] == cards


@pytest.mark.parametrize("kind", ["request_welcome", "unsupported", "hologram"])
def test_what_we_do_not_know_is_kept_whole(kind: str) -> None:
    content = message(type=kind, **{kind: {"text": "two burgers", "deep": [1, {"a": None}]}}).content
    assert (content.type, content.text) == (MessageType.UNSUPPORTED, "two burgers")
    raw = data_of(content)["raw"]
    assert isinstance(raw, dict)
    assert raw[kind] == {"text": "two burgers", "deep": [1, {"a": None}]}


def test_a_reply_names_its_target_and_a_forward_names_none() -> None:
    text = {"type": "text", "text": {"body": "Oi"}}
    assert message(**text, context={"from": OURS, "id": "wamid.0"}).reply_to == "wamid.0"
    forwarded = message(**text, context={"forwarded": True})
    assert forwarded.reply_to is None
    assert data_of(forwarded.content) == {"forwarded": True}


def test_an_advertisement_that_led_here_is_kept() -> None:
    content = message(type="text", text={"body": "Oi"}, referral={"source_id": "AD1"}).content
    assert data_of(content) == {"referral": {"source_id": "AD1"}}


def test_a_group_is_the_chat_and_its_member_the_author() -> None:
    seen = message(type="text", text={"body": "Oi"}, group_id="Y2FwaV9n")
    assert (seen.kind, seen.chat, seen.author) == (ChatKind.GROUP, "Y2FwaV9n", PHONE)
    assert seen.chat_names == (Identity.chat("Y2FwaV9n"),)


def system_message(type: str, **more: str) -> dict[str, Any]:
    sender = {"from": more.pop("sender")} if "sender" in more else {}
    return {**sender, "id": "w", "timestamp": "1780000000", "type": "system", "system": {"type": type, **more}}


NEW_PHONE, NEW_BSUID = "5521911112222", "BR.9999888877776666"


@pytest.mark.parametrize(
    ("item", "left", "taken"),
    [
        (
            system_message("user_changed_number", sender=PHONE, wa_id=NEW_PHONE, body="changed"),
            (Identity.phone(PHONE),),
            (Identity.phone(NEW_PHONE),),
        ),
        (
            system_message(
                "user_changed_number", sender=PHONE, wa_id=NEW_PHONE, user_id=NEW_BSUID, previous_user_id=BSUID
            ),
            (Identity.phone(PHONE), Identity.bsuid(BSUID)),
            (Identity.phone(NEW_PHONE), Identity.bsuid(NEW_BSUID)),
        ),
        (
            system_message("user_changed_user_id", user_id=NEW_BSUID, previous_user_id=BSUID),
            (Identity.bsuid(BSUID),),
            (Identity.bsuid(NEW_BSUID),),
        ),
        (
            system_message("user_changed_user_id", sender=PHONE, user_id=NEW_BSUID, previous_user_id=BSUID),
            (Identity.phone(PHONE), Identity.bsuid(BSUID)),
            (Identity.bsuid(NEW_BSUID),),
        ),
    ],
)
def test_a_change_of_number_moves_the_customer_before_its_message_is_shown(
    item: dict[str, Any], left: tuple[Identity, ...], taken: tuple[Identity, ...]
) -> None:
    change, seen = events({"messages": [item]})
    assert isinstance(change, NumberChanged)
    assert (change.left, change.taken, change.at.timestamp()) == (left, taken, 1_780_000_000)
    assert isinstance(seen, MessageSeen)
    assert (seen.chat, seen.chat_names) == (taken[0].address, taken)


def test_a_change_that_does_not_say_to_what_moves_nobody() -> None:
    (seen,) = events({"messages": [system_message("user_changed_number", sender=PHONE, body="changed")]})
    assert isinstance(seen, MessageSeen)
    assert seen.chat_names == (Identity.phone(PHONE),)


def test_an_echo_from_the_business_app_is_our_own() -> None:
    echo = {**text_from(OURS, "wamid.5", "from the phone"), "to": PHONE, "to_user_id": BSUID}
    (seen,) = events({"message_echoes": [echo]}, "smb_message_echoes")
    assert isinstance(seen, MessageSeen)
    assert seen.from_me
    assert not seen.via_api
    assert (seen.chat, seen.chat_names) == (PHONE, (Identity.phone(PHONE), Identity.bsuid(BSUID)))


def test_an_edited_and_a_revoked_echo_name_the_message() -> None:
    edit = {"original_message_id": "wamid.5", "message": {"type": "text", "text": {"body": "better"}}}
    common = {"from": OURS, "to": PHONE, "timestamp": "1780000000"}
    edited = {**common, "id": "wamid.6", "type": "edit", "edit": edit}
    revoked = {**common, "id": "wamid.7", "type": "revoke", "revoke": {"original_message_id": "wamid.5"}}
    seen, gone = events({"message_echoes": [edited, revoked]}, "smb_message_echoes")
    assert isinstance(seen, MessageSeen)
    assert (seen.content.text, data_of(seen.content)) == ("better", {"edits": "wamid.5"})
    assert isinstance(gone, MessageSeen)
    assert (seen.content.target, gone.content) == ("wamid.5", kinds.Revoke(message_id="wamid.5"))


def test_a_cart_has_its_lines() -> None:
    lines = [{"product_retailer_id": "A1", "quantity": 2, "item_price": 30, "currency": "USD"}]
    content = message(type="order", order={"catalog_id": "c", "text": "", "product_items": lines}).content
    assert content == kinds.Order("2 × A1", catalog="c", lines=(kinds.OrderLine("A1", 2, 30, "USD"),))


def test_a_call_that_ends_says_how_long_it_was() -> None:
    call = {"id": "wacid.1", "from": PHONE, "to": OURS, "direction": "USER_INITIATED", "timestamp": "1780000000"}
    over = {"status": "COMPLETED", "duration": 61}
    rings, ended = events(
        {
            "calls": [
                {**call, "event": "connect"},
                {**call, "event": "terminate", **over},
            ]
        },
        "calls",
    )
    assert isinstance(rings, MessageSeen)
    assert isinstance(ended, MessageSeen)
    assert isinstance(rings.content, kinds.Call)
    assert isinstance(ended.content, kinds.Call)
    assert (rings.content.state, ended.content.state, ended.content.seconds) == ("ringing", "accepted", 61)
    assert rings.provider_message_id == ended.provider_message_id
    assert rings.content.later(ended.content) == ended.content.later(rings.content) == ended.content


def test_history_is_never_new_and_knows_our_own_messages() -> None:
    thread = {"id": PHONE, "messages": [text_from(OURS, "w1", "hello"), text_from(PHONE, "w2", "hi")]}
    ours, theirs = events({"history": [{"metadata": {"phase": 0}, "threads": [thread]}]}, "history")
    assert isinstance(ours, MessageSeen)
    assert isinstance(theirs, MessageSeen)
    assert {ours.origin, theirs.origin} == {Origin.HISTORY}
    assert (ours.from_me, theirs.from_me) == (True, False)
    assert {ours.chat, theirs.chat} == {PHONE}


def test_plain_messages_in_the_history_field_are_history_too() -> None:
    assert message(type="image", image={"id": "7"}, field="history").origin is Origin.HISTORY


def test_a_placeholder_does_not_hide_the_media_that_follow() -> None:
    thread = {"id": PHONE, "messages": [{"from": PHONE, "id": "w1", "type": "media_placeholder"}]}
    media = {"from": PHONE, "id": "w1", "type": "image", "image": {"id": "7"}}
    first = split(webhook(NUMBER, {"history": [{"threads": [thread]}]}, "history"))
    second = split(webhook(NUMBER, {"messages": [media]}, "history"))
    assert first[0].dedupe_key != second[0].dedupe_key


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("sent", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.READ),
        ("played", MessageStatus.READ),
    ],
)
def test_a_status_is_a_receipt(word: str, status: MessageStatus) -> None:
    seen = receipt(status=word)
    assert (seen.provider_message_id, seen.status, seen.error) == ("wamid.9", status, None)


def test_a_receipt_brings_our_own_id_back() -> None:
    ours = UUID("01890000-0000-7000-8000-000000000001")
    assert receipt(biz_opaque_callback_data=str(ours)).sent_as == ours
    assert receipt(biz_opaque_callback_data="somebody else's").sent_as is None


def test_a_failure_tells_meta_s_code_and_words() -> None:
    errors = [{"code": 131049, "title": "Not delivered", "error_data": {"details": "healthy ecosystem"}}]
    told = receipt(status="failed", errors=errors).error
    assert told == Failure("131049", "Not delivered", "Not delivered - healthy ecosystem", retryable=True)
    again = receipt(status="failed", errors=[{"code": 131026, "message": "(#131026) Message undeliverable"}]).error
    assert again == Failure("131026", "Message undeliverable", "(#131026) Message undeliverable", retryable=False)
    assert receipt(status="failed").error == UNEXPLAINED
    assert receipt(status="failed", errors=[{}]).error == UNEXPLAINED


def test_a_delivery_that_knows_phone_and_bsuid_joins_them() -> None:
    item = {"id": "w", "status": "delivered", "recipient_id": PHONE, "recipient_user_id": BSUID}
    _, identities = events({"statuses": [item]})
    assert isinstance(identities, IdentitySeen)
    assert identities.identities == (Identity.phone(PHONE), Identity.bsuid(BSUID))


PMP = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        (PMP, Price("marketing", "regular", True, PHONE)),
        ({"billable": False, "pricing_model": "CBP", "category": "service"}, Price("service", None, False, PHONE)),
        ({**PMP, "category": "x" * 999}, Price("x" * 64, "regular", True, PHONE)),
        ({**PMP, "billable": "true"}, None),
        ({**PMP, "category": ["marketing"]}, None),
        ("free", None),
        (None, None),
    ],
)
def test_a_status_says_how_it_is_charged(pricing: object, price: Price | None) -> None:
    assert receipt(id="wamid.1", status="delivered", recipient_id=PHONE, pricing=pricing).price == price


def test_statuses_of_calls_and_unknown_statuses_change_nothing() -> None:
    item = {"id": "wacid.1", "status": "RINGING", "recipient_id": PHONE}
    assert events({"statuses": [item]}, "calls") == [OtherSeen("calls", UNKNOWN_TIME)]
    assert isinstance(events({"statuses": [item]})[0], OtherSeen)


def test_account_events_are_kept_and_routed_by_the_account() -> None:
    changes = [{"field": "account_update", "value": {"event": "X"}}]
    body = {"entry": [{"id": "42", "time": 1_780_000_000, "changes": changes}]}
    (update,) = split(json.dumps(body).encode())
    assert update.routes == ("waba:42",)
    (seen,) = translate(update.body)
    assert isinstance(seen, AlarmSeen)
    assert seen.at == datetime.fromtimestamp(1_780_000_000, UTC)


@pytest.mark.parametrize("time", ["", "soon", "1e400", "-5", 0, None, True, "99999999999999999999", [], "NaN"])
def test_an_absurd_time_is_no_time(time: object) -> None:
    assert message(type="text", text={"body": "Oi"}, timestamp=time).at == UNKNOWN_TIME


def test_text_that_postgresql_refuses_is_mended() -> None:
    body = webhook(NUMBER, {"messages": [text_from(PHONE, "w", "a?b")]}).replace(b"?b", b"\\u0000b\\ud800\xff")
    (update,) = split(body)
    (seen,) = translate(update.body)
    assert isinstance(seen, MessageSeen)
    assert seen.content.text == "a\ufffdb\ufffd\ufffd"
    assert split(body) == [update]


def test_a_text_of_three_megabytes_arrives_whole() -> None:
    assert len(message(type="text", text={"body": "ação " * 600_000}).content.text) == 3_000_000


def test_one_bad_part_does_not_cost_the_others() -> None:
    good = text_from(PHONE, "w2", "good")
    seen = events({"messages": [7, {"type": "text"}, None, good], "statuses": "none", "contacts": {"a": 1}})
    assert [e.content.text for e in seen if isinstance(e, MessageSeen)] == ["good"]
    assert len(seen) == 4


def test_a_batch_of_many_customers_gives_each_their_own_name() -> None:
    contacts = [{"wa_id": f"55119000{i:05d}", "profile": {"name": f"N{i}"}} for i in range(50)]
    messages = [text_from(f"55119000{i:05d}", f"w{i}", "x") for i in reversed(range(50))]
    seen = events({"contacts": contacts, "messages": messages})
    assert [e.name for e in seen if isinstance(e, MessageSeen)] == [f"N{i}" for i in reversed(range(50))]


def test_a_message_is_the_same_on_each_number_only_once() -> None:
    value = {"messages": [text_from(PHONE, "w", "x")]}
    assert split(webhook("1", value))[0].dedupe_key != split(webhook("2", value))[0].dedupe_key
    assert split(webhook("1", value))[0].dedupe_key == split(webhook("1", value))[0].dedupe_key


def test_statuses_of_one_message_are_told_apart_by_status_and_recipient() -> None:
    base = {"id": "w", "recipient_id": "group", "recipient_type": "group"}
    statuses = [
        {**base, "status": "delivered", "recipient_participant_id": "1"},
        {**base, "status": "delivered", "recipient_participant_id": "2"},
        {**base, "status": "read", "recipient_participant_id": "1"},
        {"id": "w", "status": "failed"},
    ]
    updates = split(webhook(NUMBER, {"statuses": statuses}))
    assert len({update.dedupe_key for update in updates}) == 4
    assert [update.chat for update in updates] == ["group", "group", "group", "w"]
