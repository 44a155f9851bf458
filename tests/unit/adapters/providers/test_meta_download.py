"""Customers' files from Meta: asked for anew, streamed, and the token to nobody but Meta."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fakes.graph import BAD_TOKEN, FakeGraph
from whatsapp_hub.adapters.providers.meta_cloud.client import MetaClient
from whatsapp_hub.adapters.providers.meta_cloud.settings import MetaSettings
from whatsapp_hub.application.ports.provider.plugin import RemoteFile, SessionRef
from whatsapp_hub.domain.errors import CredentialsInvalid, Rejected, Transient
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.content import Image, MediaSource

CONTENT = b"\xff\xd8\xff" + bytes(300_000)


@pytest_asyncio.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph() as graph:
        graph.files["7"] = (CONTENT, "image/jpeg")
        yield graph


@pytest_asyncio.fixture
async def client(graph: FakeGraph) -> AsyncIterator[MetaClient]:
    client = MetaClient(f"{graph.url}/v23.0", lambda: datetime.now(UTC))
    yield client
    await client.aclose()


async def get(client: MetaClient, most: int = 10**6, token: str = "t", **source: Any) -> bytes:
    session = SessionRef(SessionId(uuid4()), TenantId(uuid4()), "s", "META", MetaSettings("1065", token, "s", "v"))
    file = RemoteFile(Image(source=MediaSource(**({"id": "7"} | source))), "5511")
    async with client.download(session, file, most) as download:
        return b"".join([piece async for piece in download.pieces])


async def test_a_file_comes_by_an_address_that_is_asked_for_each_time(client: MetaClient, graph: FakeGraph) -> None:
    assert await get(client) == CONTENT
    assert await get(client, url="https://lookaside.fbsbx.com/expired") == CONTENT
    assert graph.links == 2


async def test_an_expired_address_is_asked_for_again_later(client: MetaClient, graph: FakeGraph) -> None:
    graph.fail_next("status", status=404, body={}, to="7")
    with pytest.raises(Transient, match="link_expired"):
        await get(client)
    assert await get(client) == CONTENT


async def test_what_meta_has_no_more_is_expired(client: MetaClient) -> None:
    with pytest.raises(Rejected, match="media_expired"):
        await get(client, id="gone-1")


async def test_a_refused_token_is_known_as_such(client: MetaClient) -> None:
    with pytest.raises(CredentialsInvalid):
        await get(client, token=BAD_TOKEN)


@pytest.mark.parametrize("how", ["reset", "text", "empty"])
async def test_a_server_that_fails_is_asked_again(client: MetaClient, graph: FakeGraph, how: str) -> None:
    graph.fail_next(how, status=502, to="7")
    with pytest.raises(Transient):
        await get(client)


async def test_a_file_of_more_bytes_than_it_may_have_is_cut_off(client: MetaClient) -> None:
    with pytest.raises(Rejected, match="media_too_large"):
        await get(client, most=1000)


@pytest.mark.parametrize(
    "url",
    [
        "http://lookaside.fbsbx.com/f",
        "https://evil.example/f",
        "https://evil.example/.fbsbx.com",
        "https://fbsbx.com.evil.example/f",
        "https://lookaside.fbsbx.com:8443/f",
        "https://lookaside.fbsbx.com@evil.example/f",
        "http://[::1",
        "",
    ],
)
async def test_the_token_goes_to_meta_only(client: MetaClient, url: str) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(Rejected, match="media_host"):
            await get(client, id=None, url=url)
