"""Moving a company's rows to where they shall stand, while it works."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from whatsapp_hub.domain.accounts.tenant import Placement, Tenant


class PlacementMove(Protocol):
    """One company's move. Each step may be taken again after a crash, all of them from the first one on. Steps raise
    Unavailable and Conflict (the company is being removed, schemas of different versions)."""

    async def placement(self) -> Placement:
        """Return where the company is now."""
        ...

    async def is_begun(self) -> bool:
        """Return whether a move began and did not come to its end."""
        ...

    async def prepare(self, to: Placement) -> None:
        """Make the target ready and empty, and begin to note what changes."""
        ...

    async def copy(self) -> int:
        """Copy everything; return how many rows. The company works on meanwhile."""
        ...

    async def switch(self) -> float:
        """Copy what changed since and change the placement, at once; return for how many seconds the company waited."""
        ...

    async def clear(self) -> None:
        """Remove the source's rows after `switch`, before it the target's; nothing without a move."""
        ...


class PlacementMoves(Protocol):
    def of(self, tenant: Tenant) -> AbstractAsyncContextManager[PlacementMove]: ...
