"""A rating from 1 to 5: which words are one, and when it is awaited."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, SALES, conversation, minutes, user_id
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.dialogue import BOT_TEXTS_AN_HOUR, Dialogue
from whatsapp_hub.domain.conversations.rating import CLOCKS_DIFFER, RATING_WINDOW, rating_in
from whatsapp_hub.domain.events import EventType

ANA = user_id(10)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((str(n), n) for n in range(1, 6)),
        *((" 5 ", 5), ("5!", 5), ("5\ufe0f\u20e3", 5), ("\uff15", 5)),
        *(("nota 5", 5), ("Nota: 4.", 4), ("5 estrelas", 5), ("1 estrela", 1), ("4/5", 4), ("3 de 5", 3)),
        *(("avaliação 2", 2), ("5 stars", 5), ("4 out of 5", 4), ("5 estrellas", 5), ("puntuación 3", 3)),
        *(("\u2b50\u2b50\u2b50", 3), ("\u2b50\ufe0f \u2b50\ufe0f", 2)),
    ],
)
def test_a_clear_number_from_1_to_5_is_a_rating(text: str, value: int) -> None:
    assert rating_in(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "6", "10", "15", "5 5", "4,5", "4.5", "4 ou 5", "5 reais", "sim", "cinco", "oi", "nota", "estrelas"),
        *("quero 5 caixas", "5 minutos", "5/10", "\u0665", "\u2b50" * 6, "\u2b50 ruim", "12/5"),
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert rating_in(text) is None


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_no_words_raise_and_a_rating_is_from_1_to_5(text: str) -> None:
    assert rating_in(text) in (None, 1, 2, 3, 4, 5)


def resolved(asked: bool = True) -> Conversation:
    one = conversation()
    one.customer_wrote(NOW, None)
    one.assign(ANA, SALES.id, NOW, "a test")
    one.resolve(NOW)
    if asked:
        one.asked_for_rating(NOW)
    one.take_events()
    return one


def test_an_answer_within_a_day_rates_the_round_once() -> None:
    one = resolved()
    assert flow.rating_given(one, "nota 4", NOW + minutes(5)) == 4
    one.rate(4, NOW + minutes(5))
    [event] = one.take_events()
    assert (event.type, event.detail) == (EventType.CONVERSATION_RATED, {"rating": 4})
    assert (one.rating.value, one.rating.given_at, one.rating.user_id) == (4, NOW + minutes(5), ANA)
    assert flow.rating_given(one, "5", NOW + minutes(6)) is None
    assert not one.may_be_rated(NOW + minutes(6))


def test_only_what_was_written_within_a_day_of_the_question_is_a_rating() -> None:
    one, tick = resolved(), timedelta(microseconds=1)
    assert flow.rating_given(one, "5", NOW - CLOCKS_DIFFER - tick) is None
    assert flow.rating_given(one, "5", NOW - CLOCKS_DIFFER) == 5
    assert flow.rating_given(one, "5", NOW + RATING_WINDOW - tick) == 5
    assert flow.rating_given(one, "5", NOW + RATING_WINDOW) is None


def test_who_was_not_asked_does_not_rate() -> None:
    assert flow.rating_given(resolved(asked=False), "5", NOW) is None


def test_a_round_that_goes_on_is_not_rated() -> None:
    one = resolved()
    one.reopen(NOW + minutes(1), "a test")
    assert flow.rating_given(one, "5", NOW + minutes(2)) is None
    one.resolve(NOW + minutes(3))
    assert flow.rating_given(one, "5", NOW + minutes(4)) is None


def test_who_wrote_nothing_or_may_not_be_spoken_to_is_not_asked() -> None:
    silent, silenced, full = conversation(), resolved(asked=False), resolved(asked=False)
    silent.resolve(NOW)
    silenced.silence()
    full.dialogue = Dialogue(texts=(NOW,) * BOT_TEXTS_AN_HOUR)
    assert [one.may_be_rated(NOW) for one in (silent, silenced, full)] == [False] * 3
    assert resolved(asked=False).may_be_rated(NOW)
