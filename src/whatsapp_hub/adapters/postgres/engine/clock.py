"""Keep the hub's time: read PostgreSQL's clock each second beside our own, and write the next mark. See
domain/operations/hub_time.py; docs/decisions/0020.

Any process may write the mark, and writes none while it is fresh. A mark is replaced only by a process that judged that
very mark. Statements read `now` from the view `hub.time`, and `long_past` where they delete by age.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from whatsapp_hub.application.measuring import STEPS, TALLY
from whatsapp_hub.application.operations.hub_time import HubTime
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.operations.hub_time import LEAP_S, Judgement, Mark, join, judge, start

EVERY_S = 1.0
FRESH_S = 0.7
"""A mark younger than this is fresh, and left as it is."""
PATIENCE_S = 1.2
"""How long a starting process waits for a mark of the others."""
DEADLINE_S = 5.0
QUICK_S = 0.02
READS = 3
"""A step is measured by the quickest of so many answers, fewer if one is quick: what it is wrong by lasts for minutes,
and adds up with that of others."""
LOOP = "clock"

_READ = "SELECT clock_timestamp() AS server, seen_at, ahead_s, lag_s, settled_at, number FROM hub.clock"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
      AND application_name IN ('whatsapp-hub hub_app', 'whatsapp-hub hub_system') AND pid <> ALL ($1::int[])"""
# The next second's mark makes up for one that a crash of PostgreSQL lost.
_WRITE = """
    UPDATE hub.clock SET seen_at = $1, ahead_s = $2, lag_s = $3, settled_at = $4, number = $5
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS at_once WHERE number = $5 - 1 RETURNING number"""
# After a leap of the clock leases last as long as before.
_LOCK = """
    SET LOCAL lock_timeout = '1s';
    LOCK TABLE hub.connectors, hub.lanes, hub.webhooks IN SHARE ROW EXCLUSIVE MODE"""
_PROLONG = (
    "UPDATE hub.connectors SET until = until + $1 * interval '1 second'",
    """UPDATE hub.lanes SET lease_until = lease_until + $1 * interval '1 second',
         next_at = next_at + $1 * interval '1 second' WHERE attempt_message IS NOT NULL OR awaits IS NOT NULL""",
    "UPDATE hub.webhooks SET lease_until = lease_until + $1 * interval '1 second' WHERE lease_until > '-infinity'",
)

System = Callable[[Callable[[Any], Awaitable[Any]]], Awaitable[Any]]

log = logging.getLogger(__name__)


class _Look(NamedTuple):
    """PostgreSQL's clock beside our own (`asked`, `answered`)."""

    asked: float
    answered: float
    mark: Mark
    server: datetime
    judgement: Judgement

    @property
    def took_s(self) -> float:
        return self.answered - self.asked


class ClockKeeper:
    """The keeper of the hub's time: `await join()` when the pools are open, then `await run()`. `system` runs work as
    hub_system; `pids` are the server processes of our own connections."""

    def __init__(self, time: HubTime, system: System, pids: Callable[[], list[int]]) -> None:
        self._time = time
        self._system = system
        self._pids = pids

    async def join(self) -> None:
        """Adopt the hub's time, or start it where no other process runs. Retries until the database can."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._join()
        except (Unavailable, TimeoutError, asyncpg.UndefinedTableError):
            log.debug("clock.not_joined")

    async def run(self) -> None:
        """Keep the time until cancelled."""
        while True:
            PULSE.beat(LOOP)
            await asyncio.sleep(EVERY_S)
            await (self.beat() if self._time.mark else self.join())

    async def beat(self) -> None:
        """Compare the clocks once; a database that is away is asked again at the next beat."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._beat()
        except (Unavailable, TimeoutError, asyncpg.UndefinedTableError):
            log.debug("clock.not_read")

    async def _beat(self) -> None:
        best = await self._look()
        for _ in range(1, READS):
            if best is None or not best.judgement.stepped_s or best.took_s <= QUICK_S:
                break
            again = await self._look()
            best = again if again and again.took_s < best.took_s else best
        if best is None:
            return  # it has not joined
        judgement = best.judgement
        is_quiet = not judgement.stepped_s and not judgement.leapt_s
        if is_quiet and (best.mark.at(best.server) - best.mark.seen_at).total_seconds() < FRESH_S:
            self._time.follow(best.mark, judgement.mark.seen_at, best.asked, best.answered)
        elif await self._write(judgement, follows=True):
            self._time.follow(judgement.mark, judgement.mark.seen_at, best.asked, best.answered)

    async def _look(self) -> _Look | None:
        """Read PostgreSQL's clock and judge it; None: this process has not joined."""
        asked = self._time.ticks()
        mark, server = _read(await self._system(lambda c: c.fetchrow(_READ)))
        answered = self._time.ticks()
        if (reckoning := self._time.reckoning(asked, answered)) is None:
            return None
        return _Look(asked, answered, mark, server, judge(mark, server, reckoning))

    async def _join(self) -> None:
        waited, first = 0.0, self._time.ticks()
        while self._time.mark is None:
            asked = self._time.ticks()
            mark, server = _read(await self._system(lambda c: c.fetchrow(_READ)))
            answered = self._time.ticks()
            judgement = join(mark, server)
            if judgement is None and (waited >= PATIENCE_S or await self._is_alone()):
                judgement = start(mark, server)
            if judgement is not None and await self._write(judgement, follows=False):
                self._time.follow(judgement.mark, judgement.mark.seen_at, asked, answered)
            elif judgement is None:
                await asyncio.sleep(0.1)
            waited = self._time.ticks() - first

    async def _is_alone(self) -> bool:
        return not await self._system(lambda c: c.fetchval(_OTHERS, self._pids()))

    async def _write(self, judgement: Judgement, *, follows: bool) -> bool:
        """Write the mark; return whether it replaced the judged one. After a leap while the hub runs, extend leases."""
        mark = judgement.mark
        values = (mark.seen_at, mark.ahead_s, mark.lag_s, mark.settled_at, mark.number)

        async def leap(connection: Any) -> Any:
            async with connection.transaction():
                await connection.execute(_LOCK)
                written = await connection.fetchval(_WRITE, *values)
                for prolong in _PROLONG if written else ():
                    await connection.execute(prolong, judgement.leapt_s)
                return written

        leaps = follows and judgement.leapt_s
        written = await self._system(leap if leaps else lambda c: c.fetchval(_WRITE, *values))
        if written:
            _log_change(judgement)
        return bool(written)


def _read(row: Any) -> tuple[Mark, Any]:
    return Mark(row["seen_at"], row["ahead_s"], row["lag_s"], row["settled_at"], row["number"]), row["server"]


def _log_change(judgement: Judgement) -> None:
    if judgement.stepped_s:
        TALLY.add(STEPS)
        fields = {"by_s": round(judgement.stepped_s, 3), "ahead_s": round(judgement.mark.ahead_s, 3)}
        log.warning("clock.stepped", extra=fields)
    elif judgement.leapt_s > LEAP_S:
        log.info(
            "clock.leapt", extra={"by_s": round(judgement.leapt_s, 3), "ahead_s": round(judgement.mark.ahead_s, 3)}
        )
