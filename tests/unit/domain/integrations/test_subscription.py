"""Subscriptions and deliveries: what may be asked for, how secrets change, when to try again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import (
    MOMENT_S,
    NONE_FAILED,
    OPENS_AFTER,
    Attempt,
    probe_in_s,
    put_off_s,
    retry_in_s,
)
from whatsapp_hub.domain.integrations.subscription import Address, Secret, Webhook, WebhookFormat, check_secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW, NEWEST = ("whsec_" + letter * 32 for letter in "ABC")
WEBHOOK = Webhook(WebhookId(uuid4()), TenantId(uuid4()), "https://a.example/", NOW, NOW, (Secret(OLD),))


@pytest.mark.parametrize("events", [("message.received",), ("message.*", "session.qr"), ("*",), ()])
def test_events_are_types_groups_or_everything(events: tuple[str, ...]) -> None:
    webhook = replace(WEBHOOK)
    webhook.choose(events, NOW)
    assert webhook.events == events


@pytest.mark.parametrize(
    "events", [("message.unheard",), ("nothing.*",), ("",), ("message.received", "x"), ("a",) * 51]
)
def test_events_that_there_are_not_are_refused_by_their_place(events: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        replace(WEBHOOK).choose(events, NOW)
    assert refused.value.flaws[0].pointer.startswith("/events")


def test_a_format_tells_what_it_has_words_for() -> None:
    flat = replace(WEBHOOK, format=WebhookFormat.FLAT)
    assert flat.events == ("message.received",)
    with pytest.raises(Invalid):
        flat.choose(("conversation.opened",), NOW)
    waha = replace(WEBHOOK, format=WebhookFormat.WAHA, events=("session.*",))
    waha.move(Address("https://b.example/"), WebhookFormat.STANDARD, NOW)
    assert waha.events == ()


def test_a_new_secret_leaves_the_old_one_a_day() -> None:
    webhook = replace(WEBHOOK)
    webhook.rotate(NEW, NOW)
    assert [s.value for s in webhook.valid_secrets(NOW)] == [NEW, OLD]
    webhook.rotate(NEWEST, NOW + timedelta(hours=23))
    assert [s.value for s in webhook.valid_secrets(NOW + timedelta(hours=23))] == [NEWEST, NEW, OLD]
    assert [s.value for s in webhook.valid_secrets(NOW + timedelta(hours=25))] == [NEWEST, NEW]
    assert [s.value for s in webhook.valid_secrets(NOW + timedelta(hours=48))] == [NEWEST]


@pytest.mark.parametrize("secret", ["", "x", "whsec_", "whsec_!!!", "whsec_QUJD", "A" * 32, "whsec_" + "A" * 200])
def test_secrets_are_spelled_as_the_standard_says(secret: str) -> None:
    with pytest.raises(Invalid):
        check_secret(secret)


def test_one_that_ended_begins_anew_with_a_new_address() -> None:
    webhook = replace(WEBHOOK, is_active=False, ended_reason="gone")
    webhook.move(Address("https://b.example/"), WebhookFormat.STANDARD, NOW)
    assert (webhook.is_active, webhook.ended_reason) == (True, None)


def test_tries_grow_apart_with_jitter_and_fit_a_day() -> None:
    plan = [retry_in_s(n, 0.5) for n in range(1, 14)]
    assert plan[:4] == [5, 15, 45, 135]
    assert plan == sorted(plan)
    assert plan[-1] == 4 * 3600
    assert 20 * 3600 < sum(plan) < 28 * 3600
    assert (retry_in_s(1, 0), retry_in_s(1, 1)) == (4, pytest.approx(6))
    assert retry_in_s(1, 0.5, asked_s=120) == 120
    assert retry_in_s(1, 0.5, asked_s=10**9) == 3600
    assert retry_in_s(10**6, 0.5) == 4 * 3600


def test_a_receiver_counts_as_down_after_five_failures_and_is_then_probed() -> None:
    assert [probe_in_s(n, 0.5) for n in range(1, 5)] == [None, 1.25, 1.25, 1.25]
    assert probe_in_s(2, 0) >= MOMENT_S  # type: ignore[operator] # of None, which it is not
    assert probe_in_s(2, 0.5, asked_s=60) == 60
    assert [probe_in_s(n, 0.5) for n in (5, 6, 7, 50)] == [7.5, 15, 30, 120]
    assert 5 <= probe_in_s(5, 0) < probe_in_s(5, 1) <= 10  # type: ignore[operator] # of None, which it is not


@pytest.mark.parametrize(
    ("status", "delivered", "fault"),
    [(200, True, False), (204, True, False), (302, False, False), (400, False, False), (410, False, False),
     (408, False, True), (429, False, True), (500, False, True), (None, False, True)],
)  # fmt: skip
def test_what_an_answer_means(status: int | None, delivered: bool, fault: bool) -> None:
    attempt = Attempt(status, 0.1)
    assert (attempt.is_delivered, attempt.is_receivers_fault) == (delivered, fault)
    assert attempt.is_gone is (status == 410)


def test_failures_of_one_moment_count_once() -> None:
    count = NONE_FAILED
    for ended in (10.0, 10.01, 10.02, 10.9):  # eight posts in flight, refused by one restart
        count = count.failed(ended - 0.01, ended)
    assert count.failures == 1
    assert count.failed(9.0, 19.0).failures == 1  # was under way before the first was counted
    assert count.failed(11.0, 11.01).failures == 2


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), max_size=200))
def test_an_outage_of_two_seconds_never_makes_a_receiver_count_as_down(attempts: list[tuple[float, float]]) -> None:
    count = NONE_FAILED
    for began, ended in sorted(attempts, key=max):
        count = count.failed(min(began, ended), max(began, ended))
    assert count.failures <= 2 / MOMENT_S + 1 < OPENS_AFTER


def test_while_a_receiver_is_down_no_event_waits_for_longer_than_two_probes() -> None:
    assert put_off_s(4 * 3600, paused_s=120) == 240
    assert put_off_s(5, paused_s=120) == 5
    assert put_off_s(4 * 3600, paused_s=None) == 4 * 3600
