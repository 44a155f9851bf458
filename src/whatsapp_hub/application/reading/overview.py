"""Overview for operators: queue depths and ages, connections, counters of all processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from whatsapp_hub.application.measuring import Series
from whatsapp_hub.application.reading.system import Depths, Running


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds that the oldest item of a queue has waited (0: empty): updates, events without a position, lanes that
    could send, webhook deliveries; `log` is the age of the oldest event kept."""

    inbox: float
    outbox: float
    lanes: float
    webhooks: float
    log: float


@dataclass(frozen=True, slots=True)
class Overview:
    """State of the whole hub. `sessions` by provider and status; `unheld` wait for a connector; `webhooks_behind` are
    positions of the log without planned deliveries; `receivers_down` are subscriptions paused after failures."""

    depths: Depths
    ages: Ages
    log_position: int
    webhooks_behind: int
    receivers_down: int
    unheld: int
    sessions: Mapping[tuple[str, str], int]
    processes: list[tuple[Running, Mapping[str, float]]]
    counts: Mapping[Series, float] = field(default_factory=dict)


class ReadsOverview(Protocol):
    """Read what the hub as a whole is doing."""

    async def __call__(self) -> Overview:
        """Read it for all tenants, a few seconds old at most. Raises Unavailable."""
        ...
