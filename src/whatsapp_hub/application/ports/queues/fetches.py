"""Files of messages that are to be fetched from their providers: a row each, from the message's transaction on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import MediaId, MessageId, SessionId


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to fetch. `tries` counts claims, this one included, and fences it: a later claim ends the earlier.
    `provider`: who has the file, though the session may have another by now (None: the session's)."""

    media_id: MediaId
    message_id: MessageId
    session_id: SessionId
    is_held: bool
    created_at: datetime
    tries: int = 0
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many fetches a session may have at once, and how many each has already."""

    most: int
    running: Mapping[SessionId, int] = field(default_factory=dict)

    def left(self, session_id: SessionId) -> int:
        """Return how many more it may have."""
        return max(0, self.most - self.running.get(session_id, 0))


ALL = Share(1_000_000)


class Fetches(Protocol):
    """One tenant's files to fetch."""

    async def add(self, fetches: Sequence[Fetch]) -> None:
        """Have files fetched, at once."""
        ...

    async def release_held(self, session_id: SessionId) -> None:
        """Let everybody claim what only the session's connector could: no connector holds it any more."""
        ...

    async def claim(
        self, limit: int, lease_s: float, share: Share = ALL, held: Sequence[SessionId] | None = None
    ) -> list[Fetch]:
        """Lease due ones, the longest due first, of each session no more than its share: of sessions that need no
        connector, or (`held`) of these that one holds. After the lease another may claim them."""
        ...

    async def is_expected(self, media_id: MediaId) -> bool:
        """Whether it is still to be fetched, or being fetched."""
        ...

    async def renew(self, fetch: Fetch, lease_s: float) -> bool:
        """Lengthen the lease; False: somebody else has it by now."""
        ...

    async def later(self, fetch: Fetch, after_s: float) -> None:
        """Give it back, due in so many seconds. Nothing happens where somebody else has it."""
        ...

    async def done(self, fetch: Fetch) -> bool:
        """Remove it; False: somebody else has it, or it is gone."""
        ...
