"""What a provider's server may cost us: bytes, unpacked or not, and time as a whole."""

import asyncio
import io
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import multipart  # type: ignore[import-untyped] # multipart ships none
import pytest
import pytest_asyncio

from tests.fakes.files import outgoing_file
from whatsapp_hub.adapters.providers.http_call import ANSWER_BYTES, Call, Form, HttpPool, exchange
from whatsapp_hub.domain.errors import OutcomeUnknown, Transient

Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Answering], Awaitable[str]]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that answers each request this way; its URL."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answering) -> str:
        async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                seen.append(await reader.readuntil(b"\r\n\r\n"))
                await answer(writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(each, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"

    yield start
    for server in servers:
        server.close()


seen: list[bytes] = []


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[HttpPool]:
    pool = HttpPool(pools=1)
    yield pool
    await pool.aclose()


def _packed() -> bytes:
    """200 MB of blanks, in pieces, so that the test itself never has them."""
    packer, blanks = zlib.compressobj(9, wbits=31), b" " * 1_000_000
    return b"".join([*(packer.compress(blanks) for _ in range(200)), packer.flush()])


PACKED = _packed()


async def bomb(writer: asyncio.StreamWriter) -> None:
    length = str(len(PACKED)).encode()
    writer.write(HEAD + b"content-encoding: gzip\r\ncontent-length: " + length + b"\r\n\r\n" + PACKED)


async def without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"content-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def head_without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nx: ")
    while True:
        writer.write(b"a" * 65_536)
        await writer.drain()


@pytest.mark.parametrize("answer", [bomb, without_end, trickle, head_without_end])
async def test_an_answer_costs_no_more_than_its_bound(serve: Serve, pool: HttpPool, answer: Answering) -> None:
    url = await serve(answer)
    tracemalloc.start()
    try:
        with pytest.raises(Transient):
            await exchange(pool, Call("GET", url, {}, idempotent=True), 2.0)
        with pytest.raises(OutcomeUnknown):
            await exchange(pool, Call("POST", url, {}, b"{}"), 2.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * ANSWER_BYTES


async def test_the_reason_names_what_was_wrong_with_the_answer(serve: Serve, pool: HttpPool) -> None:
    for answer, words in ((bomb, "packed"), (without_end, "more than")):
        with pytest.raises(Transient, match=words) as failed:
            await exchange(pool, Call("GET", await serve(answer), {}, idempotent=True), 5.0)
        assert failed.value.code == "bad_answer"


async def test_a_packed_answer_is_not_asked_for(serve: Serve, pool: HttpPool) -> None:
    async def plain(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-length: 2\r\n\r\n{}")

    seen.clear()
    answer = await exchange(pool, Call("GET", await serve(plain), {"X-Api-Key": "k"}), 5.0)
    assert (answer.status, answer.body) == (200, b"{}")
    assert b"accept-encoding: identity" in seen[0].lower()


async def test_a_form_carries_its_file_whole_and_a_file_name_can_add_no_header(pool: HttpPool) -> None:
    """As Meta's /media takes it; the name is a customer's."""
    content, sent = bytes(range(256)) * 500, list[tuple[str, bytes]]()
    name = 'a"b\r\nX-Evil: 1\\ é.png'

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n"))}
        body = await reader.readexactly(int(fields["content-length"]))
        sent.append((fields["content-type"], body))
        writer.write(HEAD + b"content-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(each, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/media"
        file = outgoing_file(content, "image/png", name)
        form = Form({"messaging_product": "whatsapp", "type": "image/png"}, "file", file)
        assert (await exchange(pool, Call("POST", url, {"Authorization": "x"}, form=form), 5)).status == 200
    [(kind, body)] = sent
    options = multipart.parse_options_header(kind)[1]
    parts = {part.name: part for part in multipart.MultipartParser(io.BytesIO(body), options["boundary"])}
    assert {k: part.value for k, part in parts.items() if k != "file"} == dict(form.fields)
    assert (parts["file"].raw, parts["file"].content_type) == (content, "image/png")
    assert [k.lower() for k, _ in parts["file"].headerlist] == ["content-disposition", "content-type"]
