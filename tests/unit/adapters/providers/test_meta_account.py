"""Meta's events about an account, a number and its templates are alarms of each of its numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from whatsapp_hub.adapters.providers.meta_cloud.inbound import translate
from whatsapp_hub.adapters.providers.meta_cloud.split import split
from whatsapp_hub.application.ports.provider.events import AlarmSeen, OtherSeen, ProviderEvent
from whatsapp_hub.domain.sessions.session import AlertKind, Severity

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
    assert isinstance(seen("security", {"event": "PIN_CHANGED"}), OtherSeen)
