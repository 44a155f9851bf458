"""Wake-ups: `Work` signalled in this process at once, and in the others through Valkey.

Nothing depends on a wake-up's arrival: every listener also polls each second, and four times a second while
Valkey is away. Signals that come while one is being published share the next publication.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from uuid import UUID, uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from whatsapp_hub.adapters.redis.fire_and_forget import FireAndForget
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

POLL_S = 1.0
POLL_ALONE_S = 0.25
APART_S = 0.002
BUSY_APART_S = 0.02
BUSY_PER_S = 600
BURST = 4
RECEIVE_S = 5.0
CHANNEL = "hub:wake"

Scope = TenantId | None
"""The tenant that has work; None: any."""
Publish = Callable[[Work, Collection[Scope]], Awaitable[None]]


class WakeSignal:
    """A signal that many set and one listener awaits."""

    def __init__(self, poll_s: Callable[[], float]) -> None:
        self._event = asyncio.Event()
        self._poll_s = poll_s
        self._rung: set[Scope] = set()
        self._looked_at = time.monotonic()

    def ring(self, tenant_id: Scope = None) -> None:
        """Wake who waits, for one tenant or (None) all."""
        self._rung.add(tenant_id)
        self._event.set()

    async def wait(self) -> Collection[TenantId] | None:
        """Wait for a signal or the next poll; return the tenants that may have work, or None to look at all. Polls of
        all keep their interval however often single tenants signal."""
        left_s = self._looked_at + self._poll_s() - time.monotonic()
        if left_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._event.wait()
        else:
            await asyncio.sleep(0)
        self._event.clear()
        rung, self._rung = self._rung, set()
        tenants = {one for one in rung if one is not None}
        now = time.monotonic()
        if tenants and len(tenants) == len(rung) and now < self._looked_at + self._poll_s():
            return tenants
        self._looked_at = now
        return None


class Wakes:
    """Implements `Wake`: `wakes(Work.INBOX, tenant_id)`.

    `here` is the work that this process does itself: it is signalled locally and not published (`does` adds and
    removes). All other work goes through `publish` (a hint to one worker, or a message to all subscribers).
    """

    def __init__(self, here: Iterable[Work], publish: Publish) -> None:
        self._here = set(here)
        self._publish = publish
        self._signals: dict[Work, list[WakeSignal]] = {}
        self._rung: dict[Work, Counter[Scope]] = {}
        self._publishing: dict[Work, asyncio.Task[None]] = {}
        self.is_alone = False

    def __call__(self, work: Work, tenant_id: Scope = None) -> None:
        self.ring(work, tenant_id)
        if work in self._here:
            return
        self._rung.setdefault(work, Counter())[tenant_id] += 1
        if work not in self._publishing:
            self._publishing[work] = asyncio.create_task(self._publish_pending(work))

    def ring(self, work: Work, tenant_id: Scope = None) -> None:
        """Signal the listeners of this process only."""
        for signal in self._signals.get(work, ()):
            signal.ring(tenant_id)

    def does(self, work: Work, is_here: bool) -> None:
        """Set whether this process does this work itself."""
        (self._here.add if is_here else self._here.discard)(work)

    def listen(self, work: Work) -> WakeSignal:
        """Make a signal for one kind of work, which rings here and polls now and then besides."""
        signal = WakeSignal(lambda: POLL_ALONE_S if self.is_alone else POLL_S)
        self._signals.setdefault(work, []).append(signal)
        return signal

    async def _publish_pending(self, work: Work) -> None:
        """Publish pending signals, less often under load: listeners are busy anyway, and publishing costs time."""
        apart_s = APART_S
        try:
            while rung := self._rung.pop(work, None):
                try:
                    async with asyncio.timeout(1):
                        await self._publish(work, rung.keys())
                except Exception as error:
                    log.debug("wake.lost", extra={"work": work, "error": type(error).__name__})
                apart_s = BUSY_APART_S if rung.total() >= max(BURST, apart_s * BUSY_PER_S) else APART_S
                await asyncio.sleep(apart_s)
        finally:
            del self._publishing[work]


class Channel:
    """Publish and subscribe of Valkey, a channel for each kind of work: a process receives only what it works on."""

    def __init__(self, redis: "Redis", sender: FireAndForget) -> None:
        self._redis = redis
        self._sender = sender
        self._own = uuid4().hex

    async def publish(self, work: Work, tenants: Collection[Scope]) -> None:
        """Send the hint to the other processes, without waiting for a reply."""
        names = "" if None in tenants else ",".join(str(tenant_id) for tenant_id in tenants)
        await self._sender.send("PUBLISH", f"{CHANNEL}:{work}", f"{self._own}:{names}")

    async def listen(self, wakes: Wakes, *works: Work) -> None:
        """Signal locally what other processes publish of these works, forever; reconnects by itself."""
        while True:
            try:
                await self._listen(wakes, works)
            except (RedisError, OSError) as error:
                if not wakes.is_alone:
                    log.warning("wake.valkey_away", extra={"error": type(error).__name__})
                wakes.is_alone = True
                PULSE.beat("wakes")
                await asyncio.sleep(0.5)

    async def _listen(self, wakes: Wakes, works: Iterable[Work]) -> None:
        async with self._redis.pubsub() as subscription:
            async with asyncio.timeout(RECEIVE_S):
                await subscription.subscribe(*(f"{CHANNEL}:{work}" for work in works))
            wakes.is_alone = False
            while True:
                PULSE.beat("wakes")
                message = await subscription.get_message(timeout=RECEIVE_S)
                if message and message["type"] == "message":
                    self._receive(wakes, message["channel"], message["data"])

    def _receive(self, wakes: Wakes, channel: bytes, data: bytes) -> None:
        """Signal a message's tenants; one that cannot be parsed (another version's, another program's) is skipped:
        polling covers it."""
        try:
            sender, _, names = data.decode().partition(":")
            work = Work(channel.decode().rpartition(":")[2])
            tenants = [TenantId(UUID(name)) if name else None for name in names.split(",")]
        except ValueError:
            log.warning("wake.unreadable", extra={"bytes": len(data)})
            return
        if sender != self._own:  # our own publications were signalled locally already
            for one in tenants:
                wakes.ring(work, one)
