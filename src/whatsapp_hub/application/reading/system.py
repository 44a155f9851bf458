"""Running processes and queue depths."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.connections.processes import Process
from whatsapp_hub.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class Running:
    """A process with a heartbeat in the last half minute."""

    process: Process
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Depths:
    """Queue depths: updates pending, failed, or without a session; events without a position; lanes that could send
    now; webhook deliveries waiting, and given up. Counted up to `COUNTED_AT_MOST`."""

    inbox_pending: int
    inbox_quarantined: int
    inbox_unassigned: int
    outbox: int
    lanes_due: int
    webhooks_waiting: int
    webhooks_dead: int


COUNTED_AT_MOST = 100_000


class System(Protocol):
    """Read which processes run, and how much waits for them."""

    async def running(self) -> Sequence[Running]:
        """List processes by role, the oldest first."""
        ...

    async def depths(self, tenant_id: TenantId | None) -> Depths:
        """Count for one tenant, or (None) all. Updates without a session belong to no tenant: only all include them."""
        ...
