"""Pause: hold a session's messages while it moves. Each hold is short and renewed: it ends with this process."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId

log = logging.getLogger(__name__)

HOLD_S = 5.0
RENEW_EVERY_S = 1.0
LOOK_EVERY_S = 0.05
SETTLE_WITHIN_S = 32.0
"""A call is given up after 30 seconds."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing of the session is claimed from `settle` on, while it runs, inside `renewed`, and for seconds after."""

    storage: Storage
    tenant_id: TenantId
    session_id: SessionId
    began: float = field(default_factory=time.monotonic)

    @property
    def lasts_s(self) -> float:
        """For how long the pause has lasted."""
        return time.monotonic() - self.began

    @property
    def may_wait(self) -> bool:
        """Whether a call under way may still end by itself."""
        return self.lasts_s < SETTLE_WITHIN_S

    async def settle(self) -> None:
        """Hold, and wait for the calls under way to end, as long as it may. One that was being claimed at that very
        moment may show only later: look once more with the lanes locked. Raises Unavailable."""
        await self._hold()
        while await self._calls() and self.may_wait:
            await asyncio.sleep(LOOK_EVERY_S)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Renew the hold meanwhile."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _renew(self) -> None:
        while True:
            try:
                await self._hold()
            except Unavailable as error:
                log.warning("session.hold_not_renewed", extra={"error": str(error)})
            await asyncio.sleep(RENEW_EVERY_S)

    async def _hold(self) -> None:
        async with self.storage.tenant(self.tenant_id) as uow:
            await uow.lanes.hold(self.session_id, HOLD_S)
            await uow.commit()

    async def _calls(self) -> int:
        async with self.storage.tenant(self.tenant_id) as uow:
            await uow.lanes.hold(self.session_id, HOLD_S)
            attempts = (await uow.lanes.open_attempts([self.session_id])).get(self.session_id, [])
            await uow.commit()
        return len(attempts)
