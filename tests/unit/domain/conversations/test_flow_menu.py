"""Contract E.2: the menu, its answers, its misses and its time-out; and E.0: when the bot has no part."""

import pytest

from tests.unit.domain.build import (
    MONEY,
    NOW,
    ROOTLESS,
    SALES,
    SUPPORT,
    Chat,
    conversation,
    department,
    minutes,
    script,
    user_id,
)
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.flow import Script
from whatsapp_hub.domain.menu.phrases import PHRASES

MENUS = {
    Language.PT_BR: "Escolha o departamento:\n1 - Vendas\n2 - Suporte Técnico\n3 - Financeiro\n\n"
    "Digite o número da opção desejada.",
    Language.EN: "Choose the department:\n1 - Vendas\n2 - Suporte Técnico\n3 - Financeiro\n\n"
    "Type the number of the option you want.",
    Language.ES: "Elija el departamento:\n1 - Vendas\n2 - Suporte Técnico\n3 - Financeiro\n\n"
    "Escriba el número de la opción deseada.",
}


def rootless() -> Chat:
    return Chat(script(*ROOTLESS))


@pytest.mark.parametrize("language", Language)
def test_a_new_contact_gets_the_greeting_and_the_menu_at_once(language: Language) -> None:
    chat = Chat(script(language=language))
    chat.write("Oi")
    assert chat.said == [f"{PHRASES[language].greeting}\n\n{MENUS[language]}"]
    assert chat.conversation.greeting_sent_at == NOW


def test_a_tenants_own_greeting_takes_the_place_of_ours() -> None:
    chat = Chat(script(greeting="Bem-vindo à Loja!"))
    chat.write("Oi")
    assert chat.said == [f"Bem-vindo à Loja!\n\n{MENUS[Language.PT_BR]}"]


def test_the_first_message_is_no_choice() -> None:
    chat = Chat()
    chat.write("1")
    assert chat.routes == []


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ("1", SALES),
        ("3", MONEY),
        (" 2 ", SUPPORT),
        ("2.", SUPPORT),
        ("(2)", SUPPORT),
        ("02", SUPPORT),
        ("2️⃣", SUPPORT),
        ("\u200e2", SUPPORT),
        ("２", SUPPORT),
        ("Vendas", SALES),
        ("VENDAS", SALES),
        ("vendas!", SALES),
        ("suporte técnico", SUPPORT),
        ("SUPORTE TECNICO", SUPPORT),
        ("  Suporte   Técnico\n", SUPPORT),
        ("Suporte Te\u0301cnico", SUPPORT),
        ("*Financeiro*", MONEY),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_number_or_the_name_chooses(language: Language, answer: str, chosen: object) -> None:
    chat = Chat(script(language=language))
    chat.write("Oi", answer)
    assert chat.department is chosen
    assert chat.routes[0].reason


@pytest.mark.parametrize(
    "answer", ["0", "4", "-0", "99999999999999999999", "", "...", "1 2", "Venda", "½", "um momento"]
)
@pytest.mark.parametrize("language", Language)
def test_anything_else_shows_the_menu_again_with_a_hint(language: Language, answer: str) -> None:
    chat = Chat(script(language=language))
    chat.write("Oi", answer)
    assert chat.said[1:] == [f"{PHRASES[language].hint}\n\n{MENUS[language]}"]
    assert chat.routes == []


def test_a_department_may_be_called_by_a_number_that_is_no_option() -> None:
    night = department(4, "24 Horas")
    emergency = department(5, "190")
    chat = Chat(script(SALES, night, emergency))
    chat.write("Oi", "190")
    assert chat.department is emergency


def test_a_department_whose_name_has_no_letters_is_chosen_by_its_number_only() -> None:
    odd = department(4, "💰")
    assert script(odd).chosen("💰") is None
    assert script(odd).chosen("1") is odd


def test_the_number_is_the_place_in_the_menu_as_it_is_now() -> None:
    chat = Chat(script(MONEY, SALES))
    chat.write("Oi", "1")
    assert chat.department is MONEY


@pytest.mark.parametrize("language", Language)
def test_the_third_miss_goes_to_the_root_department(language: Language) -> None:
    chat = Chat(script(language=language))
    chat.write("Oi", "x", "y")
    assert chat.routes == []
    chat.write("z")
    assert chat.department is SUPPORT
    assert len(chat.said) == 3
    assert "root" in chat.routes[0].reason


def test_a_right_answer_after_two_misses_chooses() -> None:
    chat = Chat()
    chat.write("Oi", "x", "y", "vendas")
    assert chat.department is SALES


def test_the_menu_waits_the_root_departments_response_time() -> None:
    chat = Chat()
    chat.write("Oi")
    assert chat.conversation.timeout_at == NOW + minutes(7)
    assert chat.wait(minutes(6.9)) is None
    chat.wait(minutes(0.1))
    assert chat.department is SUPPORT


def test_wrong_answers_do_not_prolong_the_menus_time() -> None:
    chat = Chat()
    chat.write("Oi")
    chat.now += minutes(5)
    chat.write("x")
    assert chat.conversation.timeout_at == NOW + minutes(7)


def test_without_a_root_it_stays_open_and_supervisors_are_told() -> None:
    chat = rootless()
    chat.write("Oi", "x", "y", "z")
    assert (chat.routes, len(chat.told)) == ([], 1)
    assert chat.conversation.status is ConversationStatus.OPEN
    assert chat.conversation.timeout_at is None


def test_without_a_root_a_time_out_tells_supervisors_too() -> None:
    chat = rootless()
    chat.write("Oi")
    assert chat.conversation.timeout_at == NOW + flow.MENU_TIMEOUT_WITHOUT_ROOT
    chat.wait(flow.MENU_TIMEOUT_WITHOUT_ROOT)
    assert (chat.routes, len(chat.told)) == ([], 1)


@pytest.mark.parametrize("by_time", [True, False])
def test_supervisors_are_told_once(by_time: bool) -> None:
    chat = rootless()
    chat.write("Oi", *([] if by_time else ["x", "y", "z"]))
    for text in ("a", "b", "c", "d"):
        chat.wait(minutes(30))
        chat.write(text)
    assert len(chat.told) == 1
    assert chat.said[-1].startswith((chat.script.phrases.hint, chat.script.greeting))


@pytest.mark.parametrize("by_time", [True, False])
def test_a_right_choice_still_works_after_supervisors_were_told(by_time: bool) -> None:
    chat = rootless()
    chat.write("Oi", *([] if by_time else ["x", "y", "z"]))
    chat.wait(minutes(30))
    chat.write("what now?", "Financeiro")
    assert chat.department is MONEY


def test_no_departments_no_menu() -> None:
    chat = Chat(Script((), PHRASES[Language.PT_BR], "Olá!"))
    assert chat.write("Oi", "1") is None
    assert (chat.said, chat.conversation.timeout_at) == ([], None)


def test_departments_that_went_away_leave_no_empty_menu() -> None:
    chat = Chat.returning(script(), SALES)
    chat.write("Oi")
    chat.script = Script((), PHRASES[Language.PT_BR], "Olá!")
    chat.wait(minutes(2))
    assert len(chat.said) == 1
    assert (len(chat.told), chat.conversation.timeout_at) == (1, None)


def test_a_silenced_conversation_is_never_answered() -> None:
    chat = Chat()
    chat.write("Oi")
    chat.conversation.silence()
    assert chat.write("1") is None
    assert chat.wait(minutes(60)) is None
    assert flow.queue_silently(chat.conversation, chat.script) is None


def test_a_queued_conversation_is_never_answered() -> None:
    chat = Chat()
    chat.write("Oi", "1")
    assert chat.conversation.is_queued
    assert chat.write("2") is None
    assert chat.wait(minutes(60)) is None
    assert len(chat.routes) == 1


def test_an_assigned_conversation_is_never_answered() -> None:
    chat = Chat()
    chat.write("Oi")
    chat.conversation.assign(user_id(10), SALES.id, NOW, "a test", answer_by=NOW)
    assert chat.write("2") is None
    assert chat.wait(minutes(60)) is None


@pytest.mark.parametrize("status", [ConversationStatus.RESOLVED, ConversationStatus.ARCHIVED])
def test_a_round_that_is_over_is_never_answered(status: ConversationStatus) -> None:
    over = conversation(status=status, timeout_at=NOW)
    assert flow.customer_wrote(over, "1", script(), NOW) is None
    assert flow.timed_out(over, script(), NOW) is None
    assert flow.queue_silently(over, script()) is None


def test_nothing_times_out_before_a_question_was_asked() -> None:
    assert Chat().wait(minutes(60)) is None


def test_an_old_message_enters_the_roots_queue_without_bot_text() -> None:
    step = flow.queue_silently(conversation(), script())
    assert step is not None
    assert step.say is None
    assert step.route is not None
    assert step.route.department is SUPPORT


def test_an_old_message_without_a_root_stays_open() -> None:
    assert flow.queue_silently(conversation(), script(*ROOTLESS)) is None


@pytest.mark.parametrize("state", [state for state in FlowState if state is not FlowState.GREETING])
def test_an_old_message_moves_nothing_that_is_under_way(state: FlowState) -> None:
    assert flow.queue_silently(conversation(flow_state=state), script()) is None
