"""What holds for the bot whatever a customer writes and whenever."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import MONEY, NOW, SALES, SUPPORT, Chat, department, minutes, script
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.dialogue import BOT_TEXTS_AN_HOUR, Dialogue
from whatsapp_hub.domain.menu.phrases import PHRASES

# Opening, asked twice, then the menu and two hints: nothing more is said before somebody else has it.
MOST_BOT_TEXTS = 5
MOST_WORDS = 6

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
words = any_text | st.sampled_from(["1", "2", "3", "9", "sim", "não", "Vendas", "talvez", "", "oi"])
scripts = st.builds(
    lambda departments, language: script(*departments, language=language),
    st.sampled_from([(SALES, SUPPORT, MONEY), (SALES, MONEY), (SUPPORT,), (SALES,)]),
    st.sampled_from(Language),
)


@st.composite
def chats(draw: st.DrawFn) -> Chat:
    """A new or a returning contact, whose bot may have said nearly enough in the last hour."""
    chat = Chat(draw(scripts))
    known = draw(st.sampled_from([None, SALES, SUPPORT, department(9, "Antigo")]))
    chat.conversation.last_department_id = known.id if known else None
    said = st.sampled_from([0, BOT_TEXTS_AN_HOUR - 2, BOT_TEXTS_AN_HOUR - 1, BOT_TEXTS_AN_HOUR])
    chat.conversation.dialogue = Dialogue(texts=(NOW,) * draw(said))
    return chat


waits = st.floats(0, 4).map(minutes)
moves = st.lists(words | waits, max_size=25)


def play(chat: Chat, moves: list[object]) -> None:
    for move in moves:
        if isinstance(move, str):
            chat.write(move)
        else:
            chat.wait(move)


@given(chats(), moves)
def test_no_words_at_any_time_raise(chat: Chat, moves: list[object]) -> None:
    play(chat, moves)


@given(chats(), st.lists(words, min_size=MOST_WORDS, max_size=MOST_WORDS))
def test_after_a_few_words_somebody_has_it_or_knows_of_it(chat: Chat, texts: list[str]) -> None:
    chat.write(*texts)
    assert chat.is_settled


@given(chats(), words, st.lists(waits, max_size=5))
def test_a_customer_who_falls_silent_is_settled_by_time_alone(chat: Chat, text: str, pauses: list[object]) -> None:
    chat.write(text)
    play(chat, pauses)
    chat.wait(flow.CONFIRMATION_TIMEOUT)
    chat.wait(SUPPORT.response_timeout)
    assert chat.is_settled


@given(chats(), moves)
def test_the_bot_says_a_bounded_number_of_texts(chat: Chat, moves: list[object]) -> None:
    play(chat, moves)
    assert len(chat.said) <= MOST_BOT_TEXTS


@given(chats(), moves)
def test_a_conversation_is_routed_at_most_once_and_supervisors_told_at_most_once(
    chat: Chat, moves: list[object]
) -> None:
    play(chat, moves)
    assert len(chat.routes) <= 1
    assert len(chat.told) <= 1


@given(chats(), moves)
def test_while_the_bot_waits_for_an_answer_there_is_a_time_out(chat: Chat, moves: list[object]) -> None:
    chat.write("oi")
    play(chat, moves)
    assert (chat.conversation.timeout_at is not None) or chat.told


@given(chats(), moves)
def test_the_bot_never_speaks_once_somebody_has_it(chat: Chat, moves: list[object]) -> None:
    play(chat, moves)
    if chat.routes:
        said = list(chat.said)
        play(chat, moves)
        assert chat.said == said


@given(chats(), words, st.sampled_from(FlowState), st.sampled_from(ConversationStatus), st.booleans())
def test_the_bot_answers_only_open_conversations_that_nobody_silenced(
    chat: Chat, text: str, state: FlowState, status: ConversationStatus, silenced: bool
) -> None:
    one = chat.conversation
    one.flow_state, one.status, one.dialogue = state, status, replace(one.dialogue, silenced=silenced)
    answers = flow.customer_wrote(one, text, chat.script, NOW) is not None
    asks = state in (FlowState.GREETING, FlowState.AWAITING_ROUTING_CONFIRMATION)
    assert answers == (status is ConversationStatus.OPEN and asks and not silenced)


@given(chats(), words)
def test_a_decision_changes_nothing_and_is_the_same_each_time(chat: Chat, text: str) -> None:
    before = repr(chat.conversation)
    first = flow.customer_wrote(chat.conversation, text, chat.script, NOW)
    assert flow.customer_wrote(chat.conversation, text, chat.script, NOW) == first
    assert repr(chat.conversation) == before


@given(chats(), words, st.sampled_from(ConversationStatus), st.booleans(), waits)
def test_words_are_a_rating_or_the_bots_to_answer_but_never_both(
    chat: Chat, text: str, status: ConversationStatus, was_asked: bool, later: timedelta
) -> None:
    one = chat.conversation
    one.status = status
    if was_asked:
        one.asked_for_rating(NOW)
    before = repr(one)
    value = flow.rating_given(one, text, NOW + later)
    assert repr(one) == before
    assert value is None or (was_asked and not one.is_live)
    assert value is None or flow.customer_wrote(one, text, chat.script, NOW + later) is None


names = st.lists(st.text("abcçãéXYZ 0123456789&-", min_size=1, max_size=12), min_size=1, max_size=12)


@given(names.filter(lambda names: all(name.strip() for name in names)))
def test_every_line_of_the_menu_can_be_chosen_by_its_number(names: list[str]) -> None:
    departments = [department(number, name) for number, name in enumerate(names)]
    offer = flow.Script(departments, PHRASES[Language.PT_BR], "Olá!")
    assert [offer.chosen(str(number)) for number in range(1, len(names) + 1)] == departments


@given(any_text)
def test_a_choice_is_a_department_of_the_menu_or_none(text: str) -> None:
    assert script().chosen(text) in (SALES, SUPPORT, MONEY, None)


def test_a_choice_counts_even_when_the_bot_may_not_speak() -> None:
    chat = Chat()
    chat.conversation.dialogue = Dialogue(texts=(NOW,) * BOT_TEXTS_AN_HOUR)
    chat.write("Oi", "1")
    assert (chat.said, chat.department) == ([], SALES)


def test_a_refusal_is_not_asked_again_when_the_bot_may_not_speak() -> None:
    chat = Chat.returning(script(), SALES)
    chat.conversation.dialogue = Dialogue(texts=(NOW,) * BOT_TEXTS_AN_HOUR)
    chat.write("Oi", "não", "3")
    assert (chat.said, chat.department) == ([], MONEY)
