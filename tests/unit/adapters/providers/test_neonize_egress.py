"""The way from the library to WhatsApp: a local proxy that knows each dial's connections, and can end them."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.fakes.hanging import certificate, hanging
from whatsapp_hub.adapters.providers.neonize.egress import forward_proxy, lookups, trial, upstream
from whatsapp_hub.adapters.providers.neonize.egress.forward_proxy import ForwardProxy, Route
from whatsapp_hub.adapters.providers.neonize.egress.upstream import Unreachable, environments_proxy, reach

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def a_proxy(*answer: bytes, asked: list[bytes] | None = None, apart_s: float = 0.0) -> Serve:
    """An HTTP proxy that answers so, piece by piece, and then echoes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head)
        for piece in answer:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(apart_s)
        await echo(reader, writer)

    return serve


@pytest_asyncio.fixture
async def forward() -> AsyncIterator[ForwardProxy]:
    proxy = ForwardProxy()
    yield proxy
    proxy.close()


async def through(route: Route, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Connect as the library does; the proxy's answer comes with it."""
    url = urlsplit(route.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    user = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
    writer.write(
        f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {user}\r\n\r\n".encode()
    )
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


# -- to the outside


async def test_a_proxys_answer_may_come_in_pieces_and_with_the_first_bytes_behind_it() -> None:
    asked: list[bytes] = []
    pieces = (b"HTTP/1.1 2", b"00 OK\r\nVia: ", b"x\r\n", b"\r\nfirst")
    async with listening(a_proxy(*pieces, asked=asked, apart_s=0.01)) as port:
        connection = await reach("far.example", 443, f"http://us%40er:p%3Aw@127.0.0.1:{port}")
        connection.writer.write(b" ping")
        said = connection.early
        while len(said) < 10:
            said += await connection.reader.read(10)
    assert said == b"first ping"
    assert asked[0].startswith(b"CONNECT far.example:443 HTTP/1.1\r\n")
    assert base64.b64encode(b"us@er:p:w") in asked[0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "the proxy's answer: 407 Proxy Authentication Required",
        ),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the proxy's answer: it closed the connection, or is no HTTP proxy"),
    ],
)
async def test_a_proxy_that_refuses_is_quoted(answer: bytes, reason: str) -> None:
    async with listening(a_proxy(answer)) as port:
        with pytest.raises(Unreachable) as refused:
            await reach("far.example", 443, f"http://user:secret@127.0.0.1:{port}")
    assert str(refused.value) == reason


async def test_each_step_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "REACH_S", 0.2)
    freed = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        freed.wait(10)
        return []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        with pytest.raises(Unreachable, match=r"^the proxy's answer: no answer within 0 s$"):
            await reach("far.example", 443, f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable, match=r"^the proxy's answer: no answer within 0 s$"):
            await reach("far.example", 443, f"socks5://127.0.0.1:{port}")
    monkeypatch.setattr(lookups, "_resolve", hang)
    with pytest.raises(Unreachable, match=r"^looking up far\.example: no answer within 0 s$"):
        await reach("far.example", 443, "")
    freed.set()


async def test_a_refused_connection_names_no_address_of_a_proxy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match=r"^connecting to the proxy: connection refused$"):
        await reach("far.example", 443, f"http://user:secret@127.0.0.1:{port}")


async def test_socks_names_the_host_to_the_proxy_and_is_authenticated() -> None:
    asked: list[bytes] = []

    async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        asked.append(await reader.readexactly(count))
        writer.write(b"\x05\x02")
        _, length = await reader.readexactly(2)
        user = await reader.readexactly(length)
        [length] = await reader.readexactly(1)
        asked.append(user + b":" + await reader.readexactly(length))
        writer.write(b"\x01\x00")
        await reader.readexactly(4)
        [length] = await reader.readexactly(1)
        asked.append(await reader.readexactly(length + 2))
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01")
        await echo(reader, writer)

    async with listening(socks) as port:
        connection = await reach("far.example", 443, f"socks5://us:pw@127.0.0.1:{port}")
        connection.writer.write(b"ping")
        assert await connection.reader.readexactly(4) == b"ping"
        connection.writer.close()
    assert asked[1:] == [b"us:pw", b"far.example" + (443).to_bytes(2, "big")]


def test_the_environments_proxy_and_its_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert environments_proxy("web.whatsapp.com") == ""
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert environments_proxy("web.whatsapp.com") == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "whatsapp.com")
    assert environments_proxy("web.whatsapp.com") == ""


async def test_many_who_look_up_the_same_name_wait_for_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    freed = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        freed.wait(5)
        return ["192.0.2.1"]

    monkeypatch.setattr(lookups, "_resolve", resolve)
    one = asyncio.create_task(lookups.addresses_of("a.example", 443))
    others = [asyncio.create_task(lookups.addresses_of("a.example", 443)) for _ in range(20)]
    await asyncio.sleep(0.01)
    one.cancel()
    freed.set()
    assert await asyncio.gather(*others) == [["192.0.2.1"]] * 20
    assert asked == ["a.example"]


# -- from the library


async def test_a_route_carries_what_is_sent_both_ways_however_much(forward: ForwardProxy) -> None:
    opened: list[int] = []
    async with listening(echo) as port:
        route = await forward.route("", lambda: opened.append(1))
        reader, writer, answer = await through(route, "127.0.0.1", port)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert route.begun.is_set()
        assert opened == [1]
        sent = bytes(range(256)) * 20_000  # far more than any buffer on the way
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        assert route.unanswered_s == 0.0
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(5):
            while route.main:
                await asyncio.sleep(0.005)


async def test_of_hosts_of_files_comes_no_more_than_a_file_may_have(forward: ForwardProxy) -> None:
    async with listening(echo) as whatsapp, listening(echo) as files:
        route = await forward.route("", lambda: None)
        main, main_writer, _ = await through(route, "127.0.0.1", whatsapp)
        reader, writer, _ = await through(route, "localhost", files)
        with route.file_of(1000) as is_more:
            writer.write(bytes(900))
            assert await reader.readexactly(900)
            assert not is_more()
            main_writer.write(bytes(5000))
            assert await main.readexactly(5000)
            writer.write(bytes(200))
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(300)
            assert is_more()
        again, again_writer, _ = await through(route, "localhost", files)
        again_writer.write(bytes(5000))
        assert await again.readexactly(5000)
        for each in (main_writer, writer, again_writer):
            each.close()


async def test_nobody_else_may_use_it(forward: ForwardProxy) -> None:
    async with listening(echo) as port:
        route = await forward.route("", lambda: None)
        stranger = Route(route.url.replace("route:", "route:x"), "", lambda: None)
        _, _, answer = await through(stranger, "127.0.0.1", port)
        assert answer.startswith(b"HTTP/1.1 502 not one of our dials")
        forward.forget(route)
        _, _, answer = await through(route, "127.0.0.1", port)
        assert answer.startswith(b"HTTP/1.1 502 not one of our dials")


async def test_cutting_ends_what_is_joined_and_what_still_waits_but_not_the_route(forward: ForwardProxy) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(echo) as port, listening(silent) as hole:
        route = await forward.route("", lambda: None)
        reader, _, _ = await through(route, "127.0.0.1", port)
        route.answered()
        route.proxy = f"http://127.0.0.1:{hole}"
        waits = asyncio.create_task(through(route, "127.0.0.1", port))
        await asyncio.sleep(0.1)
        route.cut()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(waits, 5)
        route.answered()
        route.proxy = ""
        _, _, answer = await through(route, "127.0.0.1", port)
        assert answer.startswith(b"HTTP/1.1 200 ")
        route.shut()
        _, _, answer = await through(route, "127.0.0.1", port)
        assert b"the session was closed" in answer


async def test_what_is_held_is_sent_later_in_order_and_what_comes_is_not_held(forward: ForwardProxy) -> None:
    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"a message")
        await echo(reader, writer)

    async with listening(speaks) as port:
        route = await forward.route("", lambda: None)
        reader, writer, _ = await through(route, "127.0.0.1", port)
        route.hold(is_held=True)
        writer.write(b"acknow")
        await writer.drain()
        assert await reader.readexactly(9) == b"a message"
        writer.write(b"ledged")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        route.hold(is_held=False)
        assert await reader.readexactly(12) == b"acknowledged"
        writer.close()


async def test_a_connection_made_meanwhile_is_held_too(forward: ForwardProxy) -> None:
    async with listening(echo) as port:
        route = await forward.route("", lambda: None)
        route.hold(is_held=True)
        reader, writer, _ = await through(route, "127.0.0.1", port)
        writer.write(b"acknowledged")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        route.cut()
        assert await reader.read() == b""
        writer.close()


async def test_silence_after_something_was_sent_is_measured(forward: ForwardProxy) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"a")
        await reader.read()

    async with listening(deaf) as port:
        route = await forward.route("", lambda: None)
        reader, writer, _ = await through(route, "127.0.0.1", port)
        writer.write(b"1")
        await reader.readexactly(1)
        assert route.unanswered_s == 0.0
        began = time.monotonic()
        writer.write(b"2")
        await asyncio.sleep(0.15)
        writer.write(b"3")
        assert 0.1 <= route.unanswered_s <= time.monotonic() - began
        route.cut()


async def test_an_unreachable_host_is_told_to_the_library_in_words(forward: ForwardProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    route = await forward.route("", lambda: None)
    _, _, answer = await through(route, "127.0.0.1", port)
    assert answer.startswith(b"HTTP/1.1 502 connecting to 127.0.0.1: connection refused\r\n")
    assert route.failure == "connecting to 127.0.0.1: connection refused"


async def test_a_connection_after_one_that_came_to_nothing_waits_until_whatsapp_answers(
    forward: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own pauses grow with every attempt: so its next one waits here, and is through at once."""
    tries, answers = asyncio.Queue[str](), asyncio.Event()

    async def try_whatsapp(proxy: str) -> None:
        tries.put_nowait(proxy)
        if not answers.is_set():
            raise Unreachable("WhatsApp's answer: none within 10 s")

    monkeypatch.setattr(trial, "try_whatsapp", try_whatsapp)
    monkeypatch.setattr(trial, "TRY_EVERY_S", 0.01)
    async with listening(echo) as port:
        route = await forward.route("", lambda: None)
        await through(route, "127.0.0.1", port)
        route.cut()
        waits = asyncio.create_task(through(route, "127.0.0.1", port))
        for _ in range(3):
            await tries.get()
        assert route.is_trying
        assert not waits.done()
        answers.set()
        _, _, answer = await asyncio.wait_for(waits, 5)
        assert answer.startswith(b"HTTP/1.1 200 ")
        route.answered()
        while not tries.empty():
            tries.get_nowait()
        await through(route, "127.0.0.1", port)
        assert tries.empty(), "one that was connected is not tried first"


async def test_a_connection_that_waits_in_vain_is_refused_and_ends_with_its_route(
    forward: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = asyncio.Queue[str]()

    async def try_whatsapp(proxy: str) -> None:
        tries.put_nowait(proxy)
        raise Unreachable("WhatsApp's answer: none within 10 s")

    monkeypatch.setattr(trial, "try_whatsapp", try_whatsapp)
    async with listening(echo) as port:
        route = await forward.route("", lambda: None)
        await through(route, "127.0.0.1", port)
        monkeypatch.setattr(forward_proxy, "RETRY_FOR_S", -1.0)
        _, _, answer = await through(route, "127.0.0.1", port)
        assert answer.startswith(b"HTTP/1.1 502 WhatsApp's answer: none within 10 s\r\n")
        monkeypatch.setattr(forward_proxy, "RETRY_FOR_S", 40.0)
        while not tries.empty():
            tries.get_nowait()
        waits = asyncio.create_task(through(route, "127.0.0.1", port))
        await tries.get()
        forward.forget(route)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(waits, 5)


# -- trying it without the library


async def test_those_that_were_lost_together_are_not_tried_in_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def try_whatsapp(proxy: str) -> None:
        if len(pauses) < 100:
            raise Unreachable("WhatsApp's answer: none within 10 s")

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(trial, "try_whatsapp", try_whatsapp)
    await trial.until_answered("", 60.0, lambda: True)
    assert len(set(pauses)) > 90
    assert all(trial.TRY_EVERY_S / 2 <= pause <= trial.TRY_EVERY_S for pause in pauses)


@pytest.mark.parametrize("kind", ["connect", "tls", "upgrade", "silence"])
async def test_a_trial_names_what_hangs_and_passes_once_whatsapp_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pair = certificate(tmp_path)
    monkeypatch.setattr(trial, "http1_context", lambda: ssl.create_default_context(cafile=str(pair)))
    monkeypatch.setattr(trial, "TRIAL_S", 0.5)
    monkeypatch.setattr(upstream, "REACH_S", 0.4)
    reasons = {
        "connect": "the proxy's answer: no answer within 0 s",
        "tls": "the answer to the TLS handshake: none within 0 s",
        "upgrade": "WhatsApp's answer: none within 0 s",
        "silence": "WhatsApp's answer: none within 0 s",
    }
    async with hanging(kind, pair) as hang:
        with pytest.raises(Unreachable) as refused:
            await trial.try_whatsapp(hang.url)
        assert str(refused.value) == reasons[kind]
        await hang.put_right()
        monkeypatch.setattr(trial, "TRIAL_S", 10.0)
        monkeypatch.setattr(upstream, "REACH_S", 10.0)
        await trial.try_whatsapp(hang.url)
        assert hang.answered == 1


async def test_a_trial_leaves_an_unknown_certificate_to_the_library(tmp_path: Path) -> None:
    async with hanging("silence", certificate(tmp_path)) as hang:
        await trial.try_whatsapp(hang.url)
    assert hang.answered == 0
