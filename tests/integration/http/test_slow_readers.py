"""Clients that read slowly, or send at once what is large, hold neither the memory nor the database of others."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest_asyncio

from tests.integration.http.conftest import Company, Person, RunningHub

CONNECTIONS = 12
"""Of an API process to PostgreSQL, for all companies."""
FILE = bytes(range(256)) * 48_000


@dataclass
class SlowReader:
    """Has asked, has read the head of the answer, and reads on when it is told to."""

    reader: asyncio.StreamReader
    length: int | None

    async def rest(self) -> bytes:
        async with asyncio.timeout(30):
            return await self.reader.read(-1)


@asynccontextmanager
async def reading(hub: RunningHub, person: Person, path: str) -> AsyncIterator[SlowReader]:
    address = urlsplit(hub.url)
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bare.setblocking(False)
    await asyncio.get_running_loop().sock_connect(bare, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=bare, limit=4096)
    lines = [f"GET {path} HTTP/1.1", "Host: hub", f"Authorization: Bearer {person.token}", "Connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 200"), head
    lengths = [line.partition(": ")[2] for line in head.splitlines() if line.startswith("content-length: ")]
    yield SlowReader(reader, int(lengths[0]) if lengths else None)
    writer.transport.abort()


@dataclass
class Files:
    company: Company
    contact: str
    url: str


@pytest_asyncio.fixture
async def files(running: RunningHub, company: Company) -> Files:
    """A customer who was sent a large file."""
    session = await company.session(routing="none")
    await company.customer_writes(session, "5511987650001", "Oi")
    conversation = await company.conversation()
    form = {"conversationId": conversation["id"]}
    file = {"file": ("a.bin", FILE, "application/octet-stream")}
    admin = company.admin
    sent = await admin.http.post("/api/messages/send-media", data=form, files=file, headers=admin.headers)
    assert sent.status_code == 202, sent.text
    contact = (await admin.get(f"/api/conversations/{conversation['id']}")).json()["contact"]["id"]
    return Files(company, contact, sent.json()["mediaUrl"])


async def test_slow_exports_hold_no_connection(running: RunningHub, files: Files) -> None:
    admin, other = files.company.admin, await running.company()
    made = (await admin.post(f"/api/contacts/{files.contact}/export")).json()
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS + 4):
            await stack.enter_async_context(reading(running, admin, f"/api/exports/{made['id']}/file"))
        await asyncio.sleep(1)  # until each of them has a piece that its client does not read
        async with asyncio.timeout(3):
            assert (await other.admin.get("/api/conversations")).status_code == 200


async def test_slow_files_are_whole_and_hold_no_connection(running: RunningHub, files: Files) -> None:
    other = await running.company()
    async with reading(running, files.company.admin, files.url) as whole:
        assert whole.length == len(FILE)
        assert await whole.rest() == FILE
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS + 4):
            await stack.enter_async_context(reading(running, files.company.admin, files.url))
        await asyncio.sleep(1)  # until each of them has a piece that its client does not read
        async with asyncio.timeout(3):
            assert (await other.admin.get("/api/conversations")).status_code == 200
