"""Maintenance across tenants by operators and the schedule (role hub_system)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId, TenantId


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update that was set aside: quarantined with its error, or unassigned (of no known session)."""

    id: int
    state: str
    provider: str
    tenant_id: TenantId | None
    session_id: SessionId | None
    error: str | None
    received_at: datetime
    body: bytes


class DeadLetters(Protocol):
    """Inspect and replay updates that failed, or belong to no session."""

    async def list(self, limit: int, after: int = 0) -> list[DeadLetter]:
        """List them, oldest first, from the id `after` on."""
        ...

    async def replay(self, ids: Sequence[int] | None, session_id: SessionId | None = None) -> int:
        """Make them pending again (None: all quarantined ones); return the count. `session_id` adopts unassigned
        updates for that session. Raises NotFound for a session that does not exist."""
        ...


class Trimming(Protocol):
    """Each deletes up to `limit` rows that are older, and returns the count."""

    async def trim_inbox(self, older_than_s: float, limit: int) -> int:
        """Delete processed updates, with their dedupe keys."""
        ...

    async def trim_unassigned(self, older_than_s: float, limit: int) -> int:
        """Delete updates that no session adopted."""
        ...

    async def trim_quarantined(self, older_than_s: float, limit: int) -> int:
        """Delete updates that failed and were not replayed."""
        ...

    async def trim_keys(self, older_than_s: float, limit: int) -> int:
        """Delete idempotency keys."""
        ...

    async def trim_audit(self, older_than_s: float, limit: int) -> int:
        """Delete entries of the audit."""
        ...

    async def trim_sign_ins(self, older_than_s: float, limit: int) -> int:
        """Delete expired sign-ins."""
        ...

    async def trim_charges(self, older_than_s: float, limit: int) -> int:
        """Delete how messages were charged."""
        ...

    async def trim_left_providers(self, older_than_s: float, limit: int) -> int:
        """Delete settings of providers that sessions left, so long after they were of use. As `trim_inbox`."""
        ...

    async def trim_session_history(self, older_than_s: float, limit: int) -> int:
        """Delete entries of sessions' histories."""
        ...

    async def trim_access_changes(self, older_than_s: float, limit: int) -> int:
        """Delete entries of the feed of access changes, which every process has read."""
        ...

    async def trim_guesses(self, older_than_s: float, limit: int) -> int:
        """Delete counts of password guesses that are no longer updated."""
        ...

    async def trim_receipts(self, older_than_s: float, limit: int) -> int:
        """Delete early receipts whose message never came."""
        ...

    async def trim_erased(self, older_than_s: float, limit: int) -> int:
        """Delete the digests by which erased updates are recognised."""
        ...

    async def trim_exports(self, older_than_s: float, limit: int) -> int:
        """Delete permissions to download a customer's data that expired that long ago."""
        ...
