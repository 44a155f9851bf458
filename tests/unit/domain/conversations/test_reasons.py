"""A routing reason is a sentence and the codes with values that it is made of."""

from dataclasses import replace

import msgspec

from tests.unit.domain.build import NOW, SALES, candidate, conversation, script
from whatsapp_hub.adapters.contracts.events import bodies
from whatsapp_hub.adapters.postgres.repositories.service_columns import reason_of, stored_parts
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.assignment import choose, why_none_free
from whatsapp_hub.domain.conversations.reasons import Reason, ReasonPart, RoutingCode, because, parts_of

CHOICE = because(RoutingCode.CUSTOMERS_CHOICE, "the customer's choice")


def coded(reason: str | None) -> list[tuple[str, dict[str, object]]]:
    return [(part.code, dict(part.values)) for part in parts_of(reason)]


def test_a_reason_is_its_sentence_wherever_text_is_wanted() -> None:
    assert CHOICE == "the customer's choice"
    assert f"{CHOICE}!" == "the customer's choice!"


def test_reasons_are_joined_with_their_parts() -> None:
    free = because(RoutingCode.NOBODY_FREE, "nobody is free", full=1, busy=0, offline=2)
    both = CHOICE.then(free)
    assert both == "the customer's choice; nobody is free"
    assert coded(both) == [("customers_choice", {}), ("nobody_free", {"full": 1, "busy": 0, "offline": 2})]
    assert coded(CHOICE.then("a sentence of old")) == [("customers_choice", {})]


def test_an_assignment_says_to_whom_and_why() -> None:
    choice = choose([candidate(1, load=2, online_since=NOW)], NOW)
    assert choice
    assert choice.reason == "assigned to Agent 1: fewest conversations (2), online 0 min"
    values = {"user": "Agent 1", "conversations": 2, "online_minutes": 0}
    assert coded(choice.reason) == [("fewest_conversations", values)]
    skilled = choose([candidate(1, skills=("vip",))], NOW, labels=("vip",))
    assert skilled
    assert coded(skilled.reason)[0][1]["skills"] == ["vip"]
    assert coded(why_none_free([])) == [("nobody_free", {"full": 0, "busy": 0, "offline": 0})]


def test_the_menu_says_why_it_gives_up() -> None:
    late = replace(conversation(), timeout_at=NOW)
    step = flow.timed_out(late, script(), NOW)
    assert step
    assert step.route
    assert step.route.reason == "root department: no choice in time"
    assert [code for code, _ in coded(step.route.reason)] == ["root_department", "no_choice_in_time"]


def test_a_reason_comes_back_from_where_it_was_stored() -> None:
    why = CHOICE.then(because(RoutingCode.AGENT_LEFT, "Zoë; or: so went offline", user="Zoë; or: so"))
    back = reason_of(str(why), stored_parts(why))
    assert (back, parts_of(back)) == (why, why.parts)
    assert reason_of("from before", None) == "from before"
    assert (stored_parts("from before"), parts_of(reason_of("from before", None))) == (None, ())


def test_the_log_shows_both() -> None:
    one = conversation()
    one.assign(candidate(1).user.id, SALES.id, NOW, CHOICE)
    [event] = one.take_events()
    body = msgspec.json.decode(bodies.body(event))
    assert (body["reason"], body["conversation"]["routingReason"]) == (CHOICE, CHOICE)
    assert body["conversation"]["routingReasonParts"] == [{"code": "customers_choice", "values": {}}]


def test_unknown_codes_are_read_as_they_are() -> None:
    assert parts_of(Reason("x", [ReasonPart("of_tomorrow", {"a": 1})])) == (ReasonPart("of_tomorrow", {"a": 1}),)
