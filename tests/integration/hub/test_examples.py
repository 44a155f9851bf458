"""The examples and the code of docs/session-flow.md run as they stand, with a hub's address and a key alone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.hub.programs import Program, opened, program
from tests.integration.hub.world import World, a_phone, until

__all__ = ["program"]

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "session-flow.md").read_text(encoding="utf-8")


def code(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return str(found)


async def run(world: World, folder: Path, *command: str, **variables: str) -> tuple[int, str]:
    process = await started(world, folder, *command, **variables)
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def started(world: World, folder: Path, *command: str, **variables: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "HUB_URL": world.hub.url, "no_proxy": "*", **variables}
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def sessions(program: Program) -> list[str]:
    return [session["sessionId"] for session in (await program.get("/api/sessions")).json()]


async def test_the_complete_flow_runs_and_cleans_up(world: World, program: Program, tmp_path: Path) -> None:
    example = str(ROOT / "examples" / "complete_flow.py")
    exit_code, out = await run(world, tmp_path, sys.executable, example, "--sandbox", API_KEY=program.key)
    assert exit_code == 0, out
    steps = ["created", "subscribed", "activated: CONNECTING", "connected", "wrote: Olá!", "READ", "cleaned up"]
    places = [out.find(step) for step in steps]
    assert places == sorted(places), out
    assert -1 not in places, out
    assert await sessions(program) == []
    exit_code, out = await run(world, tmp_path, sys.executable, example, "--sandbox", JWT_TOKEN=program.admin.token)
    assert exit_code == 0, out
    exit_code, out = await run(world, tmp_path, sys.executable, example, "--sandbox", API_KEY="", JWT_TOKEN="")
    assert (exit_code, "API_KEY" in out) == (1, True)


async def test_the_socket_client_prints_what_happens(world: World, program: Program, tmp_path: Path) -> None:
    session, phone = await opened(program), a_phone()
    example = str(ROOT / "examples" / "websocket_client.py")
    variables = {"JWT_TOKEN": program.admin.token, "SESSION_ID": session["sessionId"]}
    client = await started(world, tmp_path, sys.executable, example, **variables)
    lines: list[str] = []

    async def read() -> None:
        assert client.stdout
        while text := await client.stdout.readline():
            lines.append(text.decode())

    reading = asyncio.create_task(read())

    async def printed(name: str) -> None:
        async def there() -> bool:
            return any(line.startswith(name) for line in lines)

        await until(there)

    try:
        await printed("session:connected")
        await program.company.customer_writes(session, phone, "oi")
        await printed("session:message")
        await program.post(f"/whatsapp/{session['sessionId']}/send-message", {"to": phone, "message": "olá"})
        await printed("message-status")
    finally:
        client.terminate()
        await client.wait()
        await reading
    assert not any("Traceback" in line for line in lines), lines


async def test_the_guides_python_runs(world: World, program: Program, tmp_path: Path) -> None:
    exit_code, out = await run(world, tmp_path, sys.executable, "-c", code("python"), API_KEY=program.key)
    assert (exit_code, "wrote: Olá!" in out, "sent: PENDING" in out) == (0, True, True), out
    assert await sessions(program) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_guides_commands_run(world: World, program: Program, tmp_path: Path) -> None:
    script = "set -e\n" + code("bash").replace("curl -sS", "curl -sS --fail-with-body")
    exit_code, out = await run(world, tmp_path, "bash", "-c", script, API_KEY=program.key)
    assert exit_code == 0, out
    assert '"status":"DISCONNECTED"' in out
    assert '"status":"PENDING"' in out
    assert await sessions(program) == ["curl"]


@pytest.mark.parametrize("example", ["complete_flow.py", "websocket_client.py"])
async def test_an_example_that_reaches_no_hub_says_so_in_a_line(world: World, tmp_path: Path, example: str) -> None:
    nowhere = {"HUB_URL": "http://127.0.0.1:9", "API_KEY": "k", "JWT_TOKEN": "k", "SESSION_ID": "main"}
    exit_code, out = await run(world, tmp_path, sys.executable, str(ROOT / "examples" / example), **nowhere)
    assert (exit_code, "Traceback" in out) == (1, False), out
    assert "http://127.0.0.1:9 (HUB_URL)" in out
