"""The whole hub on one machine whose clock is set by hours and days, back and forth, while people write."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.http.conftest import free_port
from tests.integration.hub.world import until

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
ADMIN = {"email": "root@example.org", "password": "a long enough password"}
HOUR, DAY = 3600, 86_400
STEPPED_FOR_S = 6.0
GOES_ON_WITHIN_S = 10.0
"""Twice what is promised: other tests run beside, and the hub's time stands until a process has read the clock."""

pytestmark = [
    pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime (Debian: apt-get install faketime)"),
    pytest.mark.asyncio(loop_scope="module"),
]
numbers = count(1)


@dataclass
class Hub:
    """A hub whose processes, PostgreSQL and Valkey among them, all read the clock that `set` sets."""

    http: httpx.AsyncClient
    clock: Path
    session: str = ""
    phone: str = ""
    conversation: str = ""
    written: list[str] = field(default_factory=list)

    def set(self, by_s: int) -> None:
        draft = self.clock.with_suffix(".draft")
        draft.write_text(f"{by_s:+d}\n")
        draft.rename(self.clock)

    async def sign_in(self) -> None:
        token = (await self.http.post("/api/auth/login", json=ADMIN)).json()["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        made = await self.http.post("/api/sessions", json={"name": "s", "provider": "SANDBOX", "routing": "none"})
        self.session = made.json()["id"]
        await self.http.post(f"/api/sessions/{self.session}/start")

    async def meet(self) -> None:
        """A new customer writes."""
        self.phone, self.conversation, self.written = f"55119876{next(numbers):05d}", "", []
        known = {one["id"] for one in await self._conversations()}
        await self._write(f"/sandbox/{self.session}/messages", "text", **{"from": self.phone})

        async def is_there() -> bool:
            self.conversation = next((one["id"] for one in await self._conversations() if one["id"] not in known), "")
            return bool(self.conversation)

        await until(is_there, GOES_ON_WITHIN_S)

    async def _conversations(self) -> list[dict[str, Any]]:
        return list((await self.http.get("/api/conversations")).json())

    async def hear(self) -> None:
        """A customer writes, and the message is there in time."""
        text = await self._write(f"/sandbox/{self.session}/messages", "text", **{"from": self.phone})

        async def is_there() -> bool:
            return text in await self.kept()

        await until(is_there, GOES_ON_WITHIN_S)

    async def say(self) -> None:
        """An operator writes, and the customer's phone shows it in time."""
        text = await self._write("/api/messages/send", "content", conversationId=self.conversation)

        async def is_shown() -> bool:
            found = await self.http.get(f"/sandbox/{self.session}/phones/{self.phone}/messages")
            return found.is_success and any(message["text"] == text for message in found.json())

        await until(is_shown, GOES_ON_WITHIN_S)

    async def _write(self, path: str, field: str, **more: Any) -> str:
        text = f"text {next(numbers)}"
        answer = await self._answer("POST", path, json={field: text, **more}, headers={"Idempotency-Key": text})
        assert answer.status_code in (201, 202), answer.text
        self.written.append(text)
        return text

    async def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        """What a client is answered that comes again after "503, try again at once"."""
        until_s = time.monotonic() + GOES_ON_WITHIN_S
        while True:
            answer = await self.http.request(method, path, **more)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until_s:
                return answer
            await asyncio.sleep(0.1)

    async def kept(self) -> list[str]:
        path = f"/api/conversations/{self.conversation}/messages"
        shown = await self._answer("GET", path, params={"limit": 200})
        assert shown.status_code == 200, shown.text
        return [message["content"] for message in shown.json()["messages"]]

    async def traffic(self, for_s: float) -> None:
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            await asyncio.gather(self.hear(), self.say(), asyncio.sleep(0.3))

    async def says(self) -> str:
        return str((await self.http.get("/health")).json()["dependencies"]["clock"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub() -> AsyncIterator[Hub]:
    with tempfile.TemporaryDirectory(prefix="hub-clock-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as somebody else, and reads the same clock
        port, clock = free_port(), Path(folder) / "clock"
        clock.write_text("+0\n")
        own = {
            "HUB_DATA_DIR": f"{folder}/data",
            "PORT": str(port),
            "RATE_LIMIT_USER": "100000",
            "HUB_ADMIN_EMAIL": ADMIN["email"],
            "HUB_ADMIN_PASSWORD": ADMIN["password"],
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        serving = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "whatsapp_hub", "serve"),
            env=inherited | own,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http:

                async def healthy() -> bool:
                    assert serving.returncode is None
                    try:
                        return (await http.get("/health")).status_code == 200
                    except httpx.HTTPError:
                        return False

                await until(healthy, 120)
                made = Hub(http, clock)
                await made.sign_in()
                yield made
        finally:
            serving.send_signal(signal.SIGTERM)
            await asyncio.wait_for(serving.wait(), 60)


@pytest.mark.parametrize("step_s", [HOUR, -HOUR, 8 * DAY, -8 * DAY], ids=["+1h", "-1h", "+8d", "-8d"])
async def test_a_step_of_the_clock_and_back_loses_nothing_and_holds_nothing_up(hub: Hub, step_s: int) -> None:
    await hub.meet()
    await hub.traffic(1)
    hub.set(step_s)
    try:
        await hub.traffic(STEPPED_FOR_S)
        assert (await hub.says()).startswith("stepped: ")
    finally:
        hub.set(0)
    await hub.traffic(STEPPED_FOR_S)
    assert await hub.says() == "ok"
    assert len(hub.written) < 200, "all on one page"
    assert sorted(await hub.kept()) == sorted(hub.written)
