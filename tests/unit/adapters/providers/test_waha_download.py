"""Customers' files from WAHA: from the session's own server, with its key, and again where they have expired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fakes.waha import API_KEY, FakeWaha
from whatsapp_hub.adapters.providers.reach import Reach
from whatsapp_hub.adapters.providers.waha.client import WahaClient
from whatsapp_hub.adapters.providers.waha.download import path_of
from whatsapp_hub.adapters.providers.waha.settings import WahaSettings
from whatsapp_hub.application.ports.provider.plugin import RemoteFile, SessionRef
from whatsapp_hub.domain.errors import CredentialsInvalid, Rejected, Transient
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.content import Image, MediaSource

CONTENT, CHAT = b"\xff\xd8\xff" + bytes(300_000), "5511@c.us"
PATH, AGAIN = "/api/files/default/a.jpg", "/api/files/default/b.jpg"


@pytest_asyncio.fixture
async def waha() -> AsyncIterator[FakeWaha]:
    async with FakeWaha() as waha:
        waha.files[PATH] = (CONTENT, "image/jpeg")
        yield waha


@pytest_asyncio.fixture
async def client(waha: FakeWaha) -> AsyncIterator[WahaClient]:
    client = WahaClient(lambda: datetime.now(UTC), reach=Reach(allow_private=True))
    yield client
    await client.aclose()


async def get(client: WahaClient, waha: FakeWaha, url: str | None, most: int = 10**6, key: str = API_KEY) -> bytes:
    settings = WahaSettings(waha.url, key, "default")
    session = SessionRef(SessionId(uuid4()), TenantId(uuid4()), "s", "WAHA", settings)
    file = RemoteFile(Image(source=MediaSource(url=url)), CHAT, "AAA")
    async with client.download(session, file, most) as download:
        return b"".join([piece async for piece in download.pieces])


@pytest.mark.parametrize("base", ["{own}", "http://localhost:3000", "http://127.0.0.1:3000"])
async def test_a_file_comes_from_the_session_s_own_server(client: WahaClient, waha: FakeWaha, base: str) -> None:
    assert await get(client, waha, base.format(own=waha.url) + PATH) == CONTENT


@pytest.mark.parametrize("url", [None, f"http://localhost:3000{AGAIN}"])
async def test_a_file_that_is_not_there_is_asked_for_again(client: WahaClient, waha: FakeWaha, url: Any) -> None:
    """It was not downloaded yet, or has expired."""
    waha.again[f"false_{CHAT}_AAA"] = {"url": f"http://localhost:3000{PATH}", "mimetype": "image/jpeg"}
    assert await get(client, waha, url) == CONTENT


@pytest.mark.parametrize("media", [None, {"url": None, "error": "no"}, {"url": f"http://localhost{AGAIN}"}])
async def test_what_waha_has_no_more_is_expired(client: WahaClient, waha: FakeWaha, media: Any) -> None:
    if media:
        waha.again[f"false_{CHAT}_AAA"] = media
    with pytest.raises(Rejected, match="media_expired"):
        await get(client, waha, f"http://localhost{AGAIN}")


async def test_a_refused_key_is_known_as_such(client: WahaClient, waha: FakeWaha) -> None:
    with pytest.raises(CredentialsInvalid):
        await get(client, waha, f"http://localhost{PATH}", key="another")


async def test_a_server_that_fails_is_asked_again(client: WahaClient, waha: FakeWaha) -> None:
    waha.fail_next("reset", to=PATH)
    with pytest.raises(Transient):
        await get(client, waha, f"http://localhost{PATH}")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/api/files/a",
        "http://169.254.169.254/latest/meta-data",
        "https://evil.example/api/files/a",
        "file:///etc/passwd",
        "http://waha.example@evil.example/a",
        "http://waha.example/../secret",
        "http://waha.example",
        "http://[",
        "nonsense",
    ],
)
def test_no_other_server_is_asked(url: str) -> None:
    with pytest.raises(Rejected, match="media_host"):
        path_of(url, WahaSettings("https://waha.example", "k", "default"))


def test_an_address_below_a_path_keeps_its_path() -> None:
    settings = WahaSettings("https://waha.example/base", "k", "default")
    assert path_of("https://waha.example/base/api/files/a?x=1", settings) == "/api/files/a"
    assert path_of("http://localhost:3000/api/files/a", settings) == "/api/files/a"


@pytest.mark.parametrize(
    "path",
    [
        *("/api/files/another/a.jpg", "/api/files/default/../another/a.jpg", "/api/files/default/%2e%2e/another/a.jpg"),
        *("/api/files/default/..%2fanother%2fa.jpg", "/api/files/default/%252e%252e/another/a.jpg", "/api/files/"),
        *("/api/files//another/a.jpg", "/api/files/default//a.jpg", "/api/files/default%2f..%5canother/a.jpg"),
        *("/api/sessions?all=true", "/api/another/chats/overview", "/api/screenshot?session=another", "/", ""),
    ],
)
def test_nothing_is_asked_for_but_a_file_of_the_session(path: str) -> None:
    """The server may be the operator's, whose key opens every company's sessions there."""
    with pytest.raises(Rejected, match="media_host"):
        path_of(f"https://waha.example{path}", WahaSettings("https://waha.example", "k", "default"))


@pytest.mark.parametrize("path", ["/api/files/default/a%20b.jpg", "/api/files/a.jpg", "/api/files/default/x/a.jpg"])
def test_files_of_the_session_are_asked_for(path: str) -> None:
    assert path_of(f"https://waha.example{path}", WahaSettings("https://waha.example", "k", "default")) == path
