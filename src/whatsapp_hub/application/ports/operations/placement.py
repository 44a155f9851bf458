"""Move a company's rows to another schema, online."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from whatsapp_hub.domain.accounts.tenant import Placement, Tenant


class PlacementMove(Protocol):
    """One company's move. Each step may be repeated after a crash, as may all of them from the first one on. Steps
    raise Unavailable and Conflict (the company is being removed, schemas of different versions)."""

    async def placement(self) -> Placement:
        """Return the company's current placement."""
        ...

    async def is_begun(self) -> bool:
        """Return whether a move began and has not finished."""
        ...

    async def prepare(self, to: Placement) -> None:
        """Create an empty target, and start recording changes."""
        ...

    async def copy(self) -> int:
        """Copy everything while the company keeps working; return the number of rows."""
        ...

    async def switch(self) -> float:
        """Copy the recorded changes and switch the placement, atomically; return how many seconds the company
        waited."""
        ...

    async def clear(self) -> None:
        """Remove the source's rows, or before `switch` the target's; does nothing without a move."""
        ...


class PlacementMoves(Protocol):
    """Begin moves of companies."""

    def of(self, tenant: Tenant) -> AbstractAsyncContextManager[PlacementMove]:
        """Begin (or go on with) the move of a company. One at a time in the whole hub; another waits. Raises
        Unavailable."""
        ...
