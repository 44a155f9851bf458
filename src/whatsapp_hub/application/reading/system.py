"""What of the hub runs, and what waits in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.connections.processes import Process
from whatsapp_hub.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class Running:
    """A process that said within the last half minute that it runs."""

    process: Process
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Depths:
    """Updates that wait to be processed, failed, or belong to no session; events that wait for their position; lanes
    that could send now; deliveries to webhooks that wait, and that were given up. Counted up to `COUNTED_AT_MOST`."""

    inbox_pending: int
    inbox_quarantined: int
    inbox_unassigned: int
    outbox: int
    lanes_due: int
    webhooks_waiting: int
    webhooks_dead: int


COUNTED_AT_MOST = 100_000


class System(Protocol):
    async def running(self) -> Sequence[Running]:
        """By role, the older first."""
        ...

    async def depths(self, tenant_id: TenantId | None) -> Depths:
        """Of one tenant, or (None) of all. An update that belongs to no session is nobody's: only all have it."""
        ...
