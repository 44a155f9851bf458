"""Automatic rules: which of them hold, and what they add up to."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import MONEY, NOW, SALES, SUPPORT, TENANT, conversation, department
from whatsapp_hub.domain.conversations.conversation import BotPart, ConversationStatus, Priority
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.labels import MOST
from whatsapp_hub.domain.conversations.routing_rules import (
    Actions,
    Conditions,
    Decision,
    FoldedText,
    Rule,
    decide,
    moved,
)
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import RuleId, SessionId

HERE, ELSEWHERE = SessionId(UUID(int=3)), SessionId(UUID(int=33))
DEPARTMENTS = [SALES, SUPPORT, MONEY]
GONE = department(9, "Antigo")


def rule(number: int = 1, conditions: Conditions | None = None, **actions: Any) -> Rule:
    then = Actions(**actions or {"labels": (f"l{number}",)})
    return Rule(RuleId(UUID(int=number)), TENANT, number, f"R{number}", conditions or Conditions(), then, NOW, NOW)


def decided(*rules: Rule, text: str = "oi", is_open: bool = True, routes: bool = True) -> Decision:
    return decide(rules, DEPARTMENTS, HERE, text, is_open, routes=routes)


@pytest.mark.parametrize(
    ("text", "word", "holds"),
    [
        ("Quero o BOLETO, por favor!", "boleto", True),
        ("segunda   via?", "Segunda Via", True),
        ("informação", "informacao", True),
        ("os boletos", "boleto", False),
        ("via segunda", "segunda via", False),
        ("", "boleto", False),
    ],
)
def test_words_are_whole_and_their_case_and_accents_do_not_matter(text: str, word: str, holds: bool) -> None:
    assert Conditions(words=("nada", word)).hold(HERE, FoldedText.of(text), True) is holds


@pytest.mark.parametrize(
    ("conditions", "here", "is_open", "holds"),
    [
        (Conditions(), HERE, True, True),
        (Conditions(session_id=HERE), HERE, True, True),
        (Conditions(session_id=HERE), ELSEWHERE, True, False),
        (Conditions(outside_hours=True), HERE, False, True),
        (Conditions(outside_hours=True), HERE, True, False),
        (Conditions(outside_hours=False), HERE, True, True),
        (Conditions(session_id=HERE, words=("sol",), outside_hours=True), HERE, False, False),
    ],
)
def test_every_condition_that_is_given_must_hold(
    conditions: Conditions, here: SessionId, is_open: bool, holds: bool
) -> None:
    assert conditions.hold(here, FoldedText.of("oi"), is_open) is holds


def test_labels_add_up_and_the_first_department_and_priority_win() -> None:
    verdict = decided(
        rule(1, labels=("a",)),
        rule(2, labels=("b", "a"), department_id=MONEY.id),
        rule(3, priority=Priority.HIGH, department_id=SALES.id),
        rule(4, priority=Priority.LOW),
    )
    assert verdict == Decision(("a", "b"), Priority.HIGH, MONEY, "rule 'R2': to Financeiro")


def test_where_the_hub_does_not_route_a_rule_still_labels() -> None:
    both = rule(1, labels=("a",), department_id=MONEY.id)
    verdict = decided(both, rule(2, department_id=SALES.id), routes=False)
    assert verdict == Decision(("a",), None, None, "rule 'R1'")


def test_a_rule_whose_department_was_deleted_is_skipped() -> None:
    broken = rule(1, labels=("a",), department_id=GONE.id)
    assert broken.is_broken({d.id for d in DEPARTMENTS})
    assert decided(broken, rule(2, department_id=SALES.id)).reason == "rule 'R2': to Vendas"
    assert decided(broken) == Decision()


def test_a_rule_does_something_and_has_a_name_and_words() -> None:
    for make in (
        lambda: Rule(RuleId(UUID(int=1)), TENANT, 1, "R", Conditions(), Actions(), NOW, NOW),
        lambda: Rule(RuleId(UUID(int=1)), TENANT, 1, " ", Conditions(), Actions(("a",)), NOW, NOW),
        lambda: rule(1, Conditions(words=("?!",))),
        lambda: rule(1, Conditions(words=("x",) * 51)),
        lambda: rule(1, labels=("",)),
    ):
        with pytest.raises(Invalid):
            make()


def test_what_people_said_of_a_round_stands() -> None:
    one = conversation(priority=Priority.URGENT, labels=("Fatura",))
    one.ruled(["fatura", "vip"], Priority.LOW, "rule 'R'", NOW)
    assert (one.priority, one.labels, one.routing_reason) == (Priority.URGENT, ("Fatura", "vip"), "rule 'R'")


def test_labels_over_the_most_are_left_out() -> None:
    one = conversation(labels=tuple(f"x{n}" for n in range(MOST - 1)))
    one.ruled(["a", "b"], None, "rule 'R'", NOW)
    assert (len(one.labels), one.labels[-1]) == (MOST, "a")


def test_rules_leave_alone_what_somebody_has() -> None:
    assert conversation().is_unrouted
    assert conversation(bot_part=BotPart.TALKING).is_unrouted
    for taken in (
        conversation(dialogue=Dialogue(silenced=True)),
        conversation(department_id=SALES.id),
        conversation(bot_part=BotPart.HANDED_OVER),
        conversation(status=ConversationStatus.RESOLVED),
    ):
        assert not taken.is_unrouted


@given(st.integers(1, 50), st.integers(1, 6), st.integers(0, 4))
def test_a_rule_that_is_moved_stands_where_it_was_put_and_the_others_keep_their_order(
    place: int, count: int, which: int
) -> None:
    rules = [rule(number) for number in range(1, count + 1)]
    one = rules[which % count]
    after = moved(rules, one, place)
    assert [r.place for r in after] == list(range(1, count + 1))
    assert after.index(one) == min(place, count) - 1
    assert [r for r in after if r is not one] == [r for r in rules if r is not one]


conditions = st.builds(
    Conditions,
    st.sampled_from([None, HERE, ELSEWHERE]),
    st.lists(st.sampled_from(["oi", "boleto", "segunda via"]), max_size=2).map(tuple),
    st.sampled_from([None, True, False]),
)
actions = st.builds(
    Actions,
    st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    st.sampled_from([None, *Priority]),
    st.sampled_from([None, SALES.id, MONEY.id, GONE.id]),
).filter(lambda then: then != Actions())
ruled = st.lists(st.tuples(conditions, actions), max_size=6).map(
    lambda pairs: [
        Rule(RuleId(UUID(int=n)), TENANT, n, f"R{n}", if_, then, NOW, NOW) for n, (if_, then) in enumerate(pairs, 1)
    ]
)


@given(ruled, st.sampled_from(["oi", "Boleto!", "a segunda via do boleto", ""]), st.booleans(), st.booleans())
def test_a_decision_is_what_the_holding_rules_say_and_no_more(
    rules: list[Rule], text: str, is_open: bool, routes: bool
) -> None:
    verdict = decided(*rules, text=text, is_open=is_open, routes=routes)
    sound = [
        r for r in rules if r.actions.department_id != GONE.id and r.conditions.hold(HERE, FoldedText.of(text), is_open)
    ]
    assert set(verdict.labels) == {label for r in sound for label in r.actions.labels}
    priorities = [r.actions.priority for r in sound if r.actions.priority is not None]
    assert verdict.priority == (priorities[0] if priorities else None)
    routed = [r.actions.department_id for r in sound if r.actions.department_id]
    assert (verdict.department and verdict.department.id) == (routed[0] if routed and routes else None)
    assert (verdict.reason is None) == (verdict == Decision())
