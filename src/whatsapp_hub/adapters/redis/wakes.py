"""Wake-ups: `Work` rung in this process at once, and in the others through Valkey.

Nothing depends on a wake-up's arrival: every listener also looks each second, and four times a second while
Valkey is away. Rings that come while one is being told share the next telling.
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
HEAR_S = 5.0
CHANNEL = "hub:wake"

Whose = TenantId | None
"""Whose work: one tenant's, or (None) anybody's."""
Tell = Callable[[Work, Collection[Whose]], Awaitable[None]]


class WakeSignal:
    """Rung by anybody, heard by one listener."""

    def __init__(self, poll_s: Callable[[], float]) -> None:
        self._event = asyncio.Event()
        self._poll_s = poll_s
        self._rung: set[Whose] = set()
        self._looked_at = time.monotonic()

    def ring(self, whose: Whose = None) -> None:
        self._rung.add(whose)
        self._event.set()

    async def wait(self) -> Collection[TenantId] | None:
        """Until it rings, or until it is time to look anyway: whose work there may be, or None if all are to be looked
        at. They are in time however often it rings for some."""
        left_s = self._looked_at + self._poll_s() - time.monotonic()
        if left_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._event.wait()
        else:
            await asyncio.sleep(0)
        self._event.clear()
        rung, self._rung = self._rung, set()
        whose = {one for one in rung if one is not None}
        now = time.monotonic()
        if whose and len(whose) == len(rung) and now < self._looked_at + self._poll_s():
            return whose
        self._looked_at = now
        return None


class Wakes:
    """Calls itself `Wake` (the port): `wakes(Work.INBOX, tenant_id)`.

    `here` is the work that this process does itself; it is rung directly and told to nobody (`does` adds to it, and
    takes away). All other work is told through `tell` (a hint to one worker, or a publish to all who listen).
    """

    def __init__(self, here: Iterable[Work], tell: Tell) -> None:
        self._here = set(here)
        self._tell = tell
        self._bells: dict[Work, list[WakeSignal]] = {}
        self._rung: dict[Work, Counter[Whose]] = {}
        self._telling: dict[Work, asyncio.Task[None]] = {}
        self.is_alone = False

    def __call__(self, work: Work, tenant_id: Whose = None) -> None:
        self.ring(work, tenant_id)
        if work in self._here:
            return
        self._rung.setdefault(work, Counter())[tenant_id] += 1
        if work not in self._telling:
            self._telling[work] = asyncio.create_task(self._tell_others(work))

    def ring(self, work: Work, tenant_id: Whose = None) -> None:
        """Ring the listeners of this process only."""
        for bell in self._bells.get(work, ()):
            bell.ring(tenant_id)

    def does(self, work: Work, is_here: bool) -> None:
        """Whether this process is the one that does this work."""
        (self._here.add if is_here else self._here.discard)(work)

    def listen(self, work: Work) -> WakeSignal:
        bell = WakeSignal(lambda: POLL_ALONE_S if self.is_alone else POLL_S)
        self._bells.setdefault(work, []).append(bell)
        return bell

    async def _tell_others(self, work: Work) -> None:
        """Where it rings very often, whoever listens is at work anyway, and telling takes its time: seldomer then."""
        apart_s = APART_S
        try:
            while rung := self._rung.pop(work, None):
                try:
                    async with asyncio.timeout(1):
                        await self._tell(work, rung.keys())
                except Exception as error:
                    log.debug("wake.lost", extra={"work": work, "error": type(error).__name__})
                apart_s = BUSY_APART_S if rung.total() >= max(BURST, apart_s * BUSY_PER_S) else APART_S
                await asyncio.sleep(apart_s)
        finally:
            del self._telling[work]


class Channel:
    """Publish and subscribe of Valkey, a channel for each kind of work: a process hears of what it does alone."""

    def __init__(self, redis: "Redis", unanswered: FireAndForget) -> None:
        self._redis = redis
        self._unanswered = unanswered
        self._own = uuid4().hex

    async def tell(self, work: Work, whose: Collection[Whose]) -> None:
        names = "" if None in whose else ",".join(str(tenant_id) for tenant_id in whose)
        await self._unanswered.send("PUBLISH", f"{CHANNEL}:{work}", f"{self._own}:{names}")

    async def listen(self, wakes: Wakes, *works: Work) -> None:
        """Ring what others tell of these works, for ever; connects again by itself."""
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
            async with asyncio.timeout(HEAR_S):
                await subscription.subscribe(*(f"{CHANNEL}:{work}" for work in works))
            wakes.is_alone = False
            while True:
                PULSE.beat("wakes")
                message = await subscription.get_message(timeout=HEAR_S)
                if message and message["type"] == "message":
                    self._hear(wakes, message["channel"], message["data"])

    def _hear(self, wakes: Wakes, channel: bytes, said: bytes) -> None:
        """Ring for what was heard; what cannot be read (another version's, another program's) is passed over: the look
        each second serves."""
        try:
            sender, _, names = said.decode().partition(":")
            work = Work(channel.decode().rpartition(":")[2])
            whose = [TenantId(UUID(name)) if name else None for name in names.split(",")]
        except ValueError:
            log.warning("wake.unreadable", extra={"bytes": len(said)})
            return
        if sender != self._own:  # what we told others, we heard when it was rung
            for one in whose:
                wakes.ring(work, one)
