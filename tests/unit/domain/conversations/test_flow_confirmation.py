"""Contract E.1: a contact with a resolved round is asked before the menu."""

from datetime import timedelta

import pytest

from tests.unit.domain.build import MONEY, NOW, SALES, SUPPORT, Chat, department, minutes, script, user_id
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations.conversation import FlowState

AWAITING = FlowState.AWAITING_ROUTING_CONFIRMATION
QUESTIONS = {
    Language.PT_BR: "Deseja falar com Vendas? (SIM/NÃO)",
    Language.EN: "Would you like to talk to Vendas? (YES/NO)",
    Language.ES: "¿Desea hablar con Vendas? (SÍ/NO)",
}
YES = [
    (Language.PT_BR, "SIM"),
    (Language.PT_BR, "sim!"),
    (Language.PT_BR, " S "),
    (Language.PT_BR, "*Sim*"),
    (Language.PT_BR, "sim 👍"),
    (Language.PT_BR, "👍🏽"),
    (Language.PT_BR, "sim, por favor"),
    (Language.PT_BR, "Quero sim!"),
    (Language.PT_BR, "Sim, quero falar com Vendas"),
    (Language.EN, "yes please"),
    (Language.ES, "Claro que sí"),
    (Language.EN, "YES"),
    (Language.EN, "Yes."),
    (Language.EN, "y"),
    (Language.ES, "SÍ"),
    (Language.ES, "si"),
    (Language.ES, "¡Sí!"),
]
NO = [
    (Language.PT_BR, "NÃO"),
    (Language.PT_BR, "nao"),
    (Language.PT_BR, "Não."),
    (Language.PT_BR, "n"),
    (Language.PT_BR, "nao obrigado"),
    (Language.PT_BR, "Claro que não"),
    (Language.PT_BR, "não quero falar com vendas"),
    (Language.PT_BR, "👎"),
    (Language.EN, "No, thanks"),
    (Language.ES, "no, gracias"),
    (Language.EN, "NO"),
    (Language.EN, "no!"),
    (Language.EN, "Nope"),
    (Language.ES, "NO"),
    (Language.ES, "¡No!"),
    (Language.ES, "n"),
]


def returning(language: Language = Language.PT_BR, **more: object) -> Chat:
    """A contact that Sales served last."""
    return Chat.returning(script(language=language), SALES, **more)


def is_menu(text: str, chat: Chat) -> bool:
    phrases = chat.script.phrases
    return text.startswith(chat.script.greeting) and text.endswith(phrases.type_number)


@pytest.mark.parametrize("language", Language)
def test_a_returning_customer_is_asked_before_the_menu(language: Language) -> None:
    chat = returning(language)
    chat.write("Oi")
    assert chat.said == [QUESTIONS[language]]
    assert chat.conversation.flow_state is AWAITING


def test_the_question_waits_two_minutes() -> None:
    chat = returning()
    chat.write("Oi")
    assert chat.conversation.timeout_at == NOW + minutes(2)
    assert chat.wait(timedelta(minutes=1, seconds=59)) is None


@pytest.mark.parametrize(("language", "answer"), YES)
def test_yes_goes_to_the_last_department(language: Language, answer: str) -> None:
    chat = returning(language)
    chat.write("Oi", answer)
    assert chat.department is SALES
    assert len(chat.said) == 1


def test_yes_prefers_the_last_attendant() -> None:
    chat = returning(attendant=user_id(10))
    chat.write("Oi", "sim")
    assert chat.routes[0].prefer == user_id(10)
    assert chat.routes[0].reason


@pytest.mark.parametrize(("language", "answer"), NO)
def test_no_shows_the_menu(language: Language, answer: str) -> None:
    chat = returning(language)
    chat.write("Oi", answer)
    assert is_menu(chat.said[-1], chat)
    assert (chat.conversation.flow_state, chat.routes) == (FlowState.GREETING, [])


@pytest.mark.parametrize("language", Language)
def test_a_time_out_shows_the_menu(language: Language) -> None:
    chat = returning(language)
    chat.write("Oi")
    chat.wait(minutes(2))
    assert is_menu(chat.said[-1], chat)
    assert chat.conversation.flow_state is FlowState.GREETING


@pytest.mark.parametrize(
    "answer", ["talvez", "", "👍👎", "2", "não sei", "obrigado", "quero falar com alguém", "sim ou não"]
)
def test_an_unclear_answer_is_asked_once_more(answer: str) -> None:
    chat = returning()
    chat.write("Oi", answer)
    assert chat.said[-1] == f"{chat.script.phrases.confirm_hint}\n{QUESTIONS[Language.PT_BR]}"
    assert chat.conversation.flow_state is AWAITING


def test_the_second_question_waits_two_minutes_again() -> None:
    chat = returning()
    chat.write("Oi")
    chat.now += minutes(1)
    chat.write("talvez")
    assert chat.conversation.timeout_at == NOW + minutes(3)


@pytest.mark.parametrize("language", Language)
def test_unclear_twice_shows_the_menu(language: Language) -> None:
    chat = returning(language)
    chat.write("Oi", "?", "?")
    assert len(chat.said) == 3
    assert is_menu(chat.said[-1], chat)


def test_yes_counts_after_an_unclear_answer() -> None:
    chat = returning()
    chat.write("Oi", "talvez", "Sim")
    assert chat.department is SALES


def test_the_menu_after_the_question_can_be_answered() -> None:
    chat = returning()
    chat.write("Oi", "não", "3")
    assert chat.department is MONEY


def test_misses_before_the_menu_do_not_count_in_it() -> None:
    chat = returning()
    chat.write("Oi", "?", "?", "x", "y")
    assert chat.routes == []
    chat.write("z")
    assert chat.department is SUPPORT


def test_the_menu_after_the_question_has_the_roots_time() -> None:
    chat = returning()
    chat.write("Oi")
    chat.wait(minutes(2))
    assert chat.conversation.timeout_at == NOW + minutes(2) + SUPPORT.response_timeout
    chat.wait(SUPPORT.response_timeout)
    assert chat.department is SUPPORT


def test_a_department_that_is_gone_is_not_asked_for() -> None:
    chat = Chat.returning(script(), department(9, "Antigo"))
    chat.write("Oi")
    assert is_menu(chat.said[-1], chat)


@pytest.mark.parametrize("answer", ["sim", "não", "talvez"])
def test_a_department_that_goes_away_while_asked_for_gives_the_menu(answer: str) -> None:
    chat = returning()
    chat.write("Oi")
    chat.script = script(SUPPORT, MONEY)
    chat.write(answer)
    assert is_menu(chat.said[-1], chat)
    assert chat.routes == []


def test_a_departments_name_is_said_as_it_is_written() -> None:
    odd = department(4, "R&D {novo} %s")
    chat = Chat.returning(script(odd, SUPPORT), odd)
    chat.write("Oi")
    assert chat.said == ["Deseja falar com R&D {novo} %s? (SIM/NÃO)"]


def test_a_contact_whose_last_round_had_no_department_gets_the_menu() -> None:
    chat = Chat()
    chat.write("Oi")
    assert is_menu(chat.said[-1], chat)
