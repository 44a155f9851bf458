"""neonize holds to the provider contract, over a Go library made of Python: the real one has no WhatsApp to talk to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.contracts.provider_contract import CONTENTS, Bench, ProviderContract
from tests.fakes import neonize
from tests.fakes.neonize import FakeLibrary, FakeStore, Inbox
from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.translate.split import Splitter
from whatsapp_hub.adapters.providers.public_files import Fetched
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.connections.sockets import HoldsSockets
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, Rejected, Transient
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.content import MessageType

SETTINGS: dict[str, object] = {"proxy": "socks5://user:proxy-secret@proxy.example:1080", "deviceName": "Loja 1"}


@dataclass
class HeldBench(Bench):
    """A session that holds a socket is the same in every call: it was opened before."""

    held: SessionRef | None = None

    @property
    def session(self) -> SessionRef:
        assert self.held is not None
        return self.held


async def fetch(url: str) -> Fetched:
    return Fetched(b"OggS" + bytes(30))


def updates() -> list[RawUpdate]:
    events = [
        ("Message", neonize.text("Oi")),
        ("Message", neonize.text("Oi", id="3EB0AB", chat=neonize.LID, alt=neonize.PERSON)),
        ("Receipt", neonize.receipt(4, "3EB0AC")),
        ("Connected", neonize.event("Connected", status=True)),
        ("TemporaryBan", neonize.event("TemporaryBan", code=1, expire=3600)),
    ]
    return [row for name, data in events for row in Splitter()(neonize.heard(name, data), uuid4().hex)]


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    plugin = builtin_plugins(ProviderOptions())["NEONIZE"]
    library, store = FakeLibrary(), FakeStore()
    provider = NeonizeClient(Inbox(), fetch, cast("Any", lambda: store), cast("Any", lambda: library))
    session = SessionRef(
        SessionId(uuid4()), TenantId(uuid4()), "shop", "NEONIZE", plugin.decode_settings(SETTINGS), fence=1
    )
    await store.remember(session.id, neonize.ME)
    await provider.open(session)
    while not getattr(provider.pulse(session.id), "is_connected", False):
        await asyncio.sleep(0.01)
    yield HeldBench(
        plugin=plugin,
        provider=provider,
        settings=SETTINGS,
        flawed=[
            ({"proxy": "ftp://x"}, {"/settings/proxy"}),
            ({"proxy": "socks5://"}, {"/settings/proxy"}),
            ({"proxy": "http://x:99999"}, {"/settings/proxy"}),
            ({"proxy": "http://x/path"}, {"/settings/proxy"}),
            ({"proxy": 7, "deviceName": "x" * 51}, {"/settings/proxy", "/settings/deviceName"}),
            ({"browser": "lynx", "history": "yes"}, {"/settings/browser", "/settings/history"}),
        ],
        secrets=frozenset({"proxy"}),
        updates=updates(),
        faults={
            Rejected: lambda: library.fail_next.append("server returned error 479"),
            Transient: lambda: library.fail_next.append("failed to send message node: websocket not connected"),
            OutcomeUnknown: lambda: library.fail_next.append("timed out waiting for message send response"),
            CredentialsInvalid: lambda: library.fail_next.append("the store doesn't contain a device JID"),
        },
        hang=lambda: setattr(library, "hang", threading.Event()),
        sent=lambda: len(library.sent),
        held=session,
    )
    await provider.aclose()


class TestNeonize(ProviderContract):
    async def test_it_holds_sockets(self, bench: Bench) -> None:
        assert isinstance(bench.provider, HoldsSockets)
        assert bench.plugin.capabilities.holds_socket

    async def test_what_is_not_open_here_is_transient(self, bench: Bench) -> None:
        assert isinstance(bench, HeldBench)
        assert isinstance(bench.provider, NeonizeClient)
        await bench.provider.close(bench.session.id)
        with pytest.raises(Transient) as told:
            await bench.send(CONTENTS[MessageType.TEXT])
        assert told.value.code == "not_open"
