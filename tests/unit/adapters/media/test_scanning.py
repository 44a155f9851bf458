"""The operator's virus scanner: a command, or an ICAP server; without a clear answer nothing passes."""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import IO
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.media.scanning import BadScanner, VirusScanner
from whatsapp_hub.application.ports.edge.inspection import Infected
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId

OWNER = TenantId(uuid4())
CONTENT = b"%PDF-1.7\r\n0\r\n\r\n" + bytes(range(256)) * 2_000
"""With what looks like a chunk's end, and longer than the buffers in between."""


@pytest.fixture
def file() -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the test's last reference
    file.write(CONTENT)
    return file


async def verdict(scanner: VirusScanner, file: IO[bytes]) -> str | None:
    try:
        await scanner(OWNER, file, len(CONTENT))
    except Infected as error:
        return str(error)
    return None


# Commands


def command(program: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (f"import sys; sys.exit(len(sys.stdin.buffer.read()) != {len(CONTENT)})", None),
        ("print('stream: Eicar-Test-Signature FOUND\\nmore'); raise SystemExit(1)", "Eicar-Test-Signature"),
        ("raise SystemExit(1)", "unnamed"),
        ("import sys; sys.stdout.buffer.write(b'\\x1b[2J\\xff' * 9999999); sys.exit(1)", "[2J�" * 20),
    ],
    ids=["clean", "found", "without a name", "noisy"],
)
async def test_a_command_reads_the_file_and_says_what_it_found(
    file: IO[bytes], program: str, found: str | None
) -> None:
    said = await verdict(VirusScanner.of(command(program)), file)
    assert said is None if found is None else said is not None and said.replace(" ", "")[:80] == found[:80]
    assert file.read() == CONTENT  # from its beginning, for those that read it next


@pytest.mark.parametrize(
    "setting",
    [command("raise SystemExit(2)"), command("import os; os.kill(os.getpid(), 9)"), "/there/is/no/such/program"],
)
async def test_a_command_that_fails_lets_nothing_through(file: IO[bytes], setting: str) -> None:
    with pytest.raises(Unavailable):
        await verdict(VirusScanner.of(setting), file)


async def test_a_command_that_hangs_is_ended(file: IO[bytes]) -> None:
    hangs = VirusScanner.of(command("import time; time.sleep(600)"))
    with pytest.raises(Unavailable):
        await verdict(VirusScanner(hangs._scan, answer_s=0.2), file)


async def test_a_command_sees_no_secret(file: IO[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_KEY", "very secret")
    program = "import os; raise SystemExit('HUB_SECRET_KEY' in os.environ)"
    assert await verdict(VirusScanner.of(command(program)), file) is None


# ICAP

Answers = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def icap(answers: Answers) -> AsyncIterator[VirusScanner]:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield VirusScanner.of(f"icap://127.0.0.1:{port}/avscan?x=1")
    finally:
        server.close()


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read a whole RESPMOD; return its ICAP head and the file."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    body = b""
    while length := int(await reader.readline(), 16):
        body += await reader.readexactly(length)
        await reader.readexactly(2)
    return head, body


def says(answer: bytes) -> Answers:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, body = await request(reader)
        assert head.startswith("RESPMOD icap://127.0.0.1:")
        assert "/avscan?x=1 ICAP/1.0\r\n" in head
        assert body == CONTENT
        writer.write(answer)
        writer.close()

    return answers


def changed(http: bytes, body: bytes, more: bytes = b"") -> bytes:
    pieces = [body[at : at + 9999] for at in range(0, len(body), 9999)]
    head = b"ICAP/1.0 200 OK\r\n%bEncapsulated: res-hdr=0, res-body=99\r\n\r\n" % more
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"%bHTTP/1.1 %b\r\nA: b\r\n\r\n%b0\r\n\r\n" % (head, http, chunks)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"ICAP/1.0 204 No Content\r\n\r\n", None),
        (changed(b"200 OK", CONTENT), None),
        (changed(b"200 OK", b"<h1>Blocked</h1>"), "changed by the scanner"),
        (changed(b"200 OK", CONTENT[:-1]), "changed by the scanner"),
        (changed(b"200 OK", CONTENT + b"x"), "changed by the scanner"),
        (changed(b"403 Forbidden", b"<h1>Blocked</h1>"), "blocked"),
        (changed(b"200 OK", CONTENT, b"X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n"), "Eicar"),
        (b"ICAP/1.0 200 OK\r\nX-Virus-ID: Win.Test\r\n\r\n", "Win.Test"),
    ],
    ids=["204", "same", "page", "shorter", "longer", "403", "infection", "virus id"],
)
async def test_an_icap_server_says_what_it_found(file: IO[bytes], answer: bytes, found: str | None) -> None:
    async with icap(says(answer)) as scanner:
        assert await verdict(scanner, file) == found
    assert file.read() == CONTENT


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ICAP/1.0 404 No such service\r\n\r\n",
        b"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=99\r\n\r\nHTTP/1.1 200 OK\r\n\r\n5\r\n" + CONTENT[:5],
        b"ICAP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nzz\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"A" * 200_000,
    ],
)
async def test_no_clear_answer_lets_nothing_through(file: IO[bytes], answer: bytes) -> None:
    async with icap(says(answer)) as scanner:
        with pytest.raises(Unavailable):
            await verdict(scanner, file)


async def test_a_verdict_may_come_before_the_file_s_end(file: IO[bytes]) -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ICAP/1.0 200 OK\r\nX-Infection-Found: Threat=Eicar;\r\n\r\n")
        writer.close()

    async with icap(hasty) as scanner:
        assert await verdict(scanner, file) == "Eicar"


async def test_a_server_that_is_away_or_silent_lets_nothing_through(file: IO[bytes]) -> None:
    ended = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with icap(silent) as scanner:
        with pytest.raises(Unavailable):
            await verdict(VirusScanner(scanner._scan, answer_s=0.2), file)
        ended.set()
    with pytest.raises(Unavailable):
        await verdict(scanner, file)


@pytest.mark.parametrize(
    "setting", ["icap://", "icap://host:99999/x", "http://host/x", "icap:// host/x", "clamdscan '", " "]
)
def test_what_names_no_scanner_is_refused(setting: str) -> None:
    with pytest.raises(BadScanner):
        VirusScanner.of(setting)
