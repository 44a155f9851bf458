"""A campaign's states, its pace, and what its parameters say to one contact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause, Wording
from whatsapp_hub.domain.campaigns.filling import Missing, filled_for, stand_in
from whatsapp_hub.domain.campaigns.pace import left_today, next_count, room
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.contact import Card, Contact, Identity

AT = datetime(2026, 1, 1, tzinfo=UTC)


def campaign(**more: Any) -> Campaign:
    ids = CampaignId(uuid4()), TenantId(uuid4()), SessionId(uuid4())
    return Campaign(*ids, more.pop("name", "Natal"), Wording("hello", "pt_BR"), Audience(everybody=True), AT, **more)


def contact(name: str | None = "Ana", **fields: str) -> Contact:
    return Contact(
        ContactId(uuid4()), TenantId(uuid4()), (Identity.phone("5511999990001"),), AT, name, card=Card(fields=fields)
    )


def body(*texts: str) -> tuple[object, ...]:
    return ({"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]},)


class TestStates:
    def test_it_runs_pauses_goes_on_and_ends(self) -> None:
        one = campaign()
        one.start(AT)
        one.halt(Pause.NUMBER_QUALITY, AT, "the number: flagged")
        assert (one.status, one.pause) == (CampaignStatus.PAUSED, Pause.NUMBER_QUALITY)
        one.resume(AT)
        assert one.pause is None
        one.complete(AT)
        assert [e.type for e in one.take_events()] == [
            EventType.CAMPAIGN_STARTED,
            EventType.CAMPAIGN_PAUSED,
            EventType.CAMPAIGN_RESUMED,
            EventType.CAMPAIGN_COMPLETED,
        ]

    @pytest.mark.parametrize(
        ("status", "step"),
        [
            (CampaignStatus.RUNNING, lambda c: c.start(AT)),
            (CampaignStatus.DRAFT, lambda c: c.halt(Pause.HAND, AT)),
            (CampaignStatus.RUNNING, lambda c: c.resume(AT)),
            (CampaignStatus.COMPLETED, lambda c: c.cancel(AT)),
            (CampaignStatus.CANCELLED, lambda c: c.start(AT)),
            (CampaignStatus.RUNNING, lambda c: c.delete(AT)),
            (CampaignStatus.PAUSED, lambda c: c.delete(AT)),
        ],
    )
    def test_other_steps_are_refused(self, status: CampaignStatus, step: Any) -> None:
        with pytest.raises(Conflict, match="cannot be"):
            step(campaign(status=status))

    def test_it_begins_by_itself_within_a_year(self) -> None:
        one = campaign()
        one.schedule(AT + timedelta(days=1), AT)
        assert one.status is CampaignStatus.SCHEDULED
        for at in (AT, AT + timedelta(days=400)):
            with pytest.raises(Invalid):
                campaign().schedule(at, AT)

    @pytest.mark.parametrize("more", [{"name": " "}, {"name": "x" * 121}, {"daily_limit": 0}])
    def test_its_name_and_limit_are_checked(self, more: dict[str, Any]) -> None:
        with pytest.raises(Invalid):
            campaign(**more).check()


class TestAudience:
    @pytest.mark.parametrize(
        ("ids", "labels", "everybody"),
        [(None, [], False), ([], [], False), (None, ["vip"], True), ([1], ["vip"], False)],
    )
    def test_it_names_people_in_one_way(self, ids: Any, labels: list[str], everybody: bool) -> None:
        with pytest.raises(Invalid):
            Audience.of(ids, labels, {}, everybody=everybody)

    def test_one_who_is_named_twice_is_one(self) -> None:
        id = ContactId(uuid4())
        assert Audience.of([id, id], [], {}, everybody=False).contact_ids == (id,)


class TestFilling:
    def test_fields_stand_in_braces(self) -> None:
        given = body("Olá {{name}}, rota {{ fields.rota | a sua }}, {{phone}}", "{{fields.loja|a loja}}")
        filled: Any = filled_for(contact(rota="7\n  B"), given)
        texts = [one["text"] for one in filled[0]["parameters"]]
        assert texts == ["Olá Ana, rota 7 B, 5511999990001", "a loja"]

    def test_one_who_lacks_a_field_is_named(self) -> None:
        with pytest.raises(Missing) as missing:
            filled_for(contact(), body("{{fields.rota}}"))
        assert missing.value.name == "fields.rota"

    def test_what_a_customer_wrote_is_not_read_again(self) -> None:
        filled: Any = filled_for(contact("{{phone}}"), body("{{name}}"))
        assert filled[0]["parameters"][0]["text"] == "{{phone}}"

    def test_anything_else_in_braces_is_refused_by_its_place(self) -> None:
        for text in ("{{1}}", "{{fields.}}", "{{email}}"):
            with pytest.raises(Invalid) as refused:
                stand_in(body("constant", text))
            assert refused.value.flaws[0].pointer == "/template/components/0/parameters/1/text"
        assert stand_in(body("{{name}}"))[0] == body("name")[0]

    def test_a_deep_body_is_refused(self) -> None:
        deep: object = "x"
        for _ in range(50):
            deep = [deep]
        with pytest.raises(Invalid):
            stand_in([{"type": "body", "parameters": deep}])


class TestPace:
    def test_a_second_s_worth_is_ahead_less_what_waits(self) -> None:
        assert (room(Rate(1 / 80, 20), 0), room(Rate(1 / 80, 20), 70), room(Rate(1 / 80), 200)) == (80, 10, 0)
        assert room(Rate(3.0), 0) == 1
        assert room(None, 50) == 150

    def test_a_tenth_of_the_number_s_day_is_the_agents(self) -> None:
        assert left_today(None, None, 9, 9) is None
        assert left_today(250, None, 200, 0) == 25
        assert left_today(250, None, 400, 0) == 0
        assert left_today(2000, 100, 90, 90) == 10

    def test_counts_are_rarer_the_longer_it_is_over_and_end(self) -> None:
        running = campaign(status=CampaignStatus.RUNNING)
        assert next_count(running, AT) == AT + timedelta(seconds=3)
        assert next_count(running, AT, timedelta(seconds=2)) == AT + timedelta(seconds=40)
        over = campaign(status=CampaignStatus.COMPLETED, ended_at=AT)
        waits = [(next_count(over, AT + timedelta(hours=h)) or AT) - AT - timedelta(hours=h) for h in (0, 2, 48)]
        assert waits == sorted(waits)
        assert next_count(over, AT + timedelta(days=31)) is None
