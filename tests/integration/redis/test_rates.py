"""The same rule in Valkey and in a process alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from whatsapp_hub.adapters.redis import rates as redis_rates
from whatsapp_hub.adapters.redis.rates import LocalRates, ValkeyRates
from whatsapp_hub.adapters.security.clock import system_clock
from whatsapp_hub.application.ports.edge.rates import Rates


@pytest_asyncio.fixture(params=["local", "valkey", "valkey away"])
async def rates(
    request: pytest.FixtureRequest, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rates]:
    """Without the haste that takes a slow Valkey for one that is away."""
    monkeypatch.setattr(redis_rates, "_DEADLINE_S", 30)
    if request.param == "local":
        yield LocalRates()
        return
    redis = Redis.from_url("unix:///nowhere/there.sock" if request.param == "valkey away" else valkey_url)
    yield ValkeyRates(redis, system_clock)
    await redis.aclose()


async def test_so_many_pass_at_once_and_the_next_is_told_when(rates: Rates) -> None:
    key = str(uuid4())
    passed = [await rates.spend(key, 5, 60) for _ in range(5)]
    assert [a.allowed for a in passed] == [True] * 5
    assert [a.remaining for a in passed] == [4, 3, 2, 1, 0]
    refused = await rates.spend(key, 5, 60)
    assert (refused.allowed, refused.remaining, refused.limit) == (False, 0, 5)
    assert 10 < refused.retry_s <= 12
    assert 50 < refused.reset_s <= 60


async def test_a_refused_request_costs_nothing_and_time_gives_back(rates: Rates) -> None:
    key = str(uuid4())
    assert (await rates.spend(key, 1, 1)).allowed
    for _ in range(5):
        assert not (await rates.spend(key, 1, 1)).allowed
    await asyncio.sleep(1.01)
    assert (await rates.spend(key, 1, 1)).allowed


async def test_keys_do_not_share(rates: Rates) -> None:
    assert (await rates.spend(str(uuid4()), 1, 60)).allowed
    assert (await rates.spend(str(uuid4()), 1, 60)).allowed


async def test_many_at_the_same_moment_get_no_more_than_the_limit(rates: Rates) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(rates.spend(key, 10, 60) for _ in range(50)))
    assert sum(a.allowed for a in answers) == 10


async def test_what_another_clock_spoke_for_far_ahead_refuses_nobody(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        key = str(uuid4())
        assert (await ValkeyRates(redis, lambda: system_clock() + timedelta(hours=2)).spend(key, 5, 60)).allowed
        assert (await ValkeyRates(redis, system_clock).spend(key, 5, 60)).remaining == 4
