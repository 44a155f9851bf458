"""A program that uses a gateway contract: it has an API key, and reads pictures of QR codes."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import png
import pytest_asyncio

from tests.fakes import waha as waha_fake
from tests.integration.http.conftest import Company, Person
from tests.integration.hub.world import World

__all__ = [
    *("Program", "a_key", "a_scannable_session", "is_problem", "opened", "program", "shown_picture", "waha_says"),
]


@dataclass
class Program:
    """Asks with an API key of its company's."""

    company: Company
    key: str

    @property
    def http(self) -> httpx.AsyncClient:
        return self.company.hub.http

    @property
    def admin(self) -> Person:
        return self.company.admin

    async def get(self, path: str, **query: object) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers={"X-Api-Key": self.key})

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"X-Api-Key": self.key, **headers})

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path, headers={"X-Api-Key": self.key})

    async def shown_to(self, phone: str, session: str) -> list[str]:
        """What that phone has got from a sandbox session (by its sessionId)."""
        [found] = [s for s in (await self.get("/api/sessions")).json() if s["sessionId"] == session]
        return await self.company.phone(found, phone)


@pytest_asyncio.fixture
async def program(company: Company) -> Program:
    made = await company.admin.post("/api/api-keys", {"name": "a program"})
    return Program(company, made.json()["key"])


def a_key(kind: str = "s") -> str:
    return f"{kind}-{uuid4().hex[:12]}"


async def a_scannable_session(world: World, company: Company) -> dict[str, Any]:
    """A WAHA session that waits to be scanned."""
    name = a_key("w")
    world.waha.sessions[name] = "STOPPED"
    settings = {"url": world.waha.url, "apiKey": waha_fake.API_KEY, "session": name}
    body = {"name": name, "provider": "WAHA", "routing": "none", "settings": settings}
    made = await company.admin.post("/api/sessions", body)
    assert made.status_code == 201, made.text
    world.waha.after_start = "SCAN_QR_CODE"
    try:
        begun = await company.admin.post(f"/api/sessions/{made.json()['id']}/start")
    finally:
        world.waha.after_start = "WORKING"
    assert (begun.status_code, begun.json()["status"]) == (200, "QR_PENDING"), begun.text
    return dict(begun.json())


def shown_picture(url: str) -> tuple[int, int]:
    """Width and height of a PNG in a data URL, read by a decoder."""
    kind, _, data = url.partition(",")
    assert kind == "data:image/png;base64"
    width, height, rows, _ = png.Reader(file=io.BytesIO(base64.b64decode(data, validate=True))).read()
    assert {bit for row in rows for bit in row} == {0, 1}
    return width, height


def is_problem(answer: httpx.Response, status: int, *pointers: str) -> bool:
    """An RFC 9457 problem of this status that names exactly these fields."""
    problem = answer.json()
    named = [error["pointer"] for error in problem.get("errors", [])]
    assert (answer.status_code, named) == (status, list(pointers)), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    return True


async def opened(program: Program, agent: str | None = None) -> dict[str, Any]:
    """A started sandbox session, as F shows it."""
    key = a_key()
    made = await program.post(f"/whatsapp/{agent or key}/sessions/init", {"sessionId": key, "provider": "SANDBOX"})
    assert made.status_code == 202, made.text
    [found] = [s for s in (await program.get("/api/sessions")).json() if s["sessionId"] == key]
    return dict(found)


async def waha_says(world: World, session: dict[str, Any], status: str) -> None:
    """The WAHA server reports a state of the session's."""
    body = waha_fake.webhook("session.status", {"name": session["sessionId"], "status": status}, session["sessionId"])
    answer = await world.hub.http.post(
        f"/webhooks/waha/{session['id']}", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200, answer.text
