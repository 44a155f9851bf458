"""TrimLog: how far back the event log reaches."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.clock import Clock
from whatsapp_hub.application.ports.log import EventLog


@dataclass(frozen=True, slots=True)
class TrimLog:
    """Readers whose cursor is older are told so (410, or `reset` on streams); nothing is skipped in silence."""

    log: EventLog
    clock: Clock
    keep: timedelta

    async def __call__(self) -> int:
        return await self.log.trim(self.clock() - self.keep)
