"""Meta's conversation routing: what comes by `standby`, and changes of a thread's owner."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.graph import ACCOUNT, webhook
from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate
from whatsapp_hub.adapters.providers.meta_cloud.outbound import thread_of
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.application.ports.provider.events import MessageSeen, ProviderEvent, ReceiptSeen, ThreadSeen
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import System, Text

NUMBER, PHONE = "106500000000001", "5511987650101"
TEXT = {"from": PHONE, "id": "wamid.1", "timestamp": "1780000000", "type": "text", "text": {"body": "oi"}}
NESTED = {
    "id": "wamid.2", "timestamp": "1780000001",
    "message": {"to": PHONE, "recipient_type": "individual", "type": "text", "text": {"body": "sou o robô"}},
}  # fmt: skip
ECHO = {"to": PHONE, "id": "wamid.2", "timestamp": "1780000001", "type": "text", "text": {"body": "sou o robô"}}
STATUS = {"id": "wamid.2", "status": "delivered", "timestamp": "1780000002", "recipient_id": PHONE}


def events(body: bytes) -> list[ProviderEvent]:
    return [event for update in split(body) for event in translate(update.body)]


def handover(kind: str, said: dict[str, Any], **more: Any) -> bytes:
    """As Meta posts it: without `metadata`, the number as the recipient."""
    value = {
        "messaging_product": "whatsapp",
        "recipient": {"display_phone_number": "551140001000", "phone_number_id": NUMBER},
        "sender": {"phone_number": PHONE}, "timestamp": "1780000003", "type": kind, kind: said, **more,
    }  # fmt: skip
    change = {"field": "messaging_handovers", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [change]}]}
    return json.dumps(body).encode()


@pytest.mark.parametrize("written", [PHONE, f"+{PHONE}", "+55 (11) 98765-0101", "55 11 98765 0101"])
def test_a_change_of_a_threads_owner_is_applied_in_the_order_of_its_customers_messages(written: str) -> None:
    """However Meta writes the number, it is one chat."""
    [message] = split(webhook(NUMBER, {"messages": [TEXT]}, "messages"))
    [change] = split(handover("control_taken", {"new_owner_role": "ai_agent"}, sender={"phone_number": written}))
    assert change.chat == message.chat


@pytest.mark.parametrize("echo", [NESTED, ECHO])
def test_what_another_program_says_and_gets_is_watched(echo: dict[str, Any]) -> None:
    value = {"standby": {"messages": [TEXT], "message_echoes": [echo], "statuses": [STATUS]}}
    customer, status, program = events(webhook(NUMBER, value, "standby"))
    assert isinstance(customer, MessageSeen)
    assert (customer.content, customer.from_me, customer.thread) == (Text("oi"), False, ThreadSeen("another_app"))
    assert isinstance(program, MessageSeen)
    assert (program.content, program.from_me) == (Text("sou o robô"), True)
    assert program.provider_message_id == "wamid.2"
    assert program.chat_names == (Identity.phone(PHONE),)
    assert program.thread == ThreadSeen("another_app")
    assert isinstance(status, ReceiptSeen)


def test_a_flat_standby_is_understood_too_and_the_usual_way_tells_nothing_of_threads() -> None:
    [watched] = events(webhook(NUMBER, {"messages": [TEXT]}, "standby"))
    [ours] = events(webhook(NUMBER, {"messages": [TEXT]}))
    assert isinstance(watched, MessageSeen)
    assert isinstance(ours, MessageSeen)
    assert (watched.thread, ours.thread) == (ThreadSeen("another_app"), None)


def test_a_thread_that_is_passed_is_ours_and_one_that_is_taken_is_not() -> None:
    said = {
        "previous_owner_app_role": "meta_business_agent",
        "previous_owner_role": "ai_agent",
        "new_owner_role": "escalation",
    }
    [passed] = events(handover("control_passed", said))
    [taken] = events(handover("control_taken", {"new_owner_role": "escalation"}))
    assert isinstance(passed, MessageSeen)
    assert isinstance(taken, MessageSeen)
    assert (passed.thread, taken.thread) == (ThreadSeen(None, is_passed=True), ThreadSeen("escalation"))
    assert isinstance(passed.content, System)
    assert "ai_agent" in passed.content.text
    assert passed.chat_names == (Identity.phone(PHONE),)


def test_a_change_of_owner_is_routed_to_its_number_and_known_when_it_comes_again() -> None:
    body = handover("control_passed", {"previous_owner_role": "ai_agent"})
    [first], [again] = split(body), split(body)
    assert first.routes == (f"phone:{NUMBER}",)
    assert first.dedupe_key == again.dedupe_key
    [other] = split(handover("control_taken", {}))
    assert other.dedupe_key != first.dedupe_key


@pytest.mark.parametrize("more", [{"sender": None}, {"sender": {}}, {"type": "control_released"}, {"recipient": []}])
def test_an_odd_change_of_owner_is_kept_and_breaks_nothing(more: dict[str, Any]) -> None:
    assert events(handover("control_passed", {"previous_owner_role": 7}, **more))


def test_a_thread_is_named_by_phone_else_by_the_business_own_id() -> None:
    phone, own = Identity.phone(PHONE), Identity.bsuid("BR.123")
    assert thread_of((phone, own), "x") == {"to": PHONE}
    assert thread_of((own,), "x") == {"recipient": "BR.123"}
    with pytest.raises(Rejected):
        thread_of((Identity.lid("1"),), "1@lid")
