"""A company's slow name servers delay its own look-ups alone."""

import asyncio
import socket
import threading
import time

import pytest

from whatsapp_hub.adapters.names import Names
from whatsapp_hub.adapters.providers.http_call import Call, HttpPool, exchange
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.domain.errors import Transient

SLOW_S = 1.0
QUICK_S = 0.3


def slow_if_told(host: str, port: int) -> list[str]:
    time.sleep(SLOW_S if host.startswith("slow") else 0)
    return ["8.8.8.8"]


async def test_however_many_slow_names_a_company_thinks_of_others_names_are_looked_up_at_once() -> None:
    names = Names(slow_if_told, threads=8, of_one=2)
    slow = [asyncio.create_task(names.addresses(f"slow-{n}.example", 80, "a")) for n in range(50)]
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert await names.addresses("quick.example", 80, "b") == ["8.8.8.8"]
    assert time.monotonic() - began < QUICK_S
    for task in slow:
        task.cancel()
    names.close()


async def test_who_gives_up_frees_no_place_before_the_resolver_does() -> None:
    """Else a company with short deadlines would take one thread after the other."""
    at_once, most, lock = 0, 0, threading.Lock()

    def counted(host: str, port: int) -> list[str]:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.2)
        with lock:
            at_once -= 1
        return []

    names = Names(counted, threads=8, of_one=2)

    async def impatient(n: int) -> None:
        async with asyncio.timeout(0.02):
            await names.addresses(f"{n}.example", 80, "a")

    for _ in range(5):
        gone = await asyncio.gather(*(impatient(n) for n in range(4)), return_exceptions=True)
        assert all(isinstance(end, TimeoutError) for end in gone)
    assert most == 2
    await names.addresses("patient.example", 80, "a")
    assert names._shares == {}
    names.close()


async def test_a_company_is_forgotten_when_it_asks_no_more() -> None:
    names = Names(slow_if_told)
    assert await names.addresses("quick.example", 80, "a") == ["8.8.8.8"]
    await asyncio.sleep(0)
    assert names._shares == {}
    names.close()


async def test_a_name_that_nobody_knows_is_an_error_each_time() -> None:
    names = Names()
    for _ in range(5):
        with pytest.raises(OSError, match=r"."):
            await names.addresses("nobody-knows-this.invalid", 80, "a")
    names.close()


async def test_slow_names_of_one_companys_servers_stop_neither_others_servers_nor_work_on_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Work on threads: passwords, Meta's name."""

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        time.sleep(SLOW_S if host.startswith("slow") else 0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    pool = HttpPool(4, reach=Reach())

    async def call(host: str, owner: str) -> str:
        with pytest.raises(Transient) as refused:
            await exchange(pool, Call("GET", f"http://{host}/", {}, idempotent=True, owner=owner), 5)
        return refused.value.code

    slow = [asyncio.create_task(call(f"slow-{n}.example", "a")) for n in range(40)]
    await asyncio.sleep(0.1)
    began = time.monotonic()
    assert await call("quick.example", "b") == "not_public"
    await asyncio.to_thread(time.sleep, 0)
    assert time.monotonic() - began < QUICK_S
    await asyncio.gather(*slow)
    await pool.aclose()
