"""Translate Meta's events about an account, a number or its templates to alarms. Pure.

They name a business account, not a number: each number of it is concerned.
"""

import re
from collections.abc import Callable
from datetime import datetime

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.application.ports.provider.events import AlarmSeen
from whatsapp_hub.domain.sessions.session import AlertKind, Severity
from whatsapp_hub.domain.text import storable

_LONGEST = 300
_WORSE = frozenset(
    {"RED", "FLAGGED", "RESTRICTED", "REJECTED", "DISABLED", "PAUSED", "PENDING_DELETION", "DOWNGRADE"}
) | {"THROTTLED", "BLOCKED"}
_ACCOUNT: dict[str, tuple[AlertKind, Severity]] = {
    "DISABLED_UPDATE": (AlertKind.ACCOUNT_DISABLED, Severity.CRITICAL),
    "ACCOUNT_DELETED": (AlertKind.ACCOUNT_DISABLED, Severity.CRITICAL),
    "ACCOUNT_OFFBOARDED": (AlertKind.ACCOUNT_DISABLED, Severity.CRITICAL),
    "ACCOUNT_RESTRICTION": (AlertKind.ACCOUNT_RESTRICTED, Severity.CRITICAL),
    "ACCOUNT_VIOLATION": (AlertKind.ACCOUNT_RESTRICTED, Severity.WARNING),
    "PARTNER_REMOVED": (AlertKind.ACCOUNT_CHANGED, Severity.CRITICAL),
    "PARTNER_APP_UNINSTALLED": (AlertKind.ACCOUNT_CHANGED, Severity.CRITICAL),
}


def alarm(field: str, value: JsonObject, at: datetime) -> AlarmSeen | None:
    """Translate an event of the field; None for fields that are no alarm."""
    translate = _BY_FIELD.get(field)
    return translate(value, at) if translate else None


def _account(value: JsonObject, at: datetime) -> AlarmSeen:
    event = text(value.get("event"))
    kind, severity = _ACCOUNT.get(event, (AlertKind.ACCOUNT_CHANGED, Severity.INFO))
    if event == "DISABLED_UPDATE" and text(obj(value.get("ban_info")).get("waba_ban_state")) == "REINSTATE":
        severity = Severity.INFO
    return AlarmSeen(kind, severity, _said("the business account", event, *_why(value)), at)


def _why(value: JsonObject) -> list[str]:
    """Collect what Meta says besides: the violation, restrictions, the state of a ban."""
    violation = text(obj(value.get("violation_info")).get("violation_type"))
    restrictions = [text(obj(one).get("restriction_type")) for one in items(value.get("restriction_info"))]
    ban = text(obj(value.get("ban_info")).get("waba_ban_state"))
    reason = text(obj(value.get("disconnection_info")).get("reason"))
    return [violation, *restrictions, ban, reason]


def _number(value: JsonObject, at: datetime) -> AlarmSeen:
    event, limit = text(value.get("event")), text(value.get("current_limit"))
    said = _said("the number", event, limit)
    return AlarmSeen(AlertKind.NUMBER_QUALITY, _severity(event), said, at, _daily_limit(value))


_TIER = re.compile(r"TIER_([0-9]{1,6})(K?)")


_DAILY = ("max_daily_conversations_per_business", "max_daily_conversation_per_phone", "current_limit")


def _daily_limit(value: JsonObject) -> int | None:
    """Return how many people a day a number may write to first (`TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, or a number
    of which -1 is any); 0: any, None: it is not said."""
    return next((people for name in _DAILY if (people := _people(value.get(name))) is not None), None)


def _people(limit: object) -> int | None:
    if isinstance(limit, int) and not isinstance(limit, bool):
        return max(0, limit)
    tier = _TIER.fullmatch(text(limit))
    if tier is None:
        return 0 if text(limit) == "TIER_UNLIMITED" else None
    return int(tier[1]) * (1000 if tier[2] else 1)


def _name(value: JsonObject, at: datetime) -> AlarmSeen:
    decision = text(value.get("decision"))
    return AlarmSeen(AlertKind.NUMBER_NAME, _severity(decision), _said("the number's name", decision), at)


def _review(value: JsonObject, at: datetime) -> AlarmSeen:
    decision = text(value.get("decision"))
    said = _said("the business account's review", decision, text(value.get("rejection_reason")))
    return AlarmSeen(AlertKind.ACCOUNT_CHANGED, _severity(decision), said, at)


def _security(value: JsonObject, at: datetime) -> AlarmSeen:
    """Translate what was done to the number's PIN: who did not do it themselves must act."""
    said = _said("the number's two-step verification", text(value.get("event")))
    return AlarmSeen(AlertKind.ACCOUNT_CHANGED, Severity.WARNING, said, at)


def _flow(value: JsonObject, at: datetime) -> AlarmSeen:
    status = text(value.get("new_status"))
    said = _said("a flow", text(value.get("event")), status, text(value.get("message")))
    return AlarmSeen(AlertKind.ACCOUNT_CHANGED, _severity(status), said, at)


def _preferences(value: JsonObject, at: datetime) -> AlarmSeen | None:
    """Translate what customers chose about marketing messages; the alarm names none of them."""
    chosen = [obj(one) for one in items(value.get("user_preferences"))]
    stops = sum(text(one.get("value")) == "stop" for one in chosen)
    if not chosen:
        return None
    parts = [f"{count} {what}" for count, what in ((stops, "stopped"), (len(chosen) - stops, "take them")) if count]
    severity = Severity.WARNING if stops else Severity.INFO
    said = _said("customers' choice of marketing messages", ", ".join(parts))
    return AlarmSeen(AlertKind.USER_PREFERENCE, severity, said, at)


def _template(value: JsonObject, at: datetime) -> AlarmSeen:
    event = text(value.get("event")) or text(value.get("new_quality_score")) or text(value.get("new_category"))
    name = f"template {text(value.get('message_template_name'))} ({text(value.get('message_template_language'))})"
    reason = text(value.get("reason"))
    said = _said(name, event or "changed", "" if reason == "NONE" else reason)
    return AlarmSeen(AlertKind.TEMPLATE, _severity(event), said, at)


def _alert(value: JsonObject, at: datetime) -> AlarmSeen:
    told = obj(value.get("alert_info")) or value
    severity = {"CRITICAL": Severity.CRITICAL, "WARNING": Severity.WARNING}.get(text(told.get("alert_severity")))
    said = _said("WhatsApp's alert", text(told.get("alert_type")), text(told.get("alert_description")))
    return AlarmSeen(AlertKind.ACCOUNT_ALERT, severity or Severity.INFO, said, at)


def _capability(value: JsonObject, at: datetime) -> AlarmSeen:
    limits = ", ".join(f"{name} {limit}" for name, limit in value.items() if isinstance(limit, int | str))
    said = _said("the account's limits", limits)
    return AlarmSeen(AlertKind.ACCOUNT_CHANGED, Severity.INFO, said, at, _daily_limit(value))


def _severity(event: str) -> Severity:
    return Severity.WARNING if event in _WORSE else Severity.INFO


def _said(*words: str) -> str:
    """Make a sentence for people of Meta's words."""
    said = ": ".join(word.replace("_", " ").lower() if word.isupper() else word for word in words if word)
    return storable(said)[:_LONGEST]


_BY_FIELD: dict[str, Callable[[JsonObject, datetime], AlarmSeen | None]] = {
    "account_update": _account,
    "account_review_update": _review,
    "phone_number_quality_update": _number,
    "phone_number_name_update": _name,
    "message_template_status_update": _template,
    "message_template_quality_update": _template,
    "template_category_update": _template,
    "account_alerts": _alert,
    "user_preferences": _preferences,
    "security": _security,
    "flows": _flow,
    "business_capability_update": _capability,
}
