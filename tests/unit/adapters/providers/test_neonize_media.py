"""Files to send are fetched from public addresses, within bounds, and told by kind of failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.names import Names
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.domain.errors import Rejected, Transient

ANSWERS = {
    "/a.png": b"HTTP/1.1 200 OK\r\nContent-Type: image/png; charset=x\r\nContent-Length: 5\r\n\r\nbytes",
    "/moved": b"HTTP/1.1 302 Found\r\nLocation: /a.png\r\nContent-Length: 0\r\n\r\n",
    "/round": b"HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n",
    "/to-a-file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "/packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nbytes",
    "/gone": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "/broken": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbytes",
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[str]:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode())
        writer.write(ANSWERS[head.split()[1].decode()])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as found:
        yield f"http://127.0.0.1:{found.sockets[0].getsockname()[1]}"


async def test_a_file_and_what_it_is(server: str) -> None:
    fetched = await HttpFetch(allow_private=True)(f"{server}/moved")
    assert (fetched.data, fetched.mimetype) == (b"bytes", "image/png")


@pytest.mark.parametrize("path", ["/gone", "/round", "/to-a-file", "/packed"])
async def test_what_will_never_be_fetched_is_rejected(server: str, path: str) -> None:
    with pytest.raises(Rejected):
        await HttpFetch(allow_private=True)(server + path)


@pytest.mark.parametrize("path", ["/broken", "/short"])
async def test_what_may_come_later_is_transient(server: str, path: str) -> None:
    with pytest.raises(Transient):
        await HttpFetch(allow_private=True)(server + path)


async def test_a_file_that_is_too_large_is_rejected(server: str) -> None:
    with pytest.raises(Rejected, match="too_large"):
        await HttpFetch(allow_private=True, most=4)(f"{server}/a.png")


@pytest.mark.parametrize(
    "url",
    [
        *("{server}/a.png", "http://localhost/a.png", "http://[::1]/a", "http://169.254.169.254/x", "http://10.0.0.1/"),
        # The forms in which IPv6 carries an IPv4 address: mapped, NAT64, 6to4, Teredo; and what is no host's own.
        *(
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:a00:1::]/",
            "http://[2001:0:a00:1::]/",
        ),
        *("http://[fe80::1]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://224.0.0.1/", "http://240.0.0.1/"),
    ],
)
async def test_nothing_inside_is_reached_through_a_message(server: str, url: str) -> None:
    with pytest.raises(Rejected, match="not at a public address"):
        await HttpFetch(allow_private=False)(url.format(server=server))


@pytest.mark.parametrize("url", ["http://", "ftp://x/y", "http://x:99999/"])
async def test_what_is_no_url_is_rejected(url: str) -> None:
    with pytest.raises(Rejected):
        await HttpFetch(allow_private=True)(url)


async def test_a_name_that_leads_inside_is_no_public_address() -> None:
    fetch = HttpFetch(allow_private=False)
    fetch._names = Names(look_up=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(Rejected, match="not at a public address"):
        await fetch("http://files.example/a.png")
