"""DeliverWebhooks: turn the log into deliveries and post them, at least once, in order per conversation.

A subscription is served by one worker at a time, so no two post the same delivery; a worker that dies is replaced when
its lease expires. Lanes run concurrently, a lane's events one after the other. Each receiver has connections and a
circuit breaker of its own: one that is down delays no other. PostgreSQL remembers everything; what was posted but not
stored when a process dies is posted again, with the same `webhook-id`.
"""

import asyncio
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.measuring import POSTING, POSTS, TALLY
from whatsapp_hub.application.ports.queues.webhook_queue import (
    DeliveryResult,
    DueDelivery,
    Planned,
    Receiver,
    ReceiverHealth,
    SubscriptionLease,
    WebhookQueue,
    WebhookSender,
)
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import (
    FALTERS_AFTER,
    NONE_FAILED,
    Attempt,
    DeliveryState,
    FailureCount,
    probe_in_s,
    put_off_s,
    retry_in_s,
)
from whatsapp_hub.domain.integrations.subscription import Webhook

log = logging.getLogger(__name__)

PLANNED_AT_ONCE = 2_000
RECEIVERS_AT_ONCE = 256
OF_ONE_COMPANY = 96
"""Most receivers of one tenant, so that its hanging ones never take all places."""
LANES_AT_ONCE = 8
TURN_S = 5.0
"""How long a subscription is served while others wait for a place."""
DUE_AT_ONCE = 64
LEASE_S = 40.0
RENEW_S = 8.0
LOOK_APART_S = 1.0
"""How soon a deleted or moved subscription, or a new secret, is noticed."""
AWAY_S = 0.5
LINGERS_S = 0.3
"""How long an idle lease is kept: taking it again costs more than waiting."""
GATHER_S = 0.003
"""Results that arrive within it are stored together."""
GONE = "gone: the receiver answered 410"
NOT_ENCODED = "not posted: the hub could not spell it"


@dataclass(slots=True)
class DeliverWebhooks:
    """Call it whenever there may be work; it returns once everything due has begun. `aclose` waits for that."""

    queue: WebhookQueue
    sender: WebhookSender
    again: Callable[[], None]
    """Called when a subscription is released: it may be due again at once."""
    chance: Callable[[], float] = random.random
    _driving: BackgroundTasks = field(default_factory=lambda: BackgroundTasks("webhooks.drive_failed"))
    _places: Counter[TenantId] = field(default_factory=Counter)
    _idle: dict[WebhookId, asyncio.Event] = field(default_factory=dict)
    _ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> int:
        """Begin to serve the due subscriptions; return how many. Raises Unavailable."""
        await self._plan()
        room = RECEIVERS_AT_ONCE - len(self._driving)
        if self._ends.is_set() or room <= 0:
            return 0
        full = [tenant_id for tenant_id, places in self._places.items() if places >= OF_ONE_COMPANY]
        leases = await self.queue.lease(room, LEASE_S, full, OF_ONE_COMPANY)
        for lease in leases:
            self._places[lease.tenant_id] += 1
            self._driving.start(SubscriptionWorker(self, lease).run(), partial(self._driven, lease.tenant_id))
        return len(leases)

    async def _plan(self) -> None:
        """Plan deliveries, and wake the idle workers of these subscriptions. If another worker planned, this process
        does not know for which: all idle workers check."""
        planned, found = set[WebhookId](), Planned(1)
        while found.positions and not self._ends.is_set():
            PULSE.beat("webhooks")
            found = await self.queue.plan(PLANNED_AT_ONCE)
            planned |= found.webhooks
        for webhook_id, planned_now in self._idle.items():
            if webhook_id in planned or not planned:
                planned_now.set()

    async def wait_for_more(self, webhook_id: WebhookId) -> bool:
        """Return whether more is planned for it within `LINGERS_S`."""
        planned = self._idle[webhook_id] = asyncio.Event()
        try:
            async with asyncio.timeout(LINGERS_S):
                return await planned.wait()
        except TimeoutError:
            return False
        finally:
            del self._idle[webhook_id]

    def _driven(self, tenant_id: TenantId) -> None:
        self._places[tenant_id] -= 1
        if not self._places[tenant_id]:
            del self._places[tenant_id]
        self.again()

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self._driving) >= RECEIVERS_AT_ONCE

    @property
    def ends(self) -> bool:
        """Whether `aclose` was called."""
        return self._ends.is_set()

    async def aclose(self) -> None:
        """Begin nothing more, and wait until what has begun is posted and stored."""
        self._ends.set()
        await self._driving.drain()


@dataclass(slots=True)
class SubscriptionWorker:
    """Deliver one subscription's events under one lease."""

    deliver: DeliverWebhooks
    lease: SubscriptionLease
    count: FailureCount = NONE_FAILED
    paused_s: float | None = None
    is_gone: bool = False
    _done: list[DeliveryResult] = field(default_factory=list)
    _flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _rated: tuple[int, float | None] = (0, None)
    """Stored failures and pause of the receiver."""
    _began: float = field(default_factory=time.monotonic)
    _webhook: Webhook | None = None
    _moves: int | None = None
    _looked: float = 0.0

    @property
    def failures(self) -> int:
        """Consecutive failed posts to this receiver."""
        return self.count.failures

    async def run(self) -> None:
        """Deliver until nothing more comes, the receiver is down, or the lease is lost."""
        failed_s_ago = self.lease.failed_s_ago
        last_at = time.monotonic() - (float("inf") if failed_s_ago is None else failed_s_ago)
        self.count = FailureCount(self.lease.failures, last_at)
        self._rated = self.failures, None
        async with self.deliver.sender.receiver() as receiver:
            try:
                while await self._look():
                    if await self._start(receiver):
                        await self._gather()
                        await self._write()
                    elif self.failures or not await self.deliver.wait_for_more(self.lease.webhook_id):
                        break
                    else:
                        self._webhook = None  # it may have changed meanwhile
            finally:
                await self._give_back()

    async def _give_back(self) -> None:
        """Release the lease once all posts have ended and are stored, those accepted beside a 410 included."""
        if self._flying:
            await asyncio.wait(self._flying.values())
        await self._write()
        queue = self.deliver.queue
        if self.is_gone:
            await self._patiently(lambda: queue.end(self.lease, self._moves, GONE))
        await self._patiently(lambda: queue.release(self.lease, self._moves))

    async def _look(self) -> bool:
        """Load the subscription, at most once a second; False: stop."""
        asked = time.monotonic()
        if self._is_stopped:
            return False
        if self._webhook and asked < self._looked + LOOK_APART_S:
            return True
        found = await self.deliver.queue.look(self.lease, LEASE_S)
        if found and self._moves is not None and found.moves != self._moves:
            found = None  # its address has changed: the next worker opens new connections
        self._webhook, self._looked = found, asked
        if self._moves is None and found:
            self._moves = found.moves
        return found is not None

    @property
    def _is_over(self) -> bool:
        """Whether its turn is over while others wait."""
        return self.deliver.is_full and time.monotonic() > self._began + TURN_S

    @property
    def _is_stopped(self) -> bool:
        return self.deliver.ends or self.is_gone or self.paused_s is not None or self._is_over

    @property
    def _postable(self) -> Webhook | None:
        """The subscription, if an attempt begun now ends before another worker may take it."""
        ends = time.monotonic() + self.deliver.sender.longest_s
        return None if self._is_stopped or ends >= self._looked + LEASE_S else self._webhook

    async def _start(self, receiver: Receiver) -> bool:
        """Begin what there is room for; False if nothing is under way then. A receiver that counts as down gets one
        event as a probe."""
        is_probe = probe_in_s(self.failures, 0.5) is not None
        room = (1 if is_probe else LANES_AT_ONCE) - len(self._flying)
        if room > 0:
            limit = 1 if is_probe else DUE_AT_ONCE
            for lane in _lanes(await self.deliver.queue.due(self.lease, list(self._flying), limit))[:room]:
                self._flying[lane[0].lane] = asyncio.create_task(self._post(receiver, lane))
        return bool(self._flying)

    async def _post(self, receiver: Receiver, lane: deque[DueDelivery]) -> None:
        """Post one lane's deliveries in order, until one fails or the subscription must be loaded again."""
        while lane and (webhook := self._postable):
            done = await self._attempt(receiver, webhook, lane.popleft())
            self._done.append(done)
            if done.state is DeliveryState.PENDING or time.monotonic() > self._looked + LOOK_APART_S:
                return

    async def _attempt(self, receiver: Receiver, webhook: Webhook, due: DueDelivery) -> DeliveryResult:
        if due.event is None:
            return DeliveryResult(due.id, DeliveryState.DEAD, Attempt(None, 0.0, "the log keeps it no more"))
        try:
            return self._result_of(due, await receiver.post(webhook, due))
        except Exception:
            log.exception("webhook.not_encoded", extra={"position": due.event.position, "type": due.event.type})
            return DeliveryResult(due.id, DeliveryState.DEAD, Attempt(None, 0.0, NOT_ENCODED))

    def _result_of(self, due: DueDelivery, attempt: Attempt | None) -> DeliveryResult:
        """Decide the delivery's result, and update the receiver's health."""
        if attempt is None:
            return DeliveryResult(due.id, DeliveryState.CANCELLED, None)
        if attempt.is_delivered:
            self.count, self.paused_s = NONE_FAILED, None
            return DeliveryResult(due.id, DeliveryState.DELIVERED, attempt)
        if attempt.is_gone:
            self.is_gone = True
            return DeliveryResult(due.id, DeliveryState.DEAD, attempt)
        if attempt.is_receivers_fault:
            now = time.monotonic()
            self.count = self.count.failed(now - attempt.took_s, now)
            self.paused_s = probe_in_s(self.failures, self.deliver.chance(), attempt.retry_after_s)
        left_s = due.left_s - attempt.took_s
        if left_s <= 0:
            return DeliveryResult(due.id, DeliveryState.DEAD, attempt)
        again_in_s = retry_in_s(due.tries + 1, self.deliver.chance(), attempt.retry_after_s)
        return DeliveryResult(due.id, DeliveryState.PENDING, attempt, min(put_off_s(again_in_s, self.paused_s), left_s))

    async def _gather(self) -> None:
        await asyncio.wait(self._flying.values(), timeout=RENEW_S, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(GATHER_S)

    async def _write(self) -> None:
        """Store the results together, before their lanes go on."""
        finished = [lane for lane, task in self._flying.items() if task.done()]
        done, self._done = self._done, []
        await self._patiently(lambda: self.deliver.queue.record(self.lease, done))
        for one in done:
            TALLY.add(POSTS, "retried" if one.state is DeliveryState.PENDING else one.state.value.lower())
            if one.attempt:
                TALLY.observe(POSTING, one.attempt.took_s)
        if self._rated != (self.failures, self.paused_s):
            rating = ReceiverHealth(self.failures, self.paused_s, self._rated[0] >= FALTERS_AFTER and not self.failures)
            await self._patiently(lambda: self.deliver.queue.rate(self.lease, self._moves, rating))
            self._rated = rating.failures, rating.paused_s
        for lane in finished:  # only those: what ended meanwhile is not stored yet
            self._flying.pop(lane).result()

    async def _patiently(self, write: Callable[[], Awaitable[None]]) -> None:
        """Retry the write while the lease is ours: unstored results would be posted again, and an unreleased lease
        delays the next worker. Raises Unavailable after that."""
        while True:
            try:
                return await write()
            except Unavailable:
                if time.monotonic() > self._looked + LEASE_S:
                    raise
                await asyncio.sleep(AWAY_S)


def _lanes(due: list[DueDelivery]) -> list[deque[DueDelivery]]:
    """Group deliveries by lane, each in order, lanes by their first delivery."""
    lanes: dict[str, deque[DueDelivery]] = {}
    for one in due:
        lanes.setdefault(one.lane, deque()).append(one)
    return list(lanes.values())
