"""Wake-ups: `Work` rung in this process at once, and in the others through Valkey.

Nothing depends on a wake-up's arrival: every listener also looks each second, and four times a second while
Valkey is away. Rings that come while one is being told share the next telling.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from whatsapp_hub.application.ports.delivery import Work

log = logging.getLogger(__name__)

POLL_S = 1.0
POLL_ALONE_S = 0.25
APART_S = 0.002
BUSY_APART_S = 0.02
BUSY_PER_S = 600
BURST = 4
CHANNEL = "hub:wake"

Tell = Callable[[Work], Awaitable[None]]


class Bell:
    """Rung by anybody, heard by one listener."""

    def __init__(self, poll_s: Callable[[], float]) -> None:
        self._event = asyncio.Event()
        self._poll_s = poll_s

    def ring(self) -> None:
        self._event.set()

    async def wait(self) -> bool:
        """Until it rings (True), or until it is time to look anyway (False)."""
        try:
            async with asyncio.timeout(self._poll_s()):  # wait_for of Python 3.11 may swallow a cancellation
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Wakes:
    """Calls itself `Wake` (the port): `wakes(Work.INBOX)`.

    `here` is the work that this process does itself; it is rung directly and told to nobody. All other work is
    told through `tell` (a taskiq hint to one worker, or a publish to all who listen).
    """

    def __init__(self, here: Iterable[Work], tell: Tell) -> None:
        self._here = frozenset(here)
        self._tell = tell
        self._bells: dict[Work, list[Bell]] = {}
        self._rung: dict[Work, int] = {}
        self._telling: dict[Work, asyncio.Task[None]] = {}
        self.is_alone = False

    def __call__(self, work: Work) -> None:
        self.ring(work)
        if work in self._here:
            return
        self._rung[work] = self._rung.get(work, 0) + 1
        if work not in self._telling:
            self._telling[work] = asyncio.create_task(self._tell_others(work))

    def ring(self, work: Work) -> None:
        """Ring the listeners of this process only."""
        for bell in self._bells.get(work, ()):
            bell.ring()

    def listen(self, work: Work) -> Bell:
        bell = Bell(lambda: POLL_ALONE_S if self.is_alone else POLL_S)
        self._bells.setdefault(work, []).append(bell)
        return bell

    async def _tell_others(self, work: Work) -> None:
        """Where it rings very often, whoever listens is at work anyway, and telling takes its time: seldomer then."""
        apart_s = APART_S
        try:
            while rung := self._rung.pop(work, 0):
                try:
                    async with asyncio.timeout(1):
                        await self._tell(work)
                except Exception as error:
                    log.debug("wake.lost", extra={"work": work, "error": type(error).__name__})
                apart_s = BUSY_APART_S if rung >= max(BURST, apart_s * BUSY_PER_S) else APART_S
                await asyncio.sleep(apart_s)
        finally:
            del self._telling[work]


class Channel:
    """A publish and subscribe channel of Valkey that carries wake-ups to every process."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._own = uuid4().hex

    async def publish(self, work: Work) -> None:
        await self._redis.publish(CHANNEL, f"{self._own}:{work}")

    async def listen(self, wakes: Wakes) -> None:
        """Ring what others tell, for ever; connects again by itself."""
        while True:
            try:
                await self._listen(wakes)
            except (RedisError, OSError) as error:
                if not wakes.is_alone:
                    log.warning("wake.valkey_away", extra={"error": type(error).__name__})
                wakes.is_alone = True
                await asyncio.sleep(0.5)

    async def _listen(self, wakes: Wakes) -> None:
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            wakes.is_alone = False
            async for message in subscription.listen():
                if message["type"] == "message":
                    sender, _, work = message["data"].decode().partition(":")
                    if sender != self._own:  # what we told others, we heard when it was rung
                        wakes.ring(Work(work))
