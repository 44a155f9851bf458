"""`whatsapp-hub session` beside a running hub, and the API's routes for codes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.integration.connectors.conftest import PLUGIN, QR, SECRETS, UP, Stage
from tests.integration.http.conftest import free_port
from whatsapp_hub.application.accounts.tenants import CreateOperator
from whatsapp_hub.domain.accounts.user import Role

SHORT = {"STAGGERED_BOOT_DELAY_MS": "20", "WHATSAPP_PROVIDER": "NEONIZE"}


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _running(stage: Stage) -> AsyncIterator[None]:
    stage.variables = SHORT
    async with stage.role("worker"), stage.role("connector"):
        yield


async def run(stage: Stage, *arguments: str) -> tuple[int, str]:
    """A command, as somebody types it; its exit code and what it printed."""
    environment = {
        **os.environ,
        **SECRETS,
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
        "HUB_DATA_DIR": str(stage.folder),
        "PYTHONPATH": PLUGIN,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "whatsapp_hub",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def slug(stage: Stage) -> str:
    return str(await stage.owner.fetchval("SELECT slug FROM hub.tenants WHERE id = $1", stage.caller.tenant_id))


async def test_connect_shows_the_code_in_the_terminal_until_it_is_scanned(stage: Stage) -> None:
    session = await stage.session(start=False)
    running = asyncio.create_task(run(stage, "session", "connect", session.key, "--tenant", await slug(stage)))
    login = await stage.login(session)
    login.tell(**QR)
    await stage.is_(session, "QR_PENDING")
    await asyncio.sleep(1)
    login.tell(**UP)
    code, out = await running
    assert code == 0, out
    assert "█" in out
    assert "2@code" not in out, "the picture, not the text"
    assert "CONNECTED     5511987654321" in out
    code, out = await run(stage, "session", "list", "--tenant", await slug(stage))
    assert code == 0, out
    assert session.key in out
    code, out = await run(stage, "session", "history", session.key, "--tenant", await slug(stage))
    assert code == 0, out
    said = [line.split("  ")[1] for line in out.splitlines() if line[:2] == "20"]
    assert said == ["CONNECTED", "QR_PENDING", "dialled", "CONNECTING"]
    code, out = await run(stage, "session", "history", "nobody", "--tenant", await slug(stage))
    assert (code, "nobody" in out) == (1, True)


async def test_connect_shows_a_pairing_code(stage: Stage) -> None:
    session = await stage.session(start=False)
    command = ("session", "connect", session.key, "--tenant", await slug(stage), "--pair", "5511987654321")
    running = asyncio.create_task(run(stage, *command))
    login = await stage.login(session)
    login.tell(**QR)

    async def asked() -> bool:
        return any("pair" in what for _, what in login.said)

    await stage.until(asked)
    login.tell(**UP)
    code, out = await running
    assert code == 0, out
    assert "ABCD-EFGH" in out


async def test_connect_says_why_it_did_not(stage: Stage) -> None:
    session = await stage.session(start=False)
    running = asyncio.create_task(run(stage, "session", "connect", session.key, "--tenant", await slug(stage)))
    (await stage.login(session)).tell(state="FAILED", reason="client_outdated")
    code, out = await running
    assert code == 1
    assert "client_outdated" in out


async def test_the_api_shows_codes_and_logs_out(stage: Stage) -> None:
    port = free_port()
    operator = await stage.use(CreateOperator)
    await operator(stage.caller.tenant_id, "root@example.org", "a long enough password", "Root", Role.ADMIN)
    async with (
        stage.role("api", PORT=str(port)),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http,
    ):

        async def answers() -> bool:
            try:
                return (await http.get("/health")).status_code == 200
            except httpx.HTTPError:
                return False

        await stage.until(answers)
        entry = {"email": "root@example.org", "password": "a long enough password"}
        http.headers["Authorization"] = f"Bearer {(await http.post('/api/auth/login', json=entry)).json()['token']}"
        session = await stage.session()
        path = f"/api/sessions/{session.id}"
        assert (await http.get(f"{path}/qr")).status_code == 404
        login = await stage.login(session)
        login.tell(**QR)
        await stage.is_(session, "QR_PENDING")
        shown = await http.get(f"{path}/qr")
        assert shown.json()["qr"] == "2@code"
        assert shown.json()["qrCode"].startswith("data:image/png;base64,")
        picture = await http.get(f"{path}/qr", headers={"Accept": "image/png"})
        assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
        paired = await http.post(f"{path}/pairing-code", json={"phoneNumber": "5511987654321"})
        assert (paired.status_code, paired.json()) == (200, {"pairingCode": "ABCD-EFGH"})
        wrong = await http.post(f"{path}/pairing-code", json={"phoneNumber": "x"})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/phoneNumber")
        login.tell(**UP)
        await stage.is_(session, "CONNECTED")
        assert (await http.get(f"{path}/qr")).status_code == 409
        out = await http.post(f"{path}/logout")
        assert (out.status_code, out.json()["status"]) == (200, "LOGGED_OUT")
        assert (await http.delete(path)).status_code == 204
