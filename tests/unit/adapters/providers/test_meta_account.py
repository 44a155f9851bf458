"""Meta's events about an account, a number and its templates are alarms of each of its numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.application.ports.provider.events import AlarmSeen, OtherSeen, ProviderEvent
from whatsapp_hub.domain.sessions.session import AlertKind, Severity

SAMPLES = Path(__file__).parents[5] / "shared" / "samples" / "meta"
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
TEMPLATE = {"message_template_name": "order", "message_template_language": "pt_BR"}


def seen(field: str, value: Any) -> ProviderEvent:
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
    }
    [update] = split(json.dumps(body).encode())
    event, *_ = translate(update.body)
    return event


@pytest.mark.parametrize(
    ("field", "value", "kind", "severity", "words"),
    [
        ("account_update", {"event": "ACCOUNT_DELETED"}, AlertKind.ACCOUNT_DISABLED, CRITICAL, "account deleted"),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}},
            AlertKind.ACCOUNT_DISABLED,
            INFO,
            "reinstate",
        ),
        (
            "account_update",
            {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_BIZ"}]},
            AlertKind.ACCOUNT_RESTRICTED,
            CRITICAL,
            "restricted biz",
        ),
        ("account_update", {"event": "NEWLY_INVENTED"}, AlertKind.ACCOUNT_CHANGED, INFO, "newly invented"),
        (
            "phone_number_quality_update",
            {"event": "FLAGGED", "current_limit": "TIER_1K"},
            AlertKind.NUMBER_QUALITY,
            WARNING,
            "flagged",
        ),
        (
            "message_template_status_update",
            {**TEMPLATE, "event": "REJECTED", "reason": "ABUSIVE_CONTENT"},
            AlertKind.TEMPLATE,
            WARNING,
            "template order (pt_BR): rejected",
        ),
        ("message_template_status_update", {**TEMPLATE, "event": "APPROVED"}, AlertKind.TEMPLATE, INFO, "approved"),
        (
            "account_alerts",
            {"alert_severity": "CRITICAL", "alert_type": "X", "alert_description": "Verify"},
            AlertKind.ACCOUNT_ALERT,
            CRITICAL,
            "Verify",
        ),
        (
            "account_alerts",
            {"alert_info": {"alert_severity": "WARNING", "alert_type": "Y", "alert_description": "Later"}},
            AlertKind.ACCOUNT_ALERT,
            WARNING,
            "Later",
        ),
        (
            "account_review_update",
            {"decision": "REJECTED", "rejection_reason": "NAME"},
            AlertKind.ACCOUNT_CHANGED,
            WARNING,
            "review: rejected",
        ),
        ("security", {"event": "PIN_CHANGED"}, AlertKind.ACCOUNT_CHANGED, WARNING, "pin changed"),
        (
            "flows",
            {"event": "FLOW_STATUS_CHANGE", "new_status": "BLOCKED"},
            AlertKind.ACCOUNT_CHANGED,
            WARNING,
            "blocked",
        ),
        (
            "user_preferences",
            {"user_preferences": [{"wa_id": "5511", "value": "stop"}, {"value": "resume"}]},
            AlertKind.USER_PREFERENCE,
            WARNING,
            "1 stopped, 1 take them",
        ),
        (
            "user_preferences",
            {"user_preferences": [{"value": "signup"}]},
            AlertKind.USER_PREFERENCE,
            INFO,
            "1 take them",
        ),
        ("business_capability_update", {"max_phone_numbers_per_business": 25}, AlertKind.ACCOUNT_CHANGED, INFO, "25"),
    ],
)
def test_it_is_said_with_its_weight(
    field: str, value: dict[str, Any], kind: AlertKind, severity: Severity, words: str
) -> None:
    event = seen(field, value)
    assert isinstance(event, AlarmSeen)
    assert (event.kind, event.severity) == (kind, severity)
    assert words in event.detail


@pytest.mark.parametrize("value", [{}, [], None, "x", {"event": 5}, {"restriction_info": {"a": 1}}])
def test_what_is_odd_is_no_crash(value: object) -> None:
    assert isinstance(seen("account_update", value), AlarmSeen | OtherSeen)


def test_what_nobody_needs_to_know_stays_as_it_was() -> None:
    assert isinstance(seen("partner_solutions", {"event": "SOLUTION_CREATED"}), OtherSeen)


def test_no_customer_is_named_in_an_alarm() -> None:
    event = seen("user_preferences", {"user_preferences": [{"wa_id": "16505551234", "value": "stop"}]})
    assert "1650" not in str(event)


@pytest.mark.skipif(not SAMPLES.exists(), reason="recorded bodies lie beside the checkout")
@pytest.mark.parametrize("name", ["account_update", "phone_number_quality", "template_", "user_marketing"])
def test_recorded_bodies_are_alarms(name: str) -> None:
    bodies = [path.read_bytes() for path in SAMPLES.glob(f"*{name}*.json")]
    assert bodies
    for body in bodies:
        [update] = split(body)
        told = [event for event in translate(update.body) if isinstance(event, AlarmSeen)]
        assert [bool(event.detail) for event in told] == [True] or b"components_update" in body
