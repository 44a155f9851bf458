"""MoveTenant: a company's rows to a schema of their own, or back among the others'."""

from collections.abc import Callable
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.operations.placement import PlacementMoves
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class Moved:
    """`waited_s`: for how long the company's transactions had to wait."""

    rows: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class MoveTenant:
    """For operators (CLI), while the hub works. Called again after a crash it comes to the same end; called with the
    placement that the company has, it removes what an unfinished move left."""

    directory: Directory
    moves: PlacementMoves

    async def __call__(self, slug: str, to: Placement, step: Callable[[str], None] = lambda name: None) -> Moved | None:
        """None: the company is there already. `step` hears what begins. Raises NotFound, Unavailable, Conflict."""
        tenant = next((tenant for tenant in await self.directory.tenants() if tenant.slug == slug), None)
        if tenant is None:
            raise NotFound("tenant", slug)
        async with self.moves.of(tenant) as move:
            if await move.placement() is to:
                if await move.is_begun():
                    step("clear")
                    await move.clear()
                return None
            step("prepare")
            await move.prepare(to)
            step("copy")
            rows = await move.copy()
            step("switch")
            waited_s = await move.switch()
            step("clear")
            await move.clear()
            return Moved(rows, waited_s)
