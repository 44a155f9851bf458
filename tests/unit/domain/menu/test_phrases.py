import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.menu.phrases import PHRASES, Phrases, check_texts, fill_in, menu
from whatsapp_hub.domain.text import fold

any_text = st.text(st.characters(exclude_categories=()))
each_language = pytest.mark.parametrize("phrases", PHRASES.values(), ids=list(PHRASES))


def test_the_menu_is_written_as_the_contract_says() -> None:
    assert menu(PHRASES[Language.PT_BR], "Olá!", ["Vendas", "Suporte"]) == (
        "Olá!\n\nEscolha o departamento:\n1 - Vendas\n2 - Suporte\n\nDigite o número da opção desejada."
    )


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), min_size=1, max_size=12))
def test_the_menu_numbers_the_departments_from_one_in_their_order(names: list[str]) -> None:
    lines = menu(PHRASES[Language.PT_BR], "Olá!", names).split("\n")
    assert lines[3:-2] == [f"{number} - {name}" for number, name in enumerate(names, start=1)]


def test_the_question_is_written_as_the_contract_says() -> None:
    question = fill_in(PHRASES[Language.PT_BR].confirm, "Vendas")
    assert question == "Deseja falar com Vendas? (SIM/NÃO)"


def test_every_language_has_its_texts() -> None:
    assert set(PHRASES) == set(Language)


@each_language
def test_no_text_is_empty(phrases: Phrases) -> None:
    texts = [phrases.greeting, phrases.choose, phrases.type_number, phrases.hint, phrases.confirm_hint, phrases.queued]
    assert all(text.strip() for text in texts)
    assert phrases.confirm.count("{department}") == 1


@each_language
def test_the_words_offered_for_an_answer_are_understood(phrases: Phrases) -> None:
    yes, no = phrases.confirm.partition("(")[2].rstrip(")").split("/")
    assert fold(yes) in phrases.words.yes
    assert fold(no) in phrases.words.no


@each_language
def test_yes_is_never_no_and_both_are_written_as_answers_are_compared(phrases: Phrases) -> None:
    assert not phrases.words.yes & phrases.words.no
    assert all(fold(word) == word for word in phrases.words.yes | phrases.words.no)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("NÃO", "nao"),
        ("Na\u0303o", "nao"),
        ("¡SÍ!", "si"),
        ("  Suporte \t Técnico. ", "suporte tecnico"),
        ("Pós-Venda", "pos venda"),
        ("*2*", "2"),
        ("\u200e1\ufe0f\u20e3", "1"),
        ("ＳＩＭ", "sim"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("👍", ""),
        ("", ""),
    ],
)
def test_texts_are_compared_without_case_accents_and_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(any_text)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_case_makes_no_difference(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower().upper())
    assert fold(text.casefold()) == fold(text)


@given(any_text)
def test_only_words_with_single_spaces_remain(text: str) -> None:
    assert all(word.isalnum() for word in fold(text).split(" ") if word)
    assert fold(text) == " ".join(fold(text).split())


FORMATS = [
    "{department:>200000000}",
    "{department!x}",
    "{department:d}",
    "{department.__class__}",
    "{0}",
    "{{department}}",
    "}",
]


@pytest.mark.parametrize("text", FORMATS)
def test_a_text_is_no_format_string(text: str) -> None:
    with pytest.raises(Invalid, match="department"):
        check_texts({"confirm": text})
    # One that was stored before it was checked is said as it stands, at once and in its own length.
    assert fill_in(text, "Vendas").replace("Vendas", "{department}") == text


def test_a_department_whose_name_has_a_place_in_it_is_named_as_it_is() -> None:
    assert fill_in("Talk to {department}?", "{department} & {more:>9}") == "Talk to {department} & {more:>9}?"
