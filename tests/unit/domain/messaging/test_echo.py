"""Which message from our own number is the echo of a send."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.ids import ContactId, ConversationId, MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.content import Location, Reaction, Text
from whatsapp_hub.domain.messaging.echo import LONGEST_WAIT, has_same_content, is_echo_of, may_wait
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus, Outcome

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MENU = Text.plain("Escolha")


def a_message(status: MessageStatus, outcome: Outcome | None = None, id: str | None = None) -> Message:
    owner = (TenantId(uuid4()), SessionId(uuid4()), ConversationId(uuid4()), ContactId(uuid4()))
    message = Message(MessageId(uuid4()), *owner, Direction.OUTBOUND, MENU, NOW, NOW, status, "c")
    return replace(message, outcome=outcome, whatsapp_message_id=id)


@pytest.mark.parametrize(
    ("status", "outcome", "id", "is_ours"),
    [
        (MessageStatus.SENT, None, None, True),
        (MessageStatus.PENDING, Outcome.UNKNOWN, None, True),
        (MessageStatus.PENDING, None, None, False),
        (MessageStatus.SENT, None, "3EB0", False),
        (MessageStatus.FAILED, None, None, False),
    ],
)
def test_only_a_send_whose_id_nobody_knows_is_matched_by_its_words(
    status: MessageStatus, outcome: Outcome | None, id: str | None, is_ours: bool
) -> None:
    assert is_echo_of(a_message(status, outcome, id), MENU) is is_ours


def test_a_reaction_is_matched_though_it_has_an_id() -> None:
    heart = Reaction("❤", message_id="A")
    message = replace(a_message(MessageStatus.SENT, None, "3EB0"), content=heart)
    assert is_echo_of(message, heart)
    assert not is_echo_of(message, replace(heart, message_id="B"))


def test_a_place_is_compared_by_where_it_is() -> None:
    here = Location(latitude=1.5, longitude=2.5)
    assert has_same_content(here, replace(here, text="Loja, Rua A"))
    assert not has_same_content(here, replace(here, longitude=3.5))


@given(st.integers(-600, 600), st.integers(0, 600))
def test_an_echo_waits_for_what_began_before_it_and_never_long(began_after_s: int, waited_s: int) -> None:
    received, began = NOW, NOW + timedelta(seconds=began_after_s)
    waits = may_wait(began, received, NOW + timedelta(seconds=waited_s))
    assert waits == (began_after_s <= 0 and timedelta(seconds=waited_s) < LONGEST_WAIT)
