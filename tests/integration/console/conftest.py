"""A hub as `serve` runs it, its console built, and Debian's chromium before it. Each page that a test opens fails the
test if it breaks its own policy, logs an error or throws."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.fakes.graph import FakeGraph
from tests.fakes.http import Reply, Request
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, OpenId
from tests.integration.http.conftest import free_port

ROOT = Path(__file__).parents[3]
CHROMIUM = Path("/usr/bin/chromium")
ADMIN = ("root@example.org", "correct horse battery")
PASSWORD = "a long enough password"
PATIENCE_S = 90
START_S = 300
"""A busy machine starts its databases slowly."""
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage", *MICROPHONE)
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
IGNORED = ("net::ERR_", "WebSocket connection to", "Failed to load resource")
"""What chromium itself logs while the network or the hub is away, or about an answer that the page expects."""

expect.set_options(timeout=15_000)


@dataclass
class Site:
    """A running hub, and what a test does to it without a browser."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    token: str = ""
    graph: FakeGraph | None = None
    """Meta, where a test needs it."""

    async def call(self, method: str, path: str, body: object = None, token: str | None = None, **headers: str) -> Any:
        """Call the API as the administrator, again while the hub is away."""
        headers = {"Authorization": f"Bearer {token or self.token}", **headers}
        async with httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False) as http:
            for _ in range(10 * PATIENCE_S):
                try:
                    answer = await http.request(method, path, json=body, headers=headers)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code not in (429, 503):
                    break
                await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def company(self, name: str) -> Company:
        """A company of its own, empty, with an administrator."""
        made = await self.call("POST", "/api/tenants", {"name": name, "slug": f"c{uuid4().hex[:8]}"})
        email = f"{uuid4().hex[:8]}@example.org"
        body = {"email": email, "password": PASSWORD, "name": "Ada Admin", "role": "ADMIN"}
        of_it = {"X-Company-Id": str(made["id"])}
        await self.call("PATCH", f"/api/tenants/{made['id']}", {"language": "en"})
        await self.call("POST", "/api/users", body, **of_it)
        return Company(self, str(made["id"]), email)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Any]:
        """The hub's own database, as its owner: to let time pass, and to have much at once."""
        folder = self.folder / "hub/postgres"
        note = folder / "socket-folder"
        host = note.read_text() if note.exists() else str(folder / "run")
        connection = await asyncpg.connect(host=host, user="postgres", database="whatsapp_hub")
        try:
            yield connection
        finally:
            await connection.close()

    async def department(self, name: str) -> str:
        body = {"name": name, "slug": f"d{uuid4().hex[:8]}"}
        return str((await self.call("POST", "/api/departments", body))["id"])

    async def agent(self, name: str, department_id: str | None = None, role: str = "AGENT") -> str:
        """A new user; return the e-mail."""
        email = f"{uuid4().hex[:8]}@example.org"
        body = {"email": email, "password": PASSWORD, "name": name, "role": role, "departmentId": department_id}
        await self.call("POST", "/api/users", body)
        return email

    async def sandbox(self, name: str = "counter") -> str:
        body = {"name": name, "provider": "SANDBOX", "routing": "departments", "sessionId": f"s{uuid4().hex[:8]}"}
        made = await self.call("POST", "/api/sessions", body)
        await self.call("POST", f"/api/sessions/{made['id']}/start")
        return str(made["id"])

    async def writes(self, session_id: str, phone: str, text: str, name: str | None = None) -> None:
        """A customer writes."""
        body = {"from": phone, "text": text, **({"name": name} if name else {})}
        await self.call("POST", f"/sandbox/{session_id}/messages", body)

    async def shown_on(self, session_id: str, phone: str) -> list[str]:
        """What the customer's phone shows of ours."""
        found = await self.call("GET", f"/sandbox/{session_id}/phones/{phone}/messages")
        return [message["text"] for message in found if message["direction"] == "OUTBOUND"]

    async def conversation_of(self, phone: str) -> dict[str, Any]:
        """The newest conversation with a customer."""
        for _ in range(100):
            found: list[dict[str, Any]] = await self.call("GET", f"/api/conversations?search={phone}")
            if found:
                return found[0]
            await asyncio.sleep(0.1)
        raise AssertionError(f"no conversation with {phone}")

    async def texts_of(self, conversation_id: str) -> list[str]:
        """The texts of a conversation in the hub's order."""
        page = await self.call("GET", f"/api/conversations/{conversation_id}/messages?limit=200")
        return [message["content"] for message in page["messages"]]

    def kill_api(self) -> None:
        """End the API's process without a word; `serve` starts another."""
        os.kill(self._pid_of("api"), signal.SIGKILL)

    def _pid_of(self, role: str) -> int:
        for folder in Path("/proc").iterdir():
            try:
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if parent == str(self.process.pid) and role.encode() in words:
                return int(folder.name)
        raise AssertionError(f"no process of {role}")


@dataclass
class Company:
    """A company beside the others of a hub."""

    site: Site
    id: str
    email: str
    """Of its administrator, whose password is PASSWORD."""

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API for this company."""
        return await self.site.call(method, path, body, **{"X-Company-Id": self.id})

    async def sandbox(self, name: str = "counter") -> str:
        body = {"name": name, "provider": "SANDBOX", "routing": "departments", "sessionId": f"s{uuid4().hex[:8]}"}
        made = await self.call("POST", "/api/sessions", body)
        await self.call("POST", f"/api/sessions/{made['id']}/start")
        return str(made["id"])

    async def writes(self, session_id: str, phone: str, text: str, name: str) -> None:
        """A customer writes."""
        await self.call("POST", f"/sandbox/{session_id}/messages", {"from": phone, "text": text, "name": name})


@pytest.fixture(scope="package")
def built() -> None:
    """The console's files; without them, or without chromium, nothing here can run."""
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium: apt-get install chromium")
    made = subprocess.run([sys.executable, ROOT / "scripts/build_console.py"], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"the console cannot be built here: {made.stderr.strip()[-300:]}")


class Entering(OpenId):
    """An OpenID provider with a page of its own, on which `person` comes back to the hub by a link."""

    def __init__(self) -> None:
        super().__init__()
        self.person: dict[str, Any] = {}

    async def handle(self, request: Request) -> Reply:
        if request.path != "/authorize":
            return await super().handle(request)
        back = self.comes_back(f"{self.url}/authorize?{urlencode(request.query)}", **self.person)
        page = f'<!doctype html><title>Provider</title><a href="{escape(back)}">Enter</a>'
        return Reply(200, page.encode(), "text/html")


@pytest_asyncio.fixture(scope="package")
async def provider() -> AsyncIterator[Entering]:
    async with Entering() as made:
        yield made


@pytest_asyncio.fixture(scope="package")
async def site(built: None, provider: Entering, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    port = free_port()
    settings = {"PORT": str(port), "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}", **_oidc(provider, port)}
    folder = tmp_path_factory.mktemp("console")
    async with FakeGraph() as graph, running(folder, WHATSAPP_API_URL=graph.url, **settings) as made:
        made.graph = graph
        yield made


def _oidc(provider: OpenId, port: int) -> dict[str, str]:
    return {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "FRONTEND_URL": f"http://127.0.0.1:{port}",
    }


@asynccontextmanager
async def running(folder: Path, **more: str) -> AsyncIterator[Site]:
    """Run `whatsapp-hub serve` with its own databases in a folder, and these settings besides."""
    port = more.pop("PORT", None) or str(free_port())
    settings = {
        "PORT": port,
        "HUB_DATA_DIR": str(folder / "hub"),
        "HUB_ADMIN_EMAIL": ADMIN[0],
        "HUB_ADMIN_PASSWORD": ADMIN[1],
        "HUB_CONNECTORS": "0",
        "WHATSAPP_SESSION_RATE": "6000",
        "RATE_LIMIT_USER": "100000",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        **more,
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPYCACHEPREFIX")
    }
    command = [str(Path(sys.executable).parent / "whatsapp-hub"), "serve"]
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**kept, **settings}, stdout=log, stderr=log)
    try:
        made = Site(f"http://127.0.0.1:{port}", process, folder)
        made.token = await _token(made)
        await made.call("PATCH", "/api/companies/me", {"language": "en"})
        yield made
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


async def _token(site: Site) -> str:
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    async with httpx.AsyncClient(base_url=site.url, timeout=10, trust_env=False) as http:
        for _ in range(START_S * 5):
            assert site.process.poll() is None, "the hub ended"
            try:
                answer = await http.post("/api/auth/login", json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return str(answer.json()["token"])
            await asyncio.sleep(0.2)
    raise AssertionError("the hub did not start")


@pytest_asyncio.fixture(scope="package")
async def browser(built: None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield launched
        await launched.close()


@dataclass
class Window:
    """A browser of one person."""

    site: Site
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    async def sign_in(self, email: str = ADMIN[0], password: str | None = None) -> None:
        await self.page.goto(f"{self.site.url}/login")
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_label("Password").fill(password or (ADMIN[1] if email == ADMIN[0] else PASSWORD))
        await self.page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(self.page.get_by_role("navigation", name="Pages")).to_be_visible()

    async def be(self, status: str) -> None:
        """Set one's presence by the menu at the avatar."""
        await self.page.locator(".rail-me").click()
        await self.page.get_by_role("menuitemradio", name=status).click()
        await expect(self.page.locator(f".rail-me .presence.{status.lower()}")).to_be_visible()

    def row(self, name: str) -> Any:
        return self.page.locator(".row", has_text=name)

    async def write(self, text: str) -> None:
        await self.page.locator(".composer textarea").fill(text)
        await self.page.locator(".composer textarea").press("Enter")

    async def bubbles(self) -> list[str]:
        """The texts of the chat, top to bottom."""
        return await self.page.locator(".bubble .text").all_inner_texts()


Open = Callable[..., Awaitable[Window]]


@pytest_asyncio.fixture
async def open_window(site: Site, browser: Browser) -> AsyncIterator[Open]:
    """Open a window of a browser of its own; `person`: signed in."""
    opened: list[Window] = []
    async with AsyncExitStack() as stack:

        async def make(person: str | None = None, **options: Any) -> Window:
            usual: dict[str, Any] = {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}}
            context = await browser.new_context(**{**usual, **options})
            stack.push_async_callback(context.close)
            await context.add_init_script(WATCH)
            window = Window(site, context, await context.new_page())
            _watch(window)
            opened.append(window)
            if person:
                await window.sign_in(person)
            return window

        yield make
    assert [fault for window in opened for fault in window.faults] == []


def _watch(window: Window) -> None:
    def said(message: Any) -> None:
        if message.type == "error" and not any(known in message.text for known in IGNORED):
            window.faults.append(message.text)

    window.page.on("console", said)
    window.page.on("pageerror", lambda error: window.faults.append(str(error)))
