"""A hub under measurement: its processes, and a client of its API."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ADMIN = ("admin@example.com", "a-long-enough-password")
SECRETS = {"HUB_SECRET_KEY": "benchmark-key-not-secret-at-all-x", "JWT_SECRET": "benchmark-jwt-not-secret-at-all-x"}
GENEROUS = {"RATE_LIMIT_USER": "1000000", "RATE_LIMIT_API_KEY": "1000000", "WHATSAPP_SESSION_RATE": "1000000"}
GENEROUS["RATE_LIMIT_CONSOLE"] = "1000000"
LOCAL = {"WEBHOOK_ALLOW_PRIVATE": "true"}  # webhook receivers run on this machine
APP_SECRET = "the-app-secret-of-the-benchmark"
VERIFY_TOKEN = "verify-me"
START_WITHIN_S = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Hub:
    """A hub process. `role` is `serve` (the whole hub, with the servers that its environment lacks) or one role alone.
    `program` runs it in the hub's place.

    `async with` starts it and stops it cleanly; `kill` ends it and its children as a power cut would.
    """

    def __init__(self, folder: Path, role: str = "serve", *, program: str = "whatsapp_hub", **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._role, self._program = role, program
        self._log = folder / f"{role}.log"
        self._environment = {
            **os.environ,
            "HUB_DATA_DIR": str(folder / "data"),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "HUB_ADMIN_EMAIL": ADMIN[0],
            "HUB_ADMIN_PASSWORD": ADMIN[1],
            "SANDBOX_ENABLED": "true",
            "LOG_LEVEL": "WARNING",
            **GENEROUS,
            **LOCAL,
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Wait until `/health` answers 200 (never for a role without HTTP). Raises RuntimeError with the log's end."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._program, self._role,
                env=self._environment, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        if self._role in ("api", "serve"):
            await self.until_healthy()

    async def until_healthy(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.address}/health")).status_code == 200:
                        return
                ended = self._process is None or self._process.returncode is not None
                if ended or time.monotonic() > deadline:
                    raise RuntimeError(f"the hub did not start; its log ends with:\n{self.last_words()}")
                await asyncio.sleep(0.05)

    async def stop(self, deadline_s: float = 40) -> None:
        """Send SIGTERM, and kill what still runs after `deadline_s`."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), deadline_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """kill -9 the process and all its descendants."""
        assert self._process is not None
        for pid in [self.pid, *descendants(self.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()

    def child(self, role: str) -> int | None:
        """Return the process of a role or server: `api`, `worker`, `postgres`, `valkey-server`."""
        for pid in descendants(self.pid):
            line = command_line(pid)
            if line[-3:] == ["-m", "whatsapp_hub", role] or (line and Path(line[0]).name == role):
                return pid
        return None

    def last_words(self, lines: int = 30) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:]) if self._log.exists() else ""

    @property
    def database_url(self) -> str:
        """Return the URL of the embedded PostgreSQL's superuser, by its socket (path: `processes/folder.py`)."""
        folder = self.folder / "data" / "postgres"
        note = folder / "socket-folder"
        sockets = note.read_text() if note.exists() else folder / "run"
        return f"postgresql://postgres@/whatsapp_hub?host={sockets}"

    @property
    def valkey_socket(self) -> Path:
        folder = self.folder / "data" / "valkey"
        note = folder / "socket-folder"
        return (Path(note.read_text()) if note.exists() else folder / "run") / "valkey.sock"


def descendants(pid: int) -> list[int]:
    """Return all descendants of `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, look = [], [pid]
    while look:
        below = children.get(look.pop(0), [])
        found += below
        look += below
    return found


def command_line(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    return []


class Api:
    """The hub's API as its administrator uses it."""

    def __init__(self, hub: Hub) -> None:
        self.client = httpx.AsyncClient(
            base_url=hub.address, trust_env=False, timeout=15, limits=httpx.Limits(max_connections=64)
        )
        self.token = ""

    async def __aenter__(self) -> Self:
        await self.login()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def login(self) -> None:
        email, password = ADMIN
        answer = await self.post("/api/auth/login", email=email, password=password)
        self.token = answer["token"]
        self.client.headers["Authorization"] = f"Bearer {self.token}"

    async def post(self, path: str, **body: Any) -> Any:
        return _content(await self.client.post(path, json=body))

    async def get(self, path: str, **query: Any) -> Any:
        return _content(await self.client.get(path, params=query))

    async def department(self, name: str, *, is_root: bool = False) -> Any:
        """Create a department with long time-outs for menu and queue, since no one answers here."""
        slug = name.lower()
        return await self.post(
            "/api/departments", name=name, slug=slug, isRoot=is_root, responseTimeoutMinutes=120, maxAgents=100
        )

    async def agent(self, email: str, department_id: str) -> str:
        """Create an attendant and return their token."""
        password = ADMIN[1]
        await self.post(
            "/api/users", email=email, password=password, name=email, role="AGENT", departmentId=department_id
        )
        return str((await self.post("/api/auth/login", email=email, password=password))["token"])

    async def go_online(self, token: str) -> None:
        path, bearer = "/api/users/me/status", {"Authorization": f"Bearer {token}"}
        _content(await self.client.patch(path, json={"status": "ONLINE"}, headers=bearer))

    async def meta_session(self, phone_number_id: str) -> str:
        """Create and start a Cloud API session; return its id."""
        settings = {
            "phoneNumberId": phone_number_id,
            "accessToken": "token",
            "appSecret": APP_SECRET,
            "verifyToken": VERIFY_TOKEN,
        }
        made = await self.post("/api/sessions", name=f"meta-{phone_number_id}", provider="META", settings=settings)
        return await self._started(made["id"])

    async def sandbox_session(self, name: str = "sandbox") -> str:
        made = await self.post("/api/sessions", name=name, provider="SANDBOX", settings={})
        return await self._started(made["id"])

    async def _started(self, session_id: str) -> str:
        started = await self.post(f"/api/sessions/{session_id}/start")
        if started["status"] != "CONNECTED":
            raise RuntimeError(f"the session is {started['status']}: {started['statusReason']}")
        return session_id

    async def conversations(self, session_id: str | None = None) -> list[Any]:
        """Return all, page by page."""
        found: list[Any] = []
        query: dict[str, Any] = {"limit": 200, **({"sessionId": session_id} if session_id else {})}
        while True:
            answer = await self.client.get("/api/conversations", params=query)
            found += _content(answer)
            if not (cursor := answer.headers.get("X-Next-Cursor")):
                return found
            query["cursor"] = cursor


def _content(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None
