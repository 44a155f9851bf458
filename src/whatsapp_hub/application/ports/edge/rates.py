"""Rate limits of requests."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Allowance:
    """The state after one request: `limit` a window, `remaining` of them at once, all of them again in `reset_s`. Not
    allowed: the next one is in `retry_s`."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: float
    retry_s: float = 0.0


class Rates(Protocol):
    """Count requests in windows of time."""

    async def spend(self, key: str, limit: int, window_s: int) -> Allowance:
        """Take one of `limit` requests that `key` has each `window_s` seconds; a refused one costs nothing. Shared by
        all processes while the store is up, per process while it is down. Never raises."""
        ...
