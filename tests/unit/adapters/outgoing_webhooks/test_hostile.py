"""What a stranger's server may do to whoever posts to it: cost the deadline, a bound of memory, a failure; no more."""

import asyncio
import gzip
import ssl
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fakes.receiver import OK, FakeReceiver, status
from whatsapp_hub.adapters.outgoing_webhooks import sender as sending
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard
from whatsapp_hub.adapters.outgoing_webhooks.http import Target
from whatsapp_hub.adapters.outgoing_webhooks.sender import HttpWebhookSender
from whatsapp_hub.application.ports.queues.webhook_queue import Receiver
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import Attempt
from whatsapp_hub.domain.integrations.subscription import Secret, Webhook

NOW = datetime.now(UTC)
SECRET = "whsec_" + "A" * 32
DEADLINE_S = 0.5
HEAD = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = 1024 * 1024


def a_webhook(url: str) -> Webhook:
    return Webhook(WebhookId(uuid4()), TenantId(uuid4()), url, NOW, NOW, (Secret(SECRET),))


@asynccontextmanager
async def posting(deadline_s: float = DEADLINE_S) -> AsyncIterator[Receiver]:
    sender = HttpWebhookSender(Guard(allow_private=True), lambda: datetime.now(UTC), deadline_s)
    async with sender.receiver() as receiver:
        yield receiver
    sender.close()


@asynccontextmanager
async def saying(pieces: Callable[[], AsyncIterator[bytes]]) -> AsyncIterator[str]:
    """A server that reads a request's head and then says these, as long as somebody listens."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            async for piece in pieces():
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def attempt_at(pieces: Callable[[], AsyncIterator[bytes]], deadline_s: float = DEADLINE_S) -> Attempt:
    async with saying(pieces) as url, posting(deadline_s) as receiver:
        return await receiver.ping(a_webhook(url))


def dripping(whole: bytes, apart_s: float = 0.02) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        for byte in whole:
            yield bytes([byte])
            await asyncio.sleep(apart_s)

    return pieces


def endless(first: bytes, again: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        yield first
        while True:
            yield again

    return pieces


async def test_a_head_that_comes_byte_by_byte_costs_the_deadline_and_no_more() -> None:
    began = time.monotonic()
    attempt = await attempt_at(dripping(HEAD + b"X-Slow: " + b"y" * 1000))
    assert (attempt.status, attempt.error) == (None, "no answer within 0.5 s")
    assert time.monotonic() - began < 3 * DEADLINE_S


@pytest.mark.parametrize(
    "pieces",
    [
        dripping(HEAD + b"Content-Length: 9999\r\n\r\n" + b"z" * 9999, 0.001),
        endless(HEAD + b"\r\n", b"z" * 65536),
        endless(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"z" * 65536),
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n" * 999),
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: x\r\n" * 999),
        endless(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9999999\r\n\r\n", gzip.compress(b"0" * MEGABYTE)),
    ],
    ids=["slow", "endless", "endless by its own account", "endless chunks", "endless trailer", "bomb"],
)  # fmt: skip
async def test_a_status_is_the_answer_whatever_its_body_does(pieces: Callable[[], AsyncIterator[bytes]]) -> None:
    tracemalloc.start()
    began = time.monotonic()
    attempt = await attempt_at(pieces, deadline_s=5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (attempt.status, attempt.error) == (200, None)
    assert time.monotonic() - began < 3
    assert most < 4 * MEGABYTE


@pytest.mark.parametrize(
    "pieces",
    [
        endless(HEAD, b"X: " + b"y" * 65536),
        endless(HEAD, b"X: y\r\n" * 999),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
        endless(b"", b"y" * 65536),
    ],
    ids=["one header", "many headers", "many interim answers", "no line"],
)  # fmt: skip
async def test_a_head_without_end_is_no_answer(pieces: Callable[[], AsyncIterator[bytes]]) -> None:
    tracemalloc.start()
    attempt = await attempt_at(pieces, deadline_s=5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (attempt.status, attempt.is_receivers_fault) == (None, True)
    assert attempt.took_s < 4
    assert most < 4 * MEGABYTE


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 99999 No\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1 2xx\r\n\r\n", b"\r\n\r\n",
     b"HTTP/1.1 +20 x\r\n\r\n", "HTTP/1.1 ２００ x\r\n\r\n".encode(), b"<html>", b"", b"HTTP/1.1 200 OK\r\nA: b"],
)  # fmt: skip
async def test_what_is_not_http_is_no_answer(said: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield said

    attempt = await attempt_at(pieces)
    assert (attempt.status, attempt.is_delivered) == (None, False)
    assert attempt.error is not None
    assert "html" not in attempt.error


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308, 101, 304, 400])
async def test_nobody_is_followed_anywhere(code: int) -> None:
    async with FakeReceiver() as other, posting() as receiver:
        async with FakeReceiver(lambda _: status(code, f"Location: {other.url}")) as first:
            attempt = await receiver.ping(a_webhook(first.url))
        assert (attempt.status, attempt.is_delivered) == (code, False)
        assert other.posted == []


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: -1\r\n\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: 1, 2\r\n\r\nab",
     b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
     b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nhello",
     b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: gzip\r\n\r\n",
     b"Connection: close\r\nContent-Length: 0\r\n\r\n", b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"],
)  # fmt: skip
async def test_after_an_odd_answer_the_next_is_asked_on_a_new_connection(rest: bytes) -> None:
    """Else what is left over would be taken for it: here the second answer is a refusal."""
    connections = 0

    class Counting(FakeReceiver):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await super()._serve(reader, writer)

    answers = [HEAD + rest, status(500)]
    async with Counting(lambda _: answers.pop(0)) as server, posting(5) as receiver:
        assert (await receiver.ping(a_webhook(server.url))).status == 200
        assert (await receiver.ping(a_webhook(server.url))).status == 500
    assert connections == 2


@pytest.mark.parametrize(
    "answer",
    [OK, b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
     b"HTTP/1.1 200 OK\ncontent-length:0\n\n",
     HEAD + b"Transfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"],
)  # fmt: skip
async def test_after_an_ordinary_answer_the_connection_serves_again(answer: bytes) -> None:
    connections = 0

    class Counting(FakeReceiver):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await super()._serve(reader, writer)

    async with Counting(lambda _: answer) as server, posting(5) as receiver:
        for _ in range(5):
            assert (await receiver.ping(a_webhook(server.url))).is_delivered
        assert connections == 1


async def test_a_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    async with FakeReceiver() as server, posting(5) as receiver:
        for _ in range(3):
            assert (await receiver.ping(a_webhook(server.url))).is_delivered
            await server.down()
            await server.up()


async def test_a_body_of_three_megabytes_arrives_whole_and_signed() -> None:
    async with FakeReceiver(secret=SECRET) as server, posting(10) as receiver:
        webhook = a_webhook(server.url)
        attempt = await receiver._attempt(webhook, "evt_1", b'"' + b"x" * 3_000_000 + b'"')  # type: ignore[attr-defined]  # as a body would be
        assert attempt.is_delivered
        assert (len(server.posted[0].body), server.refused_signatures) == (3_000_002, 0)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://a.example", "a.example", "/"),
        ("http://A.example:80/x?y=1&z={2}", "a.example", "/x?y=1&z=%7B2%7D"),
        ("https://a.example:8443/%C3%A9?", "a.example:8443", "/%C3%A9"),
        ("https://[2606:4700::1]:443/", "[2606:4700::1]", "/"),
        ('http://a.example/"<>\\^`|', "a.example", "/%22%3C%3E%5C%5E%60%7C"),
    ],
)
def test_an_address_is_spelled_as_the_wire_wants_it(url: str, authority: str, path: str) -> None:
    target = Target.of(url)
    assert (target.authority, target.path) == (authority, path)


def certificate(folder: Path, *names: str) -> Path:
    """Self-signed, for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    known = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
    path = folder / "pair.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("host", "is_trusted"), [("good.example", True), ("other.example", False), ("127.0.0.1", False)]
)
async def test_the_certificate_must_be_the_names_though_the_connection_goes_to_the_checked_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_trusted: bool
) -> None:
    pair = certificate(tmp_path, "good.example")
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(pair)
    monkeypatch.setattr(sending, "http1_context", lambda: ssl.create_default_context(cafile=str(pair)))

    async def resolve(name: str, port: int, owner: str) -> list[str]:
        return ["127.0.0.1"]

    fake = FakeReceiver(secret=SECRET)
    server = await asyncio.start_server(fake._serve, "127.0.0.1", 0, ssl=served)
    port = server.sockets[0].getsockname()[1]
    sender = HttpWebhookSender(Guard(True, resolve), lambda: datetime.now(UTC), 5)
    async with sender.receiver() as receiver:
        attempt = await receiver.ping(a_webhook(f"https://{host}:{port}/x"))
    server.close()
    assert attempt.is_delivered is is_trusted
    assert len(fake.taken) == is_trusted
    if not is_trusted:
        assert attempt.error == "no answer: no connection (SSLCertVerificationError)"


async def test_an_address_needs_no_name_server() -> None:
    async def resolve(host: str, port: int, owner: str) -> list[str]:
        raise AssertionError("asked")

    assert await Guard(True, resolve).addresses("127.0.0.1", 80) == ["127.0.0.1"]
    assert await Guard(False, resolve).addresses("8.8.8.8", 80) == ["8.8.8.8"]
