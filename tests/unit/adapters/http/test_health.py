"""What `/health` says of dependencies that answer late, or never."""

import asyncio

import pytest

from whatsapp_hub.adapters.http import health
from whatsapp_hub.adapters.http.health import Health
from whatsapp_hub.domain.errors import StoresNothing


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_DEADLINE_S", 0.05)
    monkeypatch.setattr(health, "_SLOW_FOR_S", 0.5)
    monkeypatch.setattr(health, "_GIVEN_UP_S", 0.4)


class Server:
    def __init__(self) -> None:
        self.takes_s, self.asked = 0.0, 0

    async def ping(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.takes_s)


async def test_a_database_that_is_slow_to_answer_leaves_the_hub_in_service() -> None:
    server = Server()
    look = Health("1", {"postgres": server.ping}, {})
    assert await look() == (True, {"postgres": "ok"})
    server.takes_s = 0.15
    for _ in range(10):
        assert (await look())[0]


async def test_one_that_answers_no_more_is_away_soon() -> None:
    server = Server()
    look = Health("1", {"postgres": server.ping}, {})
    await look()
    server.takes_s = 1_000
    assert await look() == (True, {"postgres": "slow"})
    async with asyncio.timeout(5):
        while await look() != (False, {"postgres": "away"}):
            pass


async def test_however_many_look_at_once_the_server_is_asked_once() -> None:
    server = Server()
    server.takes_s = 0.02
    look = Health("1", {"postgres": server.ping}, {})
    await asyncio.gather(*(look() for _ in range(50)))
    assert server.asked == 1


async def test_a_database_that_stores_nothing_makes_it_unready_and_says_why() -> None:
    async def full() -> None:
        raise StoresNothing("disk full")

    assert await Health("1", {"postgres": full}, {})() == (False, {"postgres": "stores nothing: disk full"})
