"""What people write costs no more than a moment, however long and strange it is.

Everything here runs on the loop that serves all companies, and once took from two seconds to hours.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.unit.domain.build import NOW, SALES, TENANT
from whatsapp_hub.domain.accounts.quotas import quotas_of
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.conversations.labels import MOST, checked
from whatsapp_hub.domain.conversations.quick_reply import CONTENT_LENGTH, QuickReply
from whatsapp_hub.domain.conversations.rating import rating_in
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule, decide
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import QuickReplyId, RuleId, SessionId
from whatsapp_hub.domain.menu.phrases import check_texts
from whatsapp_hub.domain.numbers.dialling import read_number
from whatsapp_hub.domain.text import LONGEST_FOLDED, fold

MOMENT_S = 0.5
"""Far more than any of these takes, and far less than any of them took."""

LONGEST = 65_536
GROWS = "\ufdfa"
"""One character that stands for eighteen."""
STRANGE = [GROWS * LONGEST, "é " * (LONGEST // 2), "\u0301" * LONGEST, "a" * LONGEST]
RULES = [
    Rule(
        RuleId(UUID(int=n)),
        TENANT,
        n,
        f"R{n}",
        Conditions(words=tuple(f"segunda via {n} {word}" for word in range(50))),
        Actions(labels=("a",)),
        NOW,
        NOW,
    )
    for n in range(1, 51)
]


def takes_a_moment(act: Callable[[], object]) -> None:
    began = time.perf_counter()
    act()
    assert time.perf_counter() - began < MOMENT_S


@pytest.mark.parametrize("text", STRANGE, ids=["grows", "accents", "marks", "plain"])
def test_a_customers_text_is_compared_with_all_rules_in_a_moment(text: str) -> None:
    takes_a_moment(lambda: decide(RULES, [], SessionId(UUID(int=1)), text, True, routes=True))
    takes_a_moment(lambda: rating_in(text))
    takes_a_moment(lambda: [fold(text) for _ in range(10)])


def test_a_rule_sees_a_word_anywhere_in_a_text_as_long_as_whatsapps() -> None:
    said = "x " * ((LONGEST_FOLDED - 20) // 2) + "segunda via 7 3"
    decided = decide(RULES, [], SessionId(UUID(int=1)), said, True, routes=True)
    assert decided.reason == "rule 'R7'"


@pytest.mark.parametrize(
    "content",
    [
        "{{" + " " * (CONTENT_LENGTH - 2),
        "{{ " * 1300,
        "{{customerName}}" + " " * (CONTENT_LENGTH - 17) + "x",
        " ," * 2000 + "{{customerName}}",
        " " * 2000 + "," + " " * 2000 + "{{customerName}}",
        "*" * 2000 + "{{customerName}}" + "*" * 1999,
        "{{" + " " * 1_000_000,
    ],
)
def test_a_quick_reply_is_checked_and_filled_in_a_moment(content: str) -> None:
    def act() -> None:
        try:
            reply = QuickReply(QuickReplyId(UUID(int=1)), TENANT, "oi", content, NOW, NOW)
        except Invalid:
            return
        reply.filled({})

    takes_a_moment(act)


def test_an_unknown_placeholder_is_named_shortly() -> None:
    with pytest.raises(Invalid) as refused:
        QuickReply(QuickReplyId(UUID(int=1)), TENANT, "oi", "{{" + "n" * 4000 + "}}", NOW, NOW)
    assert len(str(refused.value)) < 400


def test_labels_words_and_texts_without_end_are_refused_in_a_moment_and_in_few_words() -> None:
    many = [f"label {n}" for n in range(200_000)]

    def labels() -> None:
        with pytest.raises(Invalid, match=f"at most {MOST}"):
            checked(many, "labels")
        with pytest.raises(Invalid, match=f"at most {MOST}"):
            checked(["same"] * 1_000_000, "labels")
        with pytest.raises(Invalid, match="1 to 40"):
            checked([GROWS * 1_000_000], "labels")

    def words() -> None:
        with pytest.raises(Invalid) as refused:
            Rule(
                RuleId(UUID(int=1)), TENANT, 1, "R", Conditions(words=tuple([GROWS * 999] * 9999)), Actions(), NOW, NOW
            )
        assert len(refused.value.flaws) < 60

    def texts() -> None:
        with pytest.raises(Invalid) as refused:
            check_texts({f"name{n}": "x" for n in range(200_000)})
        assert len(refused.value.flaws) < 100

    def quotas() -> None:
        with pytest.raises(Invalid) as refused:
            quotas_of({f"name{n}": 1 for n in range(200_000)})
        assert len(refused.value.flaws) < 100

    for act in (labels, words, texts, quotas):
        takes_a_moment(act)


def test_a_number_without_end_is_none_in_a_moment() -> None:
    takes_a_moment(lambda: [read_number(sign * 5_000_000) for sign in ("1", "-", "\u200e")])
    assert read_number("1" * 5_000_000) is None


def test_spaces_around_a_name_do_not_count_and_are_not_kept() -> None:
    """They once were: a department's name of a megabyte went into every menu."""
    wide = f"  Vendas{' ' * 1_000_000}"
    assert replace(SALES, name=wide).name == "Vendas"
    assert replace(RULES[0], name=wide).name == "Vendas"
    assert Tenant(TENANT, "shop", wide, NOW).name == "Vendas"
    with pytest.raises(Invalid):
        check_texts({"hint": f"x{' ' * 10_000}"})
