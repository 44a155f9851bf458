"""KeepRetention: delete data past the company's retention periods, in small transactions."""

import time
from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import RetentionClock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.privacy import RetentionSweep
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 500
TURN_S = 30.0
"""One company's share of a run; the next run goes on."""
UNUSED = timedelta(days=1)
"""How long a file may be without a message; both are stored together."""


@dataclass(frozen=True, slots=True)
class KeepRetention:
    """Delete what a company no longer wants kept."""

    directory: Directory
    sweep: RetentionSweep
    long_past: RetentionClock

    async def __call__(self, tenant_id: TenantId) -> None:
        """Delete for one tenant, `TURN_S` at most. Raises Unavailable."""
        until, now = time.monotonic() + TURN_S, self.long_past()
        for kind, days in (await self.directory.tenant(tenant_id)).retention.limits():
            while await self.sweep.trim(tenant_id, kind, now - timedelta(days=days), AT_ONCE):
                if time.monotonic() > until:
                    return
        while await self.sweep.trim_unused_files(tenant_id, now - UNUSED, AT_ONCE):
            if time.monotonic() > until:
                return
