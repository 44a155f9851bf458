"""Entries of the audit log in the form of the API."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.contracts.wire import camel
from whatsapp_hub.application.reading.audit import AuditEntry

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00")


class AuditView(View):
    """An audited change. `before` and `after` hold the changed fields only; secrets are masked."""

    id: str
    created_at: datetime
    caller: str
    user_id: UUID | None
    email: str | None
    ip_address: str | None
    action: str
    change: str
    entity: str
    entity_id: str
    before: dict[str, object] | None
    after: dict[str, object] | None

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditView":
        """Show an entry; secrets were masked when it was written."""
        return cls(
            id=str(entry.id),
            created_at=time(entry.at),
            caller=entry.caller,
            user_id=entry.user_id,
            email=entry.email,
            ip_address=entry.address,
            action=entry.action,
            change=entry.change,
            entity=entry.entity,
            entity_id=entry.entity_id,
            before=_camel(entry.before),
            after=_camel(entry.after),
        )


def _camel(values: Mapping[str, object] | None) -> dict[str, object] | None:
    """Convert field names and times to the entities' own form."""
    return None if values is None else {camel(name): _value(value) for name, value in values.items()}


def _value(value: object) -> object:
    """Write times in UTC with Z; PostgreSQL writes +00:00."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}Z" if match else value
