"""The envelope of contract F: the form of an event in the log, SSE and outgoing webhooks."""

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.application.ports.queues.log import LoggedEvent


class EventView(View):
    """An event of the log. `data` holds its subjects (`message`, `conversation` …) and details."""

    id: str
    type: str
    position: int
    occurred_at: datetime
    tenant_id: UUID
    session_id: UUID | None
    data: dict[str, object]

    @classmethod
    def of(cls, event: LoggedEvent) -> "EventView":
        """Show an event of the log; `data` is its stored body, passed on undecoded."""
        return cls(
            id=f"evt_{event.position}",
            type=event.type,
            position=event.position,
            occurred_at=time(event.occurred_at),
            tenant_id=event.tenant_id,
            session_id=event.session_id,
            data=cast("dict[str, object]", msgspec.Raw(event.body)),  # as stored in the log, not decoded on the way
        )


class PingView(View):
    """The event of `POST /api/webhooks/{id}/test`; a receiver must not take it for a customer's message."""

    id: str
    type: str
    position: None
    occurred_at: datetime
    tenant_id: UUID
    session_id: UUID | None
    data: dict[str, UUID]
