"""What operators and the schedule do across tenants (role hub_system)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId, TenantId


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update that was set aside: quarantined with its error, or unassigned (no session is named)."""

    id: int
    state: str
    provider: str
    tenant_id: TenantId | None
    session_id: SessionId | None
    error: str | None
    received_at: datetime
    body: bytes


class DeadLetters(Protocol):
    async def list(self, limit: int, after: int = 0) -> list[DeadLetter]:
        """Oldest first, from the id `after` on."""
        ...

    async def replay(self, ids: Sequence[int] | None, session_id: SessionId | None = None) -> int:
        """Make them pending again (None: all quarantined ones); how many. `session_id` adopts unassigned updates
        for that session. Raises NotFound for a session that does not exist."""
        ...


class Trimming(Protocol):
    async def trim_inbox(self, older_than_s: float, limit: int) -> int:
        """Delete updates that are done, with their dedupe keys; how many."""
        ...

    async def trim_unassigned(self, older_than_s: float, limit: int) -> int:
        """Delete updates that no session ever adopted; how many."""
        ...

    async def trim_quarantined(self, older_than_s: float, limit: int) -> int:
        """Delete updates that failed and that nobody replayed; how many."""
        ...

    async def trim_keys(self, older_than_s: float, limit: int) -> int:
        """Delete idempotency keys; how many."""
        ...

    async def trim_audit(self, older_than_s: float, limit: int) -> int:
        """Delete entries of who changed what; how many."""
        ...

    async def trim_sign_ins(self, older_than_s: float, limit: int) -> int:
        """Delete sign-ins that expired; how many."""
        ...

    async def trim_access_changes(self, older_than_s: float, limit: int) -> int:
        """Delete what every process has read of the feed of access changes; how many."""
        ...

    async def trim_guesses(self, older_than_s: float, limit: int) -> int:
        """Delete counts of guesses at accounts that nobody guesses at any more; how many."""
        ...

    async def trim_receipts(self, older_than_s: float, limit: int) -> int:
        """Delete early receipts whose message never came; how many."""
        ...

    async def trim_erased(self, older_than_s: float, limit: int) -> int:
        """Delete the digests by which erased updates are recognised; how many."""
        ...

    async def trim_exports(self, older_than_s: float, limit: int) -> int:
        """Delete leaves to download a customer's data that expired that long ago; how many."""
        ...
