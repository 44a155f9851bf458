"""Trim: delete rows that are no longer needed, in small transactions."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import RetentionClock
from whatsapp_hub.application.ports.operations.housekeeping import Trimming
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.sessions.history import KEPT

DAY_S = 86_400.0
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Trim:
    """Delete rows by age. Providers deliver again for up to 7 days, so dedupe keys live 9; idempotency keys live 24
    hours. An operator has 30 days to adopt an unassigned update and 90 to replay a quarantined one. The audit trail is
    kept for two years, what messages were charged for 400 days, a sign-in for 90 days after its end, a session's
    history for a week, the settings of a provider that it left for 8 days."""

    trimming: Trimming

    async def __call__(self) -> None:
        """Delete all that is old enough. Raises Unavailable."""
        for work, age_s in (
            (self.trimming.trim_inbox, 9 * DAY_S),
            (self.trimming.trim_unassigned, 30 * DAY_S),
            (self.trimming.trim_quarantined, 90 * DAY_S),
            (self.trimming.trim_receipts, 9 * DAY_S),
            (self.trimming.trim_keys, DAY_S),
            (self.trimming.trim_erased, 9 * DAY_S),
            (self.trimming.trim_exports, DAY_S),
            (self.trimming.trim_audit, 730 * DAY_S),
            (self.trimming.trim_charges, 400 * DAY_S),
            (self.trimming.trim_sign_ins, 90 * DAY_S),
            (self.trimming.trim_session_history, KEPT.total_seconds()),
            (self.trimming.trim_left_providers, 0.0),
            (self.trimming.trim_access_changes, DAY_S),
            (self.trimming.trim_guesses, 2 * DAY_S),
        ):
            while await work(age_s, AT_ONCE) == AT_ONCE:
                pass


@dataclass(frozen=True, slots=True)
class TrimNotifications:
    """Delete one tenant's notifications, read or not, after 90 days."""

    storage: Storage
    long_past: RetentionClock

    async def __call__(self, tenant_id: TenantId) -> None:
        """Delete them. Raises Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            await uow.notifications.trim(self.long_past() - timedelta(days=90))
            await uow.commit()
