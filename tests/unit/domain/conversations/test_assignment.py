"""Contract E.1 and E.3: who gets a conversation."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, candidate, minutes, user_id
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.assignment import Candidate, Choice, choose

ONLINE, BUSY, OFFLINE = OnlineStatus


def chosen(choice: Choice | None) -> int | None:
    return choice.user.id.int if choice else None


def give(people: list[Candidate], choice: Choice, at: object) -> list[Candidate]:
    """The candidates after the chosen one got the conversation."""
    choice.user.last_assigned_at = at
    return [replace(one, load=one.load + 1) if one.user is choice.user else one for one in people]


def test_nobody_there_nobody_chosen() -> None:
    assert choose([], NOW) is None


def test_the_free_user_with_the_fewest_conversations_gets_it() -> None:
    assert chosen(choose([candidate(1, 3), candidate(2, 1), candidate(3, 2)], NOW)) == 2


def test_a_tie_goes_to_whoever_waits_longest_since_the_last_assignment() -> None:
    people = [
        candidate(1, last_assigned_at=NOW - minutes(1)),
        candidate(2, last_assigned_at=NOW - minutes(9)),
        candidate(3, last_assigned_at=NOW - minutes(5)),
    ]
    assert chosen(choose(people, NOW)) == 2


def test_whoever_never_got_one_has_waited_longest() -> None:
    assert chosen(choose([candidate(1, last_assigned_at=NOW - timedelta(days=900)), candidate(2)], NOW)) == 2


def test_fewer_conversations_count_more_than_a_longer_wait() -> None:
    assert chosen(choose([candidate(1, 1), candidate(2, 0, last_assigned_at=NOW)], NOW)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"online_status": BUSY},
        {"online_status": OFFLINE},
        {"is_active": False},
        {"max_conversations": 0},
    ],
    ids=str,
)
def test_only_who_is_online_active_and_below_the_bound_is_free(fields: dict[str, object]) -> None:
    assert choose([candidate(1, **fields)], NOW) is None
    assert chosen(choose([candidate(1, **fields), candidate(2, 99)], NOW)) == 2


@pytest.mark.parametrize(("load", "free"), [(1, True), (2, False), (3, False)])
def test_the_bound_is_how_many_conversations_a_user_holds(load: int, free: bool) -> None:
    assert (choose([candidate(1, load, max_conversations=2)], NOW) is not None) is free


def test_without_a_bound_a_user_is_always_free() -> None:
    assert chosen(choose([candidate(1, 10_000)], NOW)) == 1


def test_the_last_attendant_comes_first_if_free() -> None:
    assert chosen(choose([candidate(1, 0), candidate(2, 8)], NOW, prefer=user_id(2))) == 2


@pytest.mark.parametrize("fields", [{"online_status": BUSY}, {"max_conversations": 8}], ids=str)
def test_a_last_attendant_who_is_not_free_is_passed_over(fields: dict[str, object]) -> None:
    people = [candidate(1, 5), candidate(2, 8, **fields), candidate(3, 4)]
    assert chosen(choose(people, NOW, prefer=user_id(2))) == 3


def test_a_last_attendant_of_another_department_is_passed_over() -> None:
    assert chosen(choose([candidate(1)], NOW, prefer=user_id(7))) == 1


def test_the_reason_says_why_in_words() -> None:
    choice = choose([candidate(1, 2, name="Ana", online_since=NOW - minutes(12.7))], NOW)
    assert choice is not None
    assert choice.reason == "assigned to Ana: fewest conversations (2), online 12 min"


def test_the_reason_leaves_out_what_is_not_known() -> None:
    choice = choose([candidate(1, name="Ana")], NOW)
    assert choice is not None
    assert choice.reason == "assigned to Ana: fewest conversations (0)"


def test_the_reason_names_the_last_attendant_as_such() -> None:
    choice = choose([candidate(1, 2, name="Ana")], NOW, prefer=user_id(1))
    assert choice is not None
    assert choice.reason == "assigned to Ana: last attendant, free"


ages = st.none() | st.integers(0, 600).map(lambda number: NOW - minutes(number))
people = st.lists(
    st.builds(
        lambda number, load, status, active, bound, age: candidate(
            number, load, online_status=status, is_active=active, max_conversations=bound, last_assigned_at=age
        ),
        st.integers(1, 99),
        st.integers(0, 6),
        st.sampled_from([ONLINE, ONLINE, ONLINE, BUSY, OFFLINE]),
        st.sampled_from([True, True, True, False]),
        st.none() | st.integers(0, 6),
        ages,
    ),
    max_size=8,
    unique_by=lambda one: one.user.id,
)
prefers = st.none() | st.integers(1, 99).map(user_id)


@given(people, prefers)
def test_only_a_free_user_is_ever_chosen_and_one_if_there_is_any(people: list[Candidate], prefer: object) -> None:
    choice = choose(people, NOW, prefer)
    free = {one.user.id: one for one in people if one.is_free}
    assert (choice is None) == (not free)
    if choice:
        load = free[choice.user.id].load
        assert choice.user.id == prefer or load == min(one.load for one in free.values())
        assert choice.reason


@given(people, prefers, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_candidates(
    people: list[Candidate], prefer: object, random: object
) -> None:
    shuffled = people[:]
    random.shuffle(shuffled)
    assert chosen(choose(shuffled, NOW, prefer)) == chosen(choose(people, NOW, prefer))


@given(people)
def test_the_preferred_user_gets_it_exactly_if_free(people: list[Candidate]) -> None:
    for one in people:
        choice = choose(people, NOW, one.user.id)
        assert (chosen(choice) == one.user.id.int) or not one.is_free


@given(people, st.integers(1, 40))
def test_no_number_of_conversations_takes_anybody_over_the_bound(people: list[Candidate], number: int) -> None:
    before = {one.user.id: one.load for one in people}
    for turn in range(number):
        if not (choice := choose(people, NOW)):
            break
        people = give(people, choice, NOW + timedelta(seconds=turn))
    for one in people:
        bound = one.user.max_conversations
        assert bound is None or one.load <= max(bound, before[one.user.id])


@given(st.integers(1, 8), st.integers(0, 60), st.data())
def test_conversations_given_one_after_the_other_leave_loads_that_differ_by_at_most_one(
    users: int, number: int, data: st.DataObject
) -> None:
    people = [candidate(each, last_assigned_at=data.draw(ages)) for each in range(1, users + 1)]
    for turn in range(number):
        choice = choose(people, NOW)
        assert choice is not None
        people = give(people, choice, NOW + timedelta(seconds=turn))
    loads = [one.load for one in people]
    assert max(loads) - min(loads) <= 1
    assert sum(loads) == number
