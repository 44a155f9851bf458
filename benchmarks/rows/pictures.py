"""Customers' files beside their texts: what pictures cost the texts, and what a file of 100 MB costs each process.

A thousand pictures a minute come in beside 200 texts a second: each is asked for at the Graph API, stored, decoded and
made small. A document of 100 MB comes in, and one goes out; the resident memory of each of the hub's processes is read
every 50 ms meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from benchmarks import meta
from benchmarks.graph import BIG, PICTURES
from benchmarks.hub import APP_SECRET, command_line, descendants
from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.rows.customers import NUMBERS, Desk

TEXTS_PER_S = 200
PICTURES_PER_MINUTE = 1_000
MOST_RATIO = 1.3
BIG_MB, MOST_GROWN_MB = 100, 32.0
LOOK_EVERY_S = 0.05
WITHIN_S = 120.0
SERVERS = ("postgres", "valkey-server")
FETCHED = "SELECT count(*) FROM hub.fetches"
SENT = "SELECT status FROM pooled.messages WHERE id = $1"


async def rows(desk: Desk, size: Size) -> list[Row]:
    """Measure the texts without and with pictures, in turn; then the two documents."""
    alone: list[float] = []
    beside: list[float] = []
    fetched: list[float] = []
    await desk.flow("picwarm", TEXTS_PER_S, 2)
    for number in range(size.rounds):
        alone.append((await desk.flow(f"picA{number}", TEXTS_PER_S, size.latency_s)).seen.p99_ms)
        async with _pictures(desk) as posted:
            beside.append((await desk.flow(f"picB{number}", TEXTS_PER_S, size.latency_s)).seen.p99_ms)
        fetched.append(float(posted[0]))
        await _until(lambda: _none_left(desk))
    ratios = [with_ / without for with_, without in zip(beside, alone, strict=True)]
    found = [
        Row.of("pictures_event_p99_alone", alone, "ms", less_is_better=True),
        Row.of("pictures_event_p99_beside", beside, "ms", less_is_better=True),
        Row.of("pictures_event_p99_ratio", ratios, "×", reach=MOST_RATIO, less_is_better=True),
        Row.of("pictures_posted", fetched, "a round"),
    ]
    for name, act in (("in", _document_in), ("out", _document_out)):
        grown = await _growth(desk, act(desk))
        for process, mb in sorted(grown.items()):
            row = f"pictures_document_{BIG_MB}mb_{name}_{process}"
            found.append(Row.of(row, [mb], "MB", reach=MOST_GROWN_MB, less_is_better=True))
    return found


@asynccontextmanager
async def _pictures(desk: Desk) -> AsyncIterator[list[int]]:
    """Post pictures at their rate until the block ends; how many were taken."""
    taken = [0]
    posting = asyncio.create_task(_post_pictures(desk, taken))
    try:
        yield taken
    finally:
        posting.cancel()
        with suppress(asyncio.CancelledError):
            await posting


async def _post_pictures(desk: Desk, taken: list[int]) -> None:
    begun, number = time.monotonic(), 0
    async with httpx.AsyncClient(base_url=desk.hub.address, trust_env=False, timeout=30) as http:
        while True:
            due = begun + number * 60 / PICTURES_PER_MINUTE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            taken[0] += await _post(http, f"{PICTURES}{uuid4().hex}", "image", "image/jpeg", number)
            number += 1


async def _post(http: httpx.AsyncClient, id: str, kind: str, mime_type: str, number: int) -> bool:
    customer = f"55118{number % 500:08d}"
    body = meta.file_message(NUMBERS[number % len(NUMBERS)], customer, f"wamid.pic.{uuid4().hex}", kind, id, mime_type)
    answer = await http.post(meta.SHARED_PATH, content=body, headers=meta.headers(APP_SECRET, body))
    return answer.status_code == 200


async def _document_in(desk: Desk) -> None:
    """A customer sends it; it is over when it is stored."""
    async with httpx.AsyncClient(base_url=desk.hub.address, trust_env=False, timeout=30) as http:
        await _post(http, f"{BIG}{BIG_MB}", "document", "application/pdf", 1)
    await _until(lambda: _none_left(desk))


async def _document_out(desk: Desk) -> None:
    """An agent sends it; it is over when the Graph API has it."""
    [conversation, *_] = await desk.api.get("/api/conversations", limit=1, status="ASSIGNED")
    boundary = uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="conversationId"\r\n\r\n{conversation["id"]}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="big.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n%PDF-1.7\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    piece = bytes(1024 * 1024)

    async def content() -> AsyncIterator[bytes]:
        yield head
        for _ in range(BIG_MB - 1):
            yield piece
        yield tail

    size = len(head) + (BIG_MB - 1) * len(piece) + len(tail)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(size)}
    answer = await desk.api.client.post(
        "/api/messages/send-media", content=content(), headers=headers, timeout=WITHIN_S
    )
    answer.raise_for_status()
    message_id = answer.json()["id"]

    async def is_sent() -> bool:
        return bool(await desk.stack.value(SENT, message_id) != "PENDING")

    await _until(is_sent)


async def _none_left(desk: Desk) -> bool:
    pending = await desk.stack.value("SELECT count(*) FROM hub.inbox WHERE state = 'pending'")
    return not pending and not await desk.stack.value(FETCHED)


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():
            await asyncio.sleep(LOOK_EVERY_S)


async def _growth(desk: Desk, act: Coroutine[Any, Any, None]) -> dict[str, float]:
    """Return by how many megabytes each of the hub's processes was larger, at most, than before."""
    before = _resident(desk.hub.pid)
    most = dict(before)
    acting = asyncio.create_task(act)
    while not acting.done():
        for process, mb in _resident(desk.hub.pid).items():
            most[process] = max(most.get(process, mb), mb)
        await asyncio.sleep(LOOK_EVERY_S)
    await acting
    return {process: most[process] - before[process] for process in before}


def _resident(pid: int) -> dict[str, float]:
    """Return the resident memory of the hub's own processes, its servers left out, in megabytes, by role."""
    found: dict[str, float] = {}
    for one in descendants(pid):
        line = command_line(one)
        if not line or Path(line[0]).name in SERVERS:
            continue
        with suppress(OSError, ValueError, StopIteration):
            status = Path(f"/proc/{one}/status").read_text().splitlines()
            kb = next(int(entry.split()[1]) for entry in status if entry.startswith("VmRSS:"))
            role = line[-1].rpartition(".")[2]
            found[role] = max(found.get(role, 0.0), kb / 1024)
    return found
