"""A stranger's unfinished or endless request: cut off by the server itself, and felt by nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
import uvicorn

from tests.integration.http.conftest import free_port
from whatsapp_hub.adapters.http.server import asgi
from whatsapp_hub.adapters.http.server import limits as server_limits
from whatsapp_hub.adapters.http.server.bodies import LargeBodies
from whatsapp_hub.adapters.http.server.limits import BoundedProtocol, Limits, watch

MB = 1024 * 1024


class Hasty(BoundedProtocol):
    large = LargeBodies(4 * MB)
    limits = Limits(idle_s=1.0, head_s=0.5, body_bytes=8 * MB, body_s=3.0, body_rate=1000.0, grace_s=0.5)


async def echo_length(scope, receive, send) -> None:  # type: ignore[no-untyped-def] # the shape of ASGI
    if scope["type"] != "http":
        return
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": str(length).encode()})


@dataclass
class Serving:
    port: int
    server: uvicorn.Server

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
def app(request: pytest.FixtureRequest) -> asgi.App:
    return getattr(request, "param", echo_length)


@pytest_asyncio.fixture
async def serving(monkeypatch: pytest.MonkeyPatch, app: asgi.App) -> AsyncIterator[Serving]:
    monkeypatch.setattr(server_limits, "LOOKED_AT_EVERY_S", 0.1)
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http=Hasty, log_config=None, lifespan="off",
        server_header=False, date_header=False,
    )  # fmt: skip
    running = uvicorn.Server(config)
    tasks = [asyncio.create_task(running._serve()), asyncio.create_task(watch(running.server_state))]
    while not running.started:
        await asyncio.sleep(0.01)
    yield Serving(port, running)
    running.should_exit = True
    await tasks[0]
    tasks[1].cancel()


async def pour(writer: asyncio.StreamWriter, piece: bytes, most: int) -> int:
    """Send `piece` again and again until the server ends the connection; the bytes that went."""
    sent = 0
    try:
        while sent < most and not writer.is_closing():
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(0)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split(b" ")[1]), json.loads(body)["detail"]


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"GET /", b"a" * 16_384),
        (b"GET /?", b"a=b&" * 4096),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-endless: ", b"a" * 16_384),
        (b"GET / HTTP/1.1\r\nhost: x\r\n", b"x-one-more: value\r\n" * 800),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x-trailer: value\r\n" * 800),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;", b"extension" * 1600),
    ],
    ids=["path", "query", "one header", "many headers", "trailers", "a chunk's extension"],
)
async def test_a_head_without_end_is_cut_off_while_it_is_small(serving: Serving, head: bytes, piece: bytes) -> None:
    _, writer = await serving.raw()
    writer.write(head)
    sent = await pour(writer, piece, 100 * MB)
    writer.close()
    assert sent < 8 * MB  # what the kernel's buffers and one more reading take


async def test_what_was_refused_is_said_as_a_problem(serving: Serving) -> None:
    reader, writer = await serving.raw()
    writer.write(b"GET /" + b"a" * 70_000)
    assert problem(await reader.read()) == (431, "the request's head has more than 64 kB")
    writer.close()
    reader, writer = await serving.raw()
    writer.write(b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n")
    assert problem(await reader.read())[0] == 431
    writer.close()
    reader, writer = await serving.raw()
    writer.write(b"\x16\x03\x01 this is TLS\r\n\r\n")
    assert problem(await reader.read()) == (400, "Invalid HTTP request received.")
    writer.close()


@pytest.mark.parametrize(
    ("begin", "status"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nhost: x\r\n", 408),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc", 408),
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_never_ends_is_ended(serving: Serving, begin: bytes, status: int | None) -> None:
    many = [await serving.raw() for _ in range(100)]
    for _, writer in many:
        writer.write(begin)
    answers = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in many)), 10)
    assert {problem(answer)[0] if answer else None for answer in answers} == {status}
    assert not serving.server.server_state.connections
    for _, writer in many:
        writer.close()


async def test_a_head_that_trickles_is_ended_too(serving: Serving) -> None:
    reader, writer = await serving.raw()
    writer.write(b"GET / HTTP/1.1\r\nx: ")

    async def trickle() -> None:
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    assert problem(await asyncio.wait_for(reader.read(), 5))[0] == 408
    trickling.cancel()
    writer.close()


async def test_a_keep_alive_connection_that_sends_empty_lines_is_ended(serving: Serving) -> None:
    reader, writer = await serving.raw()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"0\r\n\r\n")
    writer.write(b"\r\n")
    assert problem(await asyncio.wait_for(reader.read(), 5))[0] == 408
    writer.close()


async def test_an_honest_body_comes_whole_however_it_is_cut(serving: Serving) -> None:
    body = b"x" * (4 * MB)

    async def slowly() -> AsyncIterator[bytes]:
        for at in range(0, len(body), MB // 2):
            yield body[at : at + MB // 2]
            await asyncio.sleep(0.15)

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{serving.port}", trust_env=False) as client:
        assert (await client.post("/", content=body)).text == str(len(body))
        assert (await client.post("/", content=slowly())).text == str(len(body))
        assert (await client.get("/", headers={"x-long": "a" * 60_000})).text == "0"
        assert (await client.post("/", content=b"x" * 1000)).text == "1000"


async def test_large_bodies_of_strangers_share_a_bound_and_small_ones_pass(serving: Serving) -> None:
    """Each stops before its end; together they would hold 30 MB. The oldest goes on, whatever it holds. Who is refused
    while it still sends sees the end of the connection, and the answer where that was faster."""
    begun, sent = [await serving.raw() for _ in range(30)], 0
    for _, writer in begun:
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (2 * MB))
        went = await pour(writer, b"x" * 65_536, MB)
        sent = sent or went
    oldest, (_, first) = asyncio.create_task(begun[0][0].read()), begun[0]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{serving.port}", trust_env=False) as client:
        assert (await client.post("/", content=b"x" * 60_000)).text == "60000"
        first.write(b"x" * (2 * MB - sent))
        reads = (asyncio.wait_for(reader.read(), 10) for reader, _ in begun[-20:])
        ends = await asyncio.gather(*reads, return_exceptions=True)
        refused = [end for end in ends if isinstance(end, bytes) and end]
        assert all(isinstance(end, bytes | ConnectionError) for end in ends)
        assert {problem(answer) for answer in refused} <= {(503, "too many large bodies are under way; try again")}
        assert all(b"retry-after" in answer for answer in refused)
        for _, writer in begun[1:]:
            writer.close()
        while len(Hasty.large) > 1:
            await asyncio.sleep(0.01)
        assert (await client.post("/", content=b"x" * (2 * MB))).text == str(2 * MB)

    assert (await oldest).startswith(b"HTTP/1.1 200")
    first.close()
    while Hasty.large:
        await asyncio.sleep(0.01)


async def authenticated(scope, receive, send) -> None:  # type: ignore[no-untyped-def] # the shape of ASGI
    if "authenticated" in scope["path"]:
        scope[asgi.AUTHENTICATED](scope["path"])
    await echo_length(scope, receive, send)


@pytest.mark.parametrize("app", [authenticated], indirect=True)
async def test_uploads_of_users_have_room_beside_those_of_strangers(serving: Serving) -> None:
    address, size = f"http://127.0.0.1:{serving.port}", 3 * MB
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
        users = [client.post("/authenticated", content=b"x" * size) for _ in range(10)]
        assert {answer.text for answer in await asyncio.gather(*users)} == {str(size)}
    assert not Hasty.large


@pytest.mark.parametrize("app", [authenticated], indirect=True)
async def test_large_bodies_of_one_company_share_a_bound_and_others_have_theirs(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hasty, "large", LargeBodies(strangers=4 * MB, company=4 * MB, companies=64 * MB))
    head = b"POST /authenticated/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (4 * MB)
    (reader, first), (refused, second) = await serving.raw(), await serving.raw()
    first.write(head + b"x" * (3 * MB))
    await first.drain()
    while not Hasty.large:
        await asyncio.sleep(0.01)
    second.write(head)
    went = await pour(second, b"x" * 65_536, 4 * MB)
    try:
        answer = await asyncio.wait_for(refused.read(), 10)
    except ConnectionError:  # it still sent when the server ended it
        answer = b""
    assert went < 4 * MB or problem(answer)[0] == 503
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{serving.port}", trust_env=False) as client:
        assert (await client.post("/authenticated/b", content=b"x" * (3 * MB))).text == str(3 * MB)
    first.write(b"x" * MB)
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    while Hasty.large:
        await asyncio.sleep(0.01)


async def test_requests_that_are_sent_ahead_are_all_answered(serving: Serving) -> None:
    reader, writer = await serving.raw()
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" * 50)
    for _ in range(50):
        assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


WHOLE = asgi.Prepared(200, {"x-kind": "prepared"}, b"stored")


async def prepared(scope, receive, send) -> None:  # type: ignore[no-untyped-def] # the shape of ASGI
    await echo_length(scope, receive, send) if scope["path"] == "/echo" else await WHOLE(scope, send)


@pytest.mark.parametrize("app", [prepared], indirect=True)
async def test_a_prepared_answer_is_the_same_as_one_that_is_put_together(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a connection that stays open its bytes are written as they are; on one that closes they are not."""
    writes: list[bool] = []

    def noted(self: Hasty, scope: asgi.Scope, answer: bytes) -> bool:
        writes.append(BoundedProtocol.write_whole(self, scope, answer))
        return writes[-1]

    monkeypatch.setattr(Hasty, "write_whole", noted)
    answers = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{serving.port}", trust_env=False) as client:
        for headers in ({}, {}, {"connection": "close"}):
            answer = await client.post("/", content=b"abc", headers=headers)
            answers.append((answer.status_code, answer.content, dict(answer.headers)))
    assert answers[0] == answers[1]
    assert writes == [True, True, False]
    assert answers[2] == (200, b"stored", {**answers[0][2], "connection": "close"})
    assert answers[0][2]["x-kind"] == "prepared"
    assert answers[0][2]["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("app", [prepared], indirect=True)
async def test_prepared_answers_to_requests_that_are_sent_ahead_keep_their_places(serving: Serving) -> None:
    reader, writer = await serving.raw()
    both = (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc", b"GET /echo HTTP/1.1\r\nhost: x\r\n\r\n")
    writer.write(b"".join(both) * 20 + both[0])
    for _ in range(20):
        assert (await reader.readuntil(b"stored")).startswith(b"HTTP/1.1 200 OK\r\nx-kind: prepared\r\n")
        assert b"text/plain" in await reader.readuntil(b"0\r\n\r\n")
    await reader.readuntil(b"stored")
    writer.close()
