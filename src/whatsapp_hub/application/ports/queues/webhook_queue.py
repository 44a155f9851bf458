"""Outgoing webhooks: subscriptions, the queue of their deliveries, and the sender."""

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
    """A subscription's health: its receiver's failures in a row, until when it is paused (`open_until`), up to which
    position of the log deliveries were planned (`cursor`), and how many are pending."""

    failures: int
    open_until: datetime | None
    cursor: int
    pending: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """An entry of the delivery log. `attempts` are JSON: `[{at, status, error, tookMs}]`."""

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
        """List subscriptions, the oldest first."""
        ...

    async def get(self, webhook_id: WebhookId) -> Webhook:
        """Return it, locked. Raises NotFound."""
        ...

    async def health(self, webhook_id: WebhookId) -> SubscriptionHealth:
        """Return how a subscription's deliveries go: how many wait, since when they fail."""
        ...

    async def of_session(self, session_id: SessionId) -> Webhook | None:
        """Return the session's own, locked."""
        ...

    async def why_off(self, webhook_id: WebhookId) -> str | None:
        """Return why it is switched off, unlocked; None if it is on, or does not exist."""
        ...

    async def add(self, webhook: Webhook) -> None:
        """Store a new subscription; it gets the events from now on."""
        ...

    async def save(self, webhook: Webhook, *, at_once: bool = False) -> None:
        """Store it. Switched on again, it gets the events from now on. A move makes its pending deliveries due at once
        (`at_once`: without a move, too)."""
        ...

    async def remove(self, webhook_id: WebhookId) -> None:
        """Delete it, with its deliveries."""
        ...

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, limit: int, before: int | None
    ) -> list[DeliveryRecord]:
        """List deliveries with a position below `before`, the newest first."""
        ...

    async def replay(self, delivery_id: int) -> DeliveryRecord:
        """Make it pending again, due at once, with its full time to live. Raises NotFound, Conflict (the subscription
        is off, or it is pending anyway), Expired (its event is no longer kept)."""
        ...

    async def replay_range(self, webhook_id: WebhookId, after: int, upto: int, limit: int) -> tuple[int, int]:
        """Replay up to `limit` events of the log in (after, upto] that match the subscription, delivered before or not;
        return the count and the last position."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """How many positions of the log were planned as deliveries, and of which subscriptions."""

    positions: int
    webhooks: frozenset[WebhookId] = frozenset()


@dataclass(frozen=True, slots=True)
class SubscriptionLease:
    """One worker's lease of a subscription; its writes count while the fence is its own. `failed_s_ago`: when its
    receiver's last failure was counted; None: never."""

    webhook_id: WebhookId
    tenant_id: TenantId
    fence: int
    failures: int
    failed_s_ago: float | None = None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to make now, with `left_s` until it is given up. Deliveries of one lane are made one after the other.
    The session's names are None for an event without a session, or of a deleted one."""

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
    """The result of a delivery. PENDING: to be tried again in `again_in_s`. `attempt` None: none was made."""

    delivery_id: int
    state: DeliveryState
    attempt: Attempt | None
    again_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReceiverHealth:
    """A receiver's failures in a row, and how long it is paused. `is_back`: it recovered; deliveries that were
    postponed by its failures are due at once."""

    failures: int
    paused_s: float | None
    is_back: bool


class WebhookQueue(Protocol):
    """Across tenants (role hub_system); each call is a transaction of its own. `moves`: the subscription's at the time
    of the post (None: nothing was posted); a result from before a move says nothing about the new receiver."""

    async def plan(self, limit: int) -> Planned:
        """Create the deliveries of the next positions of the log, at most `limit`. No positions: none are left, or
        another worker is planning."""
        ...

    async def lease(
        self, limit: int, lease_s: float, full: Collection[TenantId] = (), of_one: int = 2**31 - 1
    ) -> list[SubscriptionLease]:
        """Lease subscriptions that have deliveries due and no worker: none of the companies in `full`, at most `of_one`
        of one company, the first of each before the second of any."""
        ...

    async def look(self, lease: SubscriptionLease, lease_s: float) -> Webhook | None:
        """Renew the lease and return the current subscription; None if the lease is lost or it was switched off."""
        ...

    async def due(self, lease: SubscriptionLease, but_lanes: Collection[str], limit: int) -> list[DueDelivery]:
        """Return the first due deliveries of other lanes than `but_lanes`, in the log's order; fewer than `limit` if
        they are large. `event` is None if the log no longer has it."""
        ...

    async def record(self, lease: SubscriptionLease, done: Sequence[DeliveryResult]) -> None:
        """Store the results, if the lease is still ours."""
        ...

    async def rate(self, lease: SubscriptionLease, moves: int | None, rating: ReceiverHealth) -> None:
        """Store the receiver's health; does nothing after a move."""
        ...

    async def end(self, lease: SubscriptionLease, moves: int | None, reason: str) -> None:
        """Switch it off for good and cancel its pending deliveries; does nothing after a move."""
        ...

    async def release(self, lease: SubscriptionLease, moves: int | None) -> None:
        """Release the lease; the subscription is due again with its next delivery, after a move at once."""
        ...

    async def expire(self, limit: int) -> int:
        """Give up deliveries that expired while their receiver was down or their subscription off; return the count."""
        ...

    async def oldest_needed(self) -> int:
        """Return the first position of the log that deliveries may still need."""
        ...

    async def trim(self, older_than: datetime, limit: int) -> int:
        """Delete finished deliveries; return the count."""
        ...


class Receiver(Protocol):
    """Post to one receiver, over connections of its own."""

    async def post(self, webhook: Webhook, due: DueDelivery) -> Attempt | None:
        """Make one attempt within a hard deadline. Never raises for the receiver's faults; an error in encoding the
        event is raised as it is. None: the subscription's format cannot encode the event, and nothing was sent."""
        ...

    async def ping(self, webhook: Webhook) -> Attempt:
        """Post a signed event of type `webhook.test`."""
        ...


class WebhookSender(Protocol):
    """Posts only to addresses that the operator allows; follows no redirect."""

    longest_s: float

    def receiver(self) -> AbstractAsyncContextManager[Receiver]:
        """Open a connection pool for one receiver alone."""
        ...
