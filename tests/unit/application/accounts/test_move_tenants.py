"""A move between schemas: each step in its order, and repeatable after a crash at any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.unit.application.office import Office
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.errors import NotFound, Unavailable


@dataclass
class Move:
    """One company's move; dies once before the step `dies_at`."""

    at: Placement = Placement.POOLED
    begun: bool = False
    dies_at: str = ""
    steps: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def of(self, tenant: Tenant) -> AsyncIterator[Move]:
        yield self

    def _step(self, name: str) -> None:
        if name == self.dies_at:
            self.dies_at = ""
            raise Unavailable("died")
        self.steps.append(name)

    async def placement(self) -> Placement:
        return self.at

    async def is_begun(self) -> bool:
        return self.begun

    async def prepare(self, to: Placement) -> None:
        self._step("prepare")
        self.begun = True

    async def copy(self) -> int:
        self._step("copy")
        return 7

    async def switch(self) -> float:
        self._step("switch")
        self.at = Placement.DEDICATED
        return 0.1

    async def clear(self) -> None:
        self._step("clear")
        self.begun = False


@pytest.mark.parametrize("dies_at", ["", "prepare", "copy", "switch", "clear"])
async def test_a_move_ends_alike_wherever_it_died(office: Office, dies_at: str) -> None:
    moving, slug = Move(dies_at=dies_at), office.world.tenant.slug
    move = office.use(MoveTenant, moves=moving)
    if dies_at:
        with pytest.raises(Unavailable):
            await move(slug, Placement.DEDICATED)
    await move(slug, Placement.DEDICATED)
    assert (moving.at, moving.begun, moving.steps[-1]) == (Placement.DEDICATED, False, "clear")
    assert await move(slug, Placement.DEDICATED) is None
    with pytest.raises(NotFound):
        await move("nothing", Placement.POOLED)
