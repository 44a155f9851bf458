"""KeepLease: hold and renew the lease that makes this process a connector.

All decisions of this process use its own monotonic clock, from the moment before the renewal was requested, so that it
always considers its lease ended sooner than PostgreSQL does.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from whatsapp_hub.application.ports.connections.connections import Connector, Leases
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId

log = logging.getLogger(__name__)

T = TypeVar("T")
_LEFT_BEHIND: set[asyncio.Task[Any]] = set()


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`. When time is up it is cancelled and left behind, its cleanup included (a driver may
    ask a hanging database to cancel, and wait for that). Raises TimeoutError."""
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    _LEFT_BEHIND.add(task)
    task.add_done_callback(_LEFT_BEHIND.discard)
    raise TimeoutError


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Times in seconds. A lease of `lease_s` is renewed every `renew_s`; a connector that cannot renew, or cannot store
    its sessions' updates, for `give_up_s` hangs up; at `fatal_s` its process is ended. Others wait out the whole
    lease."""

    lease_s: float = 6.0
    renew_s: float = 1.0
    give_up_s: float = 3.0
    fatal_s: float = 4.0


@dataclass(slots=True)
class KeepLease:
    """`make` returns a connector with a new id: a lost one never returns under its old id."""

    leases: Leases
    make: Callable[[], Connector]
    terms: LeaseTerms = field(default_factory=LeaseTerms)
    connector: Connector | None = None
    _renewed_at: float = 0.0

    @property
    def age_s(self) -> float:
        """Seconds since the last successful renewal."""
        return time.monotonic() - self._renewed_at

    @property
    def is_fresh(self) -> bool:
        """Whether work may still begin under this lease."""
        return self.connector is not None and self.age_s < self.terms.give_up_s

    async def enter(self) -> None:
        """Take a lease, waiting for the database."""
        while self.connector is None:
            connector, began = self.make(), time.monotonic()
            try:
                await within(self.terms.give_up_s, self.leases.enter(connector, self.terms.lease_s))
            except (Unavailable, TimeoutError):
                await asyncio.sleep(self.terms.renew_s)
            else:
                self.connector, self._renewed_at = connector, began
                log.info("connector.entered", extra={"connector": str(connector.id), "named": connector.name})

    async def renew(self) -> bool:
        """Try to renew once; False if the lease is lost, or too old to go on."""
        if self.connector is None:
            return True
        began = time.monotonic()
        try:
            patience_s = self.terms.give_up_s - self.terms.renew_s
            renewed = await within(patience_s, self.leases.renew(self.connector.id, self.terms.lease_s))
        except (Unavailable, TimeoutError):
            return self.age_s < self.terms.give_up_s
        if not renewed:
            log.error("connector.lease_lost", extra={"connector": str(self.connector.id)})
            return False
        self._renewed_at = began
        return True

    async def leave(self, *, clean: bool) -> None:
        """Give the lease back; this process is no connector any more, even if the database is unreachable."""
        connector, self.connector = self.connector, None
        if connector is None:
            return
        try:
            await within(self.terms.give_up_s, self.leases.leave(connector.id, clean=clean))
        except (Unavailable, TimeoutError):
            log.warning("connector.left_unheard", extra={"connector": str(connector.id)})


@dataclass(slots=True)
class OpenConnection:
    """A connection open in this process: what it was dialled with, and its health (monotonic seconds)."""

    ref: SessionRef
    is_up: bool = False
    was_up: bool = False
    down_since: float = 0.0
    gone_since: float | None = None
    closing_since: float | None = None

    @property
    def session_id(self) -> SessionId:
        return self.ref.id

    @property
    def tenant_id(self) -> TenantId:
        return self.ref.tenant_id

    @property
    def provider(self) -> str:
        return self.ref.provider

    @property
    def fence(self) -> int:
        return self.ref.fence
