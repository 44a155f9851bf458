"""Rate limits as one number per key, the theoretical arrival time (GCRA).

Smooth where a counter per window would let twice the limit through at its edge. In Valkey one script per request;
while Valkey is away the same rule runs in this process.
"""

import asyncio
import time
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.rates import Allowance

_SPEND = """
local now, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spoken_for = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
if spoken_for > now + window + tonumber(ARGV[4]) then spoken_for = now end -- another clock spoke for that
local after = spoken_for + window / limit - now
local late = math.min(window / limit / 2, 0.1) -- requests pass one another on their way here
if after > window + late then return {0, tostring(after)} end
redis.call('SET', KEYS[1], string.format('%.6f', now + after), 'PX', math.ceil(after * 1000))
return {1, tostring(after)}
"""
_DEADLINE_S = 0.5
_AWAY_S = 1.0
_CLOCKS_APART_S = 60
_REMEMBERED = 50_000


def _allowance(allowed: bool, spoken_for_s: float, limit: int, window_s: int) -> Allowance:
    """Build the result. `spoken_for_s`: seconds until the allowance is whole again, this request counted."""
    each_s = window_s / limit
    if not allowed:
        return Allowance(False, limit, 0, spoken_for_s - each_s, spoken_for_s - window_s)
    left = int((window_s - spoken_for_s) / each_s + 1e-6)
    return Allowance(True, limit, left, spoken_for_s)


@dataclass(slots=True)
class LocalRates:
    """Implements `Rates` for one process."""

    _spoken_for: dict[str, float] = field(default_factory=dict)

    async def spend(self, key: str, limit: int, window_s: int) -> Allowance:
        """Count in this process alone, as if there were no other."""
        now = time.monotonic()
        after = max(self._spoken_for.get(key, 0.0), now) + window_s / limit - now
        if after > window_s:
            return _allowance(False, after, limit, window_s)
        if len(self._spoken_for) >= _REMEMBERED:
            self._spoken_for = {k: until for k, until in self._spoken_for.items() if until > now}
        self._spoken_for[key] = now + after
        return _allowance(True, after, limit, window_s)


class ValkeyRates:
    """Implements `Rates` for all processes of a hub, by the hub's time: Valkey's clock may be stepped."""

    def __init__(self, redis: "Redis", clock: Clock) -> None:
        self._clock = clock
        self._script = redis.register_script(_SPEND)
        self._local = LocalRates()
        self._away_until = 0.0

    async def spend(self, key: str, limit: int, window_s: int) -> Allowance:
        """Count in Valkey by one script; locally while Valkey is away or slower than the deadline."""
        if time.monotonic() < self._away_until:
            return await self._local.spend(key, limit, window_s)
        try:
            args: list[str | int] = [f"{self._clock().timestamp():.6f}", limit, window_s, _CLOCKS_APART_S]
            async with asyncio.timeout(_DEADLINE_S):
                allowed, after = await self._script(keys=[f"hub:rate:{key}"], args=args)
        except (RedisError, OSError, TimeoutError):
            self._away_until = time.monotonic() + _AWAY_S
            return await self._local.spend(key, limit, window_s)
        return _allowance(bool(allowed), float(after), limit, window_s)
