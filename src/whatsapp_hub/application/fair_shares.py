"""Places that companies share, so that none takes what the others need for a moment each."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Owner = TypeVar("Owner")


@dataclass(slots=True)
class FairShares(Generic[Owner]):
    """So many places, of which one owner has `of_one` at most, and leaves `kept` free for those who have none. A line
    for each owner, and owners take turns. None is the hub itself, which may have all."""

    places: int
    of_one: int
    kept: int = 0
    _taken: int = 0
    _held: Counter[Owner | None] = field(default_factory=Counter)
    _lines: dict[Owner | None, "deque[asyncio.Future[None]]"] = field(default_factory=dict)

    @asynccontextmanager
    async def place(self, owner: Owner | None) -> AsyncIterator[None]:
        """Hold a place while the block runs."""
        await self.enter(owner)
        try:
            yield
        finally:
            self.leave(owner)

    async def enter(self, owner: Owner | None) -> None:
        """Wait for a place; `leave` gives it back."""
        if owner not in self._lines and self._may(owner):
            self._take(owner)
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._give_up(owner, turn)
            else:  # the turn came at the same moment
                self.leave(owner)
            raise

    def leave(self, owner: Owner | None) -> None:
        """Give a place back, and hand on what is free."""
        self._taken -= 1
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._hand_on()

    def _may(self, owner: Owner | None) -> bool:
        free, held = self.places - self._taken, self._held[owner]
        if owner is None or not held:
            return free > 0
        return held < self.of_one and free > self.kept

    def _take(self, owner: Owner | None) -> None:
        self._taken += 1
        self._held[owner] += 1

    def _hand_on(self) -> None:
        """Give free places to owners who wait, one each in turn; who got one goes to the end."""
        is_given = True
        while is_given and self._taken < self.places:
            is_given = False
            for owner in list(self._lines):
                if self._may(owner):
                    is_given = self._give(owner) or is_given

    def _give(self, owner: Owner | None) -> bool:
        line = self._lines.pop(owner)
        turn = line.popleft()
        if line:
            self._lines[owner] = line
        if turn.done():
            return bool(line)
        self._take(owner)
        turn.set_result(None)
        return True

    def _give_up(self, owner: Owner | None, turn: "asyncio.Future[None]") -> None:
        line = self._lines.get(owner)
        if line is None:
            return
        with suppress(ValueError):
            line.remove(turn)
        if not line:
            del self._lines[owner]
