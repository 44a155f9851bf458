"""Entries of the audit log in the form of the API."""

import re

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.application.reading.audit import AuditEntry

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00")


def entry(entry: AuditEntry) -> Shown:
    return {
        "id": str(entry.id),
        "createdAt": time(entry.at),
        "caller": entry.caller,
        "userId": str(entry.user_id) if entry.user_id else None,
        "email": entry.email,
        "ipAddress": entry.address,
        "action": entry.action,
        "change": entry.change,
        "entity": entry.entity,
        "entityId": entry.entity_id,
        "before": _camel(entry.before),
        "after": _camel(entry.after),
    }


def _camel(values: object) -> object:
    """Convert field names and times to the entities' own form."""
    if not isinstance(values, dict):
        return values
    return {_name(name): _value(value) for name, value in values.items()}


def _value(value: object) -> object:
    """Write times in UTC with Z; PostgreSQL writes +00:00."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}Z" if match else value


def _name(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(part.capitalize() for part in rest)
