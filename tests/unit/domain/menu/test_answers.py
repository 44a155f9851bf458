"""Answers as people write them: what chooses, what agrees, and what is too unclear for either (contract G)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.menu.answers import agreement_in, choice_in
from whatsapp_hub.domain.menu.phrases import PHRASES, menu
from whatsapp_hub.domain.menu.vocabulary import VOCABULARY

PT, EN, ES = Language.PT_BR, Language.EN, Language.ES
MENUS = {
    PT: ("Vendas", "Suporte", "Financeiro", "24 Horas", "Pós-Venda"),
    EN: ("Sales", "Support", "Billing", "24 Hours", "After-Sales"),
    ES: ("Ventas", "Soporte", "Facturación", "24 Horas", "Posventa"),
}
any_text = st.text(st.characters(exclude_categories=()), max_size=60)
languages = st.sampled_from(Language)

CHOOSES = [
    (PT, 1, "1 | 1 - Vendas | 1 – VENDAS | 1. Vendas | 1) | １ | 1️⃣ | ①  | ١ | um | UM | uma | 1ª"),
    (PT, 1, "1º | opção 1 | a primeira"),
    (PT, 1, "primeira opção | nº 1 | n° 1 | número um | #1 | quero a 1 | A 1, por favor | bom dia, 1"),
    (PT, 1, "1 obrigado | o 1"),
    (PT, 1, "quero falar com vendas | Vendas por favor | com o setor de VENDAS"),
    (PT, 1, "preciso de ajuda em vendas | Vendas!"),
    (PT, 1, "Olá, bom dia! Gostaria de falar com o setor de vendas, por favor | vendas, obrigada"),
    (PT, 1, "quero vendas (1)"),
    (PT, 2, "dois | duas | 2️⃣ | opção 2 | opcao dois | a segunda | segunda opção | 2 - suporte"),
    (PT, 2, "o suporte | 02 | item 2"),
    (PT, 3, "três | tres | Terceira | financeiro: boleto 123456 | 3 - Financeiro | escolho a opção 3"),
    (PT, 4, "4 | 24 horas | quero 24 horas | 4 - 24 Horas | quatro"),
    (PT, 5, "pós venda | quero o pós-venda | 5 - Pós-Venda"),
    (EN, 1, "one | first | option one | the first one | I'd like to talk to sales | sales please"),
    (EN, 1, "1 - Sales | number 1, thanks"),
    (EN, 2, "two | the second one | 2nd | option 2 | I want support | Hello, support | no. 2"),
    (ES, 1, "uno | la primera | opción 1 | quiero hablar con ventas | ventas, por favor | 1 - Ventas"),
    (ES, 1, "1ra"),
    (ES, 2, "dos | la segunda | opción dos | 2 - soporte | hola, soporte por favor"),
    (ES, 3, "facturacion | FACTURACIÓN, gracias | tres"),
]  # fmt: skip
NO_CHOICE = [
    (PT, "vendas ou suporte | Vendas e Suporte | vendas, suporte | 1 ou 2 | 1 2 | 12 | 1,5 | 10:30"),
    (PT, "1/2 | ½ | 0 | -0 | 99"),
    (PT, "um momento | um minuto | só um segundo | uma informação | quero 2 pizzas | pedido 1"),
    (PT, "meu pedido é o 2 | 2 horas"),
    (PT, "11 98765 4321 | 11987654321 | +55 11 98765-4321 | cpf 1 | segunda | na segunda"),
    (PT, "quarta-feira | segunda feira"),
    (PT, "não quero vendas | não é sobre vendas | tudo menos vendas | 2 - Vendas | vendas 2 | venda"),
    (PT, "Venda. | | ... | 💰"),
    (PT, "comprei em vendas há três semanas e até agora nada chegou aqui em casa, onde está o pedido"),
    (PT, "a semana passada alguém de vendas me ligou e prometeu um desconto que ainda espero receber hoje"),
    (PT, "dos | two | 1 hora | R$ 2 | 2x | sim | não | nenhuma | quero falar com alguém"),
    (EN, "one moment | one second | just a second | sales or support | I don't want sales | not sales"),
    (EN, "12 | order 1 | no"),
    (ES, "un momento | ventas o soporte | no quiero ventas | ni ventas | pedido 2 | una pregunta"),
    (ES, "1 o 2"),
]  # fmt: skip
AGREES = [
    (PT, True, "sim | SIM! | s | Sim, por favor | quero | quero sim | claro | claro que sim"),
    (PT, True, "com certeza | pode ser | ok | 👍"),
    (PT, True, "👍🏿 | ✅ | isso mesmo | sim, quero falar com vendas | vendas | bom dia, sim | sim sim"),
    (PT, True, "yes | 🆗"),
    (PT, False, "não | nao | n | N. | Não, obrigado | nao quero | claro que não | agora não | 👎 | ❌"),
    (PT, False, "não não | no | ñ"),
    (EN, True, "yes | y | Yes, please | sure | ok | yeah | I would like to"),
    (EN, True, "yes I want to talk to sales"),
    (EN, False, "no | n | no thanks | No, thank you | nope | not now | of course not | nah"),
    (ES, True, "sí | si | Sí, por favor | claro que sí | quiero | dale | s"),
    (ES, False, "no | no gracias | No, por favor | claro que no | n"),
]  # fmt: skip
UNCLEAR = [
    (PT, "sim ou não | sim e não | talvez | não sei | sim, mas com suporte | suporte | 1 | obrigado"),
    (PT, "por favor | 👍👎 | sim 👎"),
    (PT, "| quero falar com alguém | qual é o horário? | oi | simples"),
    (PT, "sim senhor que demora a resposta de vocês hoje em dia"),
    (EN, "yes or no | maybe | no problem | I don't know | support | hi"),
    (ES, "sí o no | no sé | quizás | gracias"),
]  # fmt: skip


def each(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [(*row[:-1], text.strip()) for row in rows for text in str(row[-1]).split("|")]


@pytest.mark.parametrize(("language", "number", "text"), each(CHOOSES))
def test_a_clear_answer_chooses(language: Language, number: int, text: str) -> None:
    names = MENUS[language]
    place = choice_in(text, names, VOCABULARY[language])
    assert place == number - 1


@pytest.mark.parametrize(("language", "text"), each(NO_CHOICE))
def test_what_could_mean_two_things_or_something_else_chooses_nothing(language: Language, text: str) -> None:
    assert choice_in(text, MENUS[language], VOCABULARY[language]) is None


def test_twelve_is_the_twelfth_option_and_no_other() -> None:
    names = [f"Setor {chr(65 + n)}" for n in range(12)]
    assert choice_in("12", names, VOCABULARY[PT]) == 11
    assert choice_in("doze", names, VOCABULARY[PT]) == 11
    assert choice_in("12", names[:2], VOCABULARY[PT]) is None


def test_part_of_another_options_name_makes_a_sentence_unclear() -> None:
    names = ["Vendas", "Suporte Técnico"]
    assert choice_in("quero vendas e suporte", names, VOCABULARY[PT]) is None
    assert choice_in("suporte técnico, urgente", names, VOCABULARY[PT]) == 1


def test_the_longer_of_two_names_that_overlap_is_meant() -> None:
    names = ["Suporte", "Suporte Técnico", "Outros"]
    assert choice_in("quero suporte técnico", names, VOCABULARY[PT]) == 1
    assert choice_in("suporte ou suporte técnico", names, VOCABULARY[PT]) is None
    assert choice_in("suporte", names, VOCABULARY[PT]) == 0


def test_two_departments_of_one_name_are_told_apart_by_their_numbers() -> None:
    names = ["Vendas", "vendas"]
    assert choice_in("vendas", names, VOCABULARY[PT]) is None
    assert [choice_in(t, names, VOCABULARY[PT]) for t in ("2", "2 - vendas", "1 - Vendas")] == [1, 1, 0]


@pytest.mark.parametrize(("language", "agrees", "text"), each(AGREES))
def test_a_clear_answer_agrees_or_refuses(language: Language, agrees: bool, text: str) -> None:
    assert agreement_in(text, MENUS[language][0], VOCABULARY[language]) is agrees


@pytest.mark.parametrize(("language", "text"), each(UNCLEAR))
def test_an_unclear_answer_neither_agrees_nor_refuses(language: Language, text: str) -> None:
    assert agreement_in(text, MENUS[language][0], VOCABULARY[language]) is None


names = st.lists(st.text("abcçãéXYZ 0123456789&-", min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=12)


@given(names, languages, st.data())
def test_every_line_of_the_menu_chooses_its_option(names: list[str], language: Language, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(names) - 1))
    line = menu(PHRASES[language], "", names).splitlines()[3 + place]
    found = choice_in(line, names, VOCABULARY[language])
    assert found in (place, None)
    if found is None:  # another option's name, or line, reads the same
        assert len({"".join(c for c in name.casefold() if c.isalnum()) for name in names}) < len(names) or any(
            any(c.isdigit() for c in name) or not any(c.isalnum() for c in name) for name in names
        )


@given(names, st.integers(13, 10**12), languages)
def test_a_number_of_no_option_never_chooses(names: list[str], number: int, language: Language) -> None:
    texts = (str(number), f"pedido {number}", f"{number} {number}")
    plain = ["".join(c for c in name if not c.isdigit()) for name in names]
    assert [choice_in(text, plain, VOCABULARY[language]) for text in texts] == [None] * 3


@given(
    languages,
    st.lists(st.integers(1, 5), min_size=2, max_size=4, unique=True),
    st.sampled_from([" ", ", ", " e ", "/"]),
)
def test_several_numbers_never_choose(language: Language, numbers: list[int], between: str) -> None:
    assert choice_in(between.join(map(str, numbers)), MENUS[language], VOCABULARY[language]) is None


@given(languages, st.lists(st.integers(0, 4), min_size=2, max_size=5, unique=True), st.sampled_from([" ", ", ", " + "]))
def test_several_names_never_choose(language: Language, places: list[int], between: str) -> None:
    text = between.join(MENUS[language][place] for place in places)
    assert choice_in(text, MENUS[language], VOCABULARY[language]) is None


@pytest.mark.parametrize("text", ["1 " * 30_000, "vendas " * 9_000, "sim " * 15_000, "1" * 65_536])
def test_a_very_long_text_is_no_answer(text: str) -> None:
    assert choice_in(text, MENUS[PT], VOCABULARY[PT]) is None
    assert agreement_in(text, "Vendas", VOCABULARY[PT]) is None


@given(any_text, languages)
def test_any_text_is_a_choice_an_agreement_or_nothing(text: str, language: Language) -> None:
    assert choice_in(text, MENUS[language], VOCABULARY[language]) in (0, 1, 2, 3, 4, None)
    assert agreement_in(text, MENUS[language][0], VOCABULARY[language]) in (True, False, None)


@given(
    languages,
    st.integers(0, 3),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(["", "!", " ", "."]),
)
def test_case_and_signs_do_not_matter(language: Language, place: int, case: object, sign: str) -> None:
    name = MENUS[language][place]
    assert choice_in(f"{sign}{case(name)}{sign}", MENUS[language], VOCABULARY[language]) == place  # type: ignore[operator] # a str method


@given(languages, st.data())
def test_no_answer_is_both_yes_and_no(language: Language, data: st.DataObject) -> None:
    words = VOCABULARY[language]
    text = f"{data.draw(st.sampled_from(sorted(words.yes)))}, {data.draw(st.sampled_from(sorted(words.no)))}"
    refused = any(phrase in text.replace(",", "") for phrase in words.refusals)
    assert agreement_in(text, "Vendas", words) is (False if refused else None)
