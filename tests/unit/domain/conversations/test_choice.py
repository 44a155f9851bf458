"""One routing decision: skills, bounds and the reason that is shown."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, candidate, user_id
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.assignment import Candidate, choose, why_none_free
from whatsapp_hub.domain.conversations.labels import checked, shared

SINCE = NOW - timedelta(minutes=14)


def test_whoever_knows_most_of_the_labels_goes_before_whoever_has_fewest() -> None:
    knows = candidate(1, 5, name="Rita", skills=("Cobrança", "es"), online_since=SINCE)
    choice = choose([knows, candidate(2, 0), candidate(3, 1, skills=("es",))], NOW, labels=("cobranca", "ES"))
    assert choice is not None
    assert choice.user is knows.user
    assert choice.reason == "assigned to Rita: knows cobranca, ES, 5 conversations, online 14 min"


def test_without_labels_the_fewest_decide_and_the_reason_says_so() -> None:
    choice = choose([candidate(1, 3), candidate(2, 2, name="Rita", skills=("es",), online_since=SINCE)], NOW)
    assert choice is not None
    assert choice.reason == "assigned to Rita: fewest conversations (2), online 14 min"


def test_the_departments_bound_is_for_those_who_have_none_of_their_own() -> None:
    assert not Candidate(candidate(1).user, 3, 3).is_free
    assert Candidate(candidate(1, max_conversations=4).user, 3, 3).is_free
    assert Candidate(candidate(1).user, 3, None).is_free


def test_why_nobody_is_free_is_told() -> None:
    people = [
        candidate(1, 2, max_conversations=2),
        candidate(2, online_status=OnlineStatus.BUSY),
        candidate(3, online_status=OnlineStatus.OFFLINE),
        candidate(4, online_status=OnlineStatus.OFFLINE),
    ]
    assert why_none_free(people) == "nobody is free (1 at their bound, 1 busy, 2 offline)"
    assert why_none_free([]) == "nobody is free"


def test_labels_are_compared_without_case_and_accents_and_kept_once() -> None:
    assert checked([" Cobrança ", "cobranca", "ES"], "labels") == ("Cobrança", "ES")
    assert shared(("cobranca", "vip"), ("COBRANÇA",)) == ("cobranca",)


words = st.sampled_from(["es", "en", "vip", "billing"])
somebody = st.builds(
    lambda n, load, status, bound, skills: candidate(
        n, load, online_status=status, max_conversations=bound, skills=tuple(skills)
    ),
    st.integers(1, 8), st.integers(0, 6), st.sampled_from(OnlineStatus), st.none() | st.integers(0, 6), st.sets(words),
)  # fmt: skip


@given(
    people=st.lists(somebody, max_size=8, unique_by=lambda c: c.user.id),
    labels=st.sets(words),
    prefer=st.none() | st.integers(1, 8).map(user_id),
    avoid=st.none() | st.integers(1, 8).map(user_id),
)
def test_a_decision_is_the_best_free_person_and_the_same_in_any_order(people, labels, prefer, avoid) -> None:  # type: ignore[no-untyped-def]
    wanted = sorted(labels)
    choice = choose(people, NOW, prefer, avoid, wanted)
    free = [c for c in people if c.is_free and c.user.id != avoid]
    assert (choice is None) == (not free)
    if choice is None:
        return
    assert choose(people[::-1], NOW, prefer, avoid, wanted) == choice
    assert choice.user.id != avoid
    assert choice.user.name in choice.reason
    if prefer in {c.user.id for c in free}:
        assert choice.user.id == prefer
        return
    [got] = [c for c in free if c.user is choice.user]
    known = len(shared(wanted, got.user.skills))
    assert known == max(len(shared(wanted, c.user.skills)) for c in free)
    assert got.load == min(c.load for c in free if len(shared(wanted, c.user.skills)) == known)
