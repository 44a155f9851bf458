"""`whatsapp-hub serve` with a provider that holds sockets: the connector is a child that may crash."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import msgspec

from tests.fakes.pigeons import PigeonServer
from tests.integration.connectors.conftest import PLUGIN, QR, UP
from tests.integration.http.conftest import free_port
from tests.integration.hub.world import until
from whatsapp_hub.adapters.processes.child import running
from whatsapp_hub.main.commands.doctor import examine

ADMIN = {"email": "root@example.org", "password": "a long enough password"}


async def test_a_crashed_connector_leaves_the_api_alone_and_comes_back_with_its_environment(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "PYTHONPATH": PLUGIN,
        "HUB_ADMIN_EMAIL": ADMIN["email"],
        "HUB_ADMIN_PASSWORD": ADMIN["password"],
        "HUB_CONNECTORS": "2",
        "SSL_CERT_FILE": str(tmp_path / "roots.pem"),
    }
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)
    serving = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "whatsapp_hub", "serve", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with (
            PigeonServer() as server,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http,
        ):

            async def healthy() -> bool:
                try:
                    return (await http.get("/health")).status_code == 200
                except httpx.HTTPError:
                    return False

            await until(healthy, 60)
            token = (await http.post("/api/auth/login", json=ADMIN)).json()["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            await _any_page_may_call(http)
            assert await _connects_a_sandbox(environment) == 0
            body = {"name": "p", "provider": "PIGEON", "settings": server.settings}
            id = (await http.post("/api/sessions", json=body)).json()["id"]
            assert (await http.post(f"/api/sessions/{id}/start")).json()["status"] == "CONNECTING"

            async def dialled() -> bool:
                return bool(server.open_logins(id))

            await until(dialled, 30)
            first = server.login(id)
            first.tell(**QR)
            first.tell(**UP)

            async def connected() -> bool:
                return (await http.get(f"/api/sessions/{id}")).json()["status"] == "CONNECTED"

            await until(connected, 30)
            assert f"SSL_CERT_FILE={tmp_path / 'roots.pem'}" in Path(f"/proc/{first.pid}/environ").read_text().split(
                "\0"
            )
            server.script.append(UP)
            os.kill(first.pid, signal.SIGKILL)
            refused = 0
            async with asyncio.timeout(30):
                while not server.open_logins(id) or server.login(id).pid == first.pid:
                    refused += (await http.get("/health")).status_code != 200
                    await asyncio.sleep(0.1)
            assert refused == 0
            assert server.login(id).unclean
            await until(connected, 30)
            assert (await http.get("/health")).json()["dependencies"]["connectors"] == "ok"
            note = msgspec.json.decode((tmp_path / "running.json").read_bytes())
            addresses = {"DATABASE_URL": note["database_url"], "REDIS_URL": note["redis_url"]}

            async def both_again() -> bool:
                said = [one.says for one in await examine(addresses)]
                return "2 running, room for 160, 1 sessions held" in said

            await until(both_again, 30)
    finally:
        serving.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(serving.wait(), 30) == 0
    assert running(str(tmp_path)) == []


async def _any_page_may_call(http: httpx.AsyncClient) -> None:
    """With no FRONTEND_URL on an embedded hub."""
    for path in ("/api/users", "/socket.io/?EIO=4&transport=polling"):
        answer = await http.get(path, headers={"Origin": "https://anybody.example"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] in ("*", "https://anybody.example")
        assert "access-control-allow-credentials" not in answer.headers


async def _connects_a_sandbox(environment: dict[str, str]) -> int:
    """Run `session connect` beside a hub that opened the sandbox by itself."""
    command = ("-m", "whatsapp_hub", "session", "connect", "play", "--provider", "SANDBOX", "--timeout", "15")
    connect = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment)
    return await asyncio.wait_for(connect.wait(), 30)
