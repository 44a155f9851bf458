"""Trim: what is no longer needed goes, a little at a time."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.housekeeping import Trimming

DAY_S = 86_400.0
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Trim:
    """Providers deliver again for up to 7 days, so dedupe keys live 9; idempotency keys live 24 hours. An
    operator has 30 days to adopt an unassigned update and 90 to replay a quarantined one."""

    trimming: Trimming

    async def __call__(self) -> None:
        for work, age_s in (
            (self.trimming.trim_inbox, 9 * DAY_S),
            (self.trimming.trim_unassigned, 30 * DAY_S),
            (self.trimming.trim_quarantined, 90 * DAY_S),
            (self.trimming.trim_receipts, 9 * DAY_S),
            (self.trimming.trim_keys, DAY_S),
        ):
            while await work(age_s, AT_ONCE) == AT_ONCE:
                pass
