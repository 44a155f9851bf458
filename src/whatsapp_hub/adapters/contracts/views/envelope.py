"""The envelope of contract F: the form of an event in the log, SSE and outgoing webhooks."""

import msgspec

from whatsapp_hub.adapters.contracts.views.view import time
from whatsapp_hub.application.ports.queues.log import LoggedEvent


def envelope(event: LoggedEvent) -> dict[str, object]:
    """Wrap an event; `data` is its body as stored in the log, not decoded on the way."""
    return {
        "id": f"evt_{event.position}",
        "type": event.type,
        "position": event.position,
        "occurredAt": time(event.occurred_at),
        "tenantId": str(event.tenant_id),
        "sessionId": str(event.session_id) if event.session_id else None,
        "data": msgspec.Raw(event.body),
    }
