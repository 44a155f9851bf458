"""Outgoing webhooks: subscriptions, the queue of their deliveries, and how one is posted."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import SessionId, TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import Attempt, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook


@dataclass(frozen=True, slots=True)
class SubscriptionHealth:
    """How a subscription fares: its receiver's failures in a row, until when it is left alone, how far the log has
    been turned into its deliveries, how many wait."""

    failures: int
    open_until: datetime | None
    cursor: int
    pending: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A line of the delivery log. `attempts` are JSON: `[{at, status, error, tookMs}]`."""

    id: int
    webhook_id: WebhookId
    position: int
    type: str
    state: DeliveryState
    tries: int
    next_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: bytes


class Webhooks(Protocol):
    """Subscriptions and their delivery log, in a unit of work."""

    async def all(self) -> list[tuple[Webhook, SubscriptionHealth]]:
        """The oldest first."""
        ...

    async def get(self, webhook_id: WebhookId) -> Webhook:
        """Locks. Raises NotFound."""
        ...

    async def health(self, webhook_id: WebhookId) -> SubscriptionHealth: ...

    async def of_session(self, session_id: SessionId) -> Webhook | None:
        """The session's own. Locks."""
        ...

    async def why_off(self, webhook_id: WebhookId) -> str | None:
        """Why it is switched off; None if it is on, or not there. Unlocked."""
        ...

    async def add(self, webhook: Webhook) -> None:
        """It is told what happens from now on."""
        ...

    async def save(self, webhook: Webhook, *, at_once: bool = False) -> None:
        """Store it. Switched on again, it gets what happens from now on; moved, it gets all that waits, at once
        (`at_once`: not moved, too)."""
        ...

    async def remove(self, webhook_id: WebhookId) -> None:
        """With its deliveries."""
        ...

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, limit: int, before: int | None
    ) -> list[DeliveryRecord]:
        """The newest first, with a position below `before`."""
        ...

    async def replay(self, delivery_id: int) -> DeliveryRecord:
        """Pending again, at once, with all its time. Raises NotFound, Conflict (the subscription is off, it waits
        anyway), Expired (its event is kept no more)."""
        ...

    async def replay_range(self, webhook_id: WebhookId, after: int, upto: int, limit: int) -> tuple[int, int]:
        """The same for every event of the log in (after, upto] that the subscription is for, whether it was ever
        delivered or not; at most `limit`. How many, and up to which position."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """How many positions of the log were turned into deliveries, and whose they are."""

    positions: int
    webhooks: frozenset[WebhookId] = frozenset()


@dataclass(frozen=True, slots=True)
class SubscriptionLease:
    """A subscription is driven by one worker at a time, whose writes count while the fence is its own. `failed_s_ago`:
    when its receiver's last failure was counted; None: never."""

    webhook_id: WebhookId
    tenant_id: TenantId
    fence: int
    failures: int
    failed_s_ago: float | None = None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to make now, for which so much time is left. Deliveries of one lane are made one after the other. The
    session's names are None for an event of no session, or of one that is gone."""

    id: int
    lane: str
    tries: int
    left_s: float
    event: LoggedEvent | None
    session_key: str | None = None
    session_name: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a delivery. PENDING: to be tried again in `again_in_s`. Without an attempt none was made."""

    delivery_id: int
    state: DeliveryState
    attempt: Attempt | None
    again_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReceiverHealth:
    """A receiver's failures in a row, and how long it is left alone. `is_back`: it was down, or nearly; what was put
    off because of that is due at once."""

    failures: int
    left_alone_s: float | None
    is_back: bool


class WebhookQueue(Protocol):
    """Across tenants (role hub_system); each call is a transaction of its own. `moves`: the subscription's, when it was
    posted (None: nothing was); if it has moved meanwhile, that says nothing about its new receiver."""

    async def plan(self, limit: int) -> Planned:
        """Make the deliveries of the next positions of the log, at most `limit`. No positions: none are left, or
        another worker is at it."""
        ...

    async def lease(
        self, limit: int, lease_s: float, full: Collection[TenantId] = (), of_one: int = 2**31 - 1
    ) -> list[SubscriptionLease]:
        """Take subscriptions that have something due and no driver: none of the companies in `full`, at most `of_one`
        of one company, the first of each before the second of any."""
        ...

    async def look(self, lease: SubscriptionLease, lease_s: float) -> Webhook | None:
        """The subscription as it is now, the lease renewed; None if the lease is lost or it was switched off."""
        ...

    async def due(self, lease: SubscriptionLease, but_lanes: Collection[str], limit: int) -> list[DueDelivery]:
        """The first due deliveries of lanes that wait for nothing, in the log's order; fewer than `limit` if they are
        heavy. `event` is None if the log does not hold it any more."""
        ...

    async def record(self, lease: SubscriptionLease, done: Sequence[DeliveryResult]) -> None:
        """Write it down, if the lease is still ours."""
        ...

    async def rate(self, lease: SubscriptionLease, moves: int | None, rating: ReceiverHealth) -> None:
        """Nothing after a move."""
        ...

    async def end(self, lease: SubscriptionLease, moves: int | None, reason: str) -> None:
        """Switch it off for good; what waits is cancelled. Nothing after a move."""
        ...

    async def release(self, lease: SubscriptionLease, moves: int | None) -> None:
        """Give it back; it is due again when the next of its deliveries is. After a move, that is at once."""
        ...

    async def expire(self, limit: int) -> int:
        """Give up what is out of time while its receiver is down or its subscription off; how many."""
        ...

    async def oldest_needed(self) -> int:
        """The first position of the log that deliveries may still ask for."""
        ...

    async def trim(self, older_than: datetime, limit: int) -> int:
        """Forget finished deliveries; how many."""
        ...


class Receiver(Protocol):
    async def post(self, webhook: Webhook, due: DueDelivery) -> Attempt | None:
        """One attempt within a hard deadline. Never raises for what the other side does; an event that cannot be
        spelled raises whatever that raises. None: the subscription's format has no words for it, nothing was sent."""
        ...

    async def ping(self, webhook: Webhook) -> Attempt:
        """A signed event of type `webhook.test`."""
        ...


class WebhookSender(Protocol):
    """Posts only to addresses that the operator allows; follows no redirect."""

    longest_s: float

    def receiver(self) -> AbstractAsyncContextManager[Receiver]:
        """Connections of one receiver, shared with no other."""
        ...
