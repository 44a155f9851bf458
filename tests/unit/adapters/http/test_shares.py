"""A company's share of an API process: its own flood waits in its own line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from whatsapp_hub.adapters.http.shares import Shares, SharesByCredential
from whatsapp_hub.domain.errors import TooMany
from whatsapp_hub.domain.ids import TenantId

FLOODS, QUIET = TenantId(UUID(int=1)), TenantId(UUID(int=2))


class Requests:
    """Requests that end when they are told to, and in which order they had their turn."""

    def __init__(self, shares: Shares[TenantId]) -> None:
        self._shares = shares
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, tenant_id: TenantId) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._work(name, tenant_id))
        await settle()

    async def _work(self, name: str, tenant_id: TenantId) -> None:
        async with self._shares.place(tenant_id):
            self.begun.append(name)
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def requests() -> Callable[..., Requests]:
    return lambda **limits: Requests(Shares(**{"at_once": 2, "held_s": 60, **limits}))


async def test_a_flood_waits_for_itself_and_nobody_else_for_it(requests: Callable[..., Requests]) -> None:
    asked = requests()
    for number in range(5):
        await asked.ask(f"a{number}", FLOODS)
    await asked.ask("b", QUIET)
    assert asked.begun == ["a0", "a1", "b"]
    await asked.end("a1")
    assert asked.begun == ["a0", "a1", "b", "a2"]


async def test_whoever_gives_up_leaves_the_line_and_no_place_is_lost(requests: Callable[..., Requests]) -> None:
    asked = requests(at_once=1)
    for name in ("a0", "a1", "a2", "a3"):
        await asked.ask(name, FLOODS)
    asked.tasks["a1"].cancel()
    await settle()
    await asked.end("a0")
    assert asked.begun == ["a0", "a2"]
    asked.tasks["a2"].cancel()
    await settle()
    assert asked.begun == ["a0", "a2", "a3"]
    await asked.end("a3")
    await asked.ask("a4", FLOODS)
    assert asked.begun[-1] == "a4"


async def test_whoever_gives_up_in_the_moment_of_their_turn_passes_it_on(requests: Callable[..., Requests]) -> None:
    asked = requests(at_once=1)
    for name in ("a0", "a1", "a2"):
        await asked.ask(name, FLOODS)
    asked.tasks["a0"].cancel()
    await asyncio.sleep(0)
    asked.tasks["a1"].cancel()
    await settle()
    assert asked.begun == ["a0", "a2"]


async def test_what_takes_long_gives_its_place_to_the_next(requests: Callable[..., Requests]) -> None:
    asked = requests(at_once=1, held_s=0)
    await asked.ask("stream", FLOODS)
    await asked.ask("next", FLOODS)
    await asyncio.sleep(0.01)
    await settle()
    assert asked.begun == ["stream", "next"]
    await asked.end("stream")
    await asked.end("next")
    assert asked._shares._shares == {}


@pytest.mark.parametrize(("kind", "passes"), [(b"text/event-stream; charset=utf-8", True), (b"text/plain", False)])
async def test_a_stream_gives_its_place_back_when_it_begins(kind: bytes, passes: bool) -> None:
    """A hundred of them, opened at once, would hold up their company's requests for a second each."""
    over, begun = asyncio.Event(), 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal begun
        begun += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await over.wait()

    async def send(message: Any) -> None:
        pass

    middleware = SharesByCredential(app, Shares(at_once=1, held_s=60))
    scope: Any = {"type": "http", "headers": [(b"authorization", b"Bearer x")]}
    asked = [asyncio.create_task(middleware(scope, cast("Any", None), send)) for _ in range(100)]
    for _ in range(20):
        await settle()
    assert begun == (100 if passes else 1)
    over.set()
    await asyncio.gather(*asked)


async def test_a_line_without_end_is_refused(requests: Callable[..., Requests]) -> None:
    asked = requests(at_once=1, line=1)
    for name in ("a0", "a1", "a2"):
        await asked.ask(name, FLOODS)
    with pytest.raises(TooMany):
        await asked.tasks["a2"]
    await asked.ask("other", TenantId(uuid4()))
    assert asked.begun == ["a0", "other"]


async def test_one_that_gives_up_in_the_moment_in_which_a_place_is_free_is_only_cancelled() -> None:
    shares: Shares[TenantId] = Shares(at_once=1, held_s=60)
    ended = asyncio.Event()

    async def works() -> None:
        async with shares.place(FLOODS):
            await ended.wait()

    async def waits() -> None:
        async with shares.place(FLOODS):
            pass

    first = asyncio.create_task(works())
    await settle()
    second = asyncio.create_task(waits())
    await settle()
    ended.set()
    second.cancel()
    ends = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), asyncio.CancelledError]
    async with asyncio.timeout(1), shares.place(FLOODS):
        pass
