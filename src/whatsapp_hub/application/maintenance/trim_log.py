"""TrimLog: delete old events of the log and old deliveries."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import RetentionClock
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.webhook_queue import WebhookQueue

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class TrimLog:
    """Trim to `keep`. Readers with an older cursor get a 410, or `reset` on streams: nothing is skipped silently.
    Events that a webhook still waits for stay."""

    log: EventLog
    queue: WebhookQueue
    long_past: RetentionClock
    keep: timedelta

    async def __call__(self) -> None:
        """Trim deliveries, then the log. Raises Unavailable."""
        older_than = self.long_past() - self.keep
        while await self.queue.trim(older_than, AT_ONCE) == AT_ONCE:
            pass
        await self.log.trim(older_than, await self.queue.oldest_needed())
