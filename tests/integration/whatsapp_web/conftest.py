"""The real library over a real store, dialling into a proxy that never answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from tests.fakes.devices import add_device
from tests.fakes.go_calls import BlackHole, GoCalls, black_hole, real_library, recording, room_here
from tests.fakes.neonize import Inbox
from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.native.library import GoLibrary
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.pairing import host
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings
from whatsapp_hub.adapters.providers.neonize.translate.inbound import translate
from whatsapp_hub.adapters.providers.public_files import HttpFetch
from whatsapp_hub.application.ports.provider.events import ProviderEvent, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import SessionStatus

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def library() -> GoLibrary:
    return real_library()


@pytest.fixture
def go() -> Iterator[GoCalls]:
    with recording() as calls:
        yield calls


@pytest.fixture
def hole() -> Iterator[BlackHole]:
    with black_hole() as found:
        yield found


@dataclass
class Number:
    """A session of neonize's at a connector, and what the hub was given of it."""

    provider: NeonizeClient
    session: SessionRef
    owner: Any
    go: GoCalls
    inbox: Inbox = field(default_factory=Inbox)
    jid: str = ""

    @property
    def seen(self) -> list[ProviderEvent]:
        return [found for _, row in self.inbox.rows for found in translate(row.body)]

    @property
    def states(self) -> list[tuple[SessionStatus, str | None]]:
        return [(found.status, found.reason) for found in self.seen if isinstance(found, SessionSeen)]

    @property
    def pulse(self) -> Any:
        return self.provider.pulse(self.session.id)

    async def until(self, ask: Callable[[], object], patience_s: float = 10) -> None:
        async with asyncio.timeout(patience_s):
            while not ask():
                await asyncio.sleep(0.01)

    async def state(self, status: SessionStatus, reason: str | None = None) -> None:
        try:
            await self.until(lambda: (status, reason) in self.states[-1:])
        except TimeoutError:
            raise AssertionError(f"not {status} {reason}, but {self.states}") from None

    async def pair_beforehand(self) -> None:
        """Its keys are there, as if the phone had scanned its code long ago."""
        await self.provider._holder._ready()
        await add_device(self.owner, self.jid, self.session.id)

    async def open(self) -> str:
        """Dial; the dial's uuid once Go has read its device and connects."""
        self.session = replace(self.session, fence=self.session.fence + 1)
        before = len(self.go.order)
        await self.provider.open(self.session)
        await self.until(lambda: len(self.go.order) > before)
        line = self.provider._holder.lines[self.session.id]
        await self.until(lambda: line.route and line.route.begun.is_set())
        return self.go.order[-1]

    async def connect(self) -> str:
        from neonize.proto.Neonize_pb2 import Connected, Device

        await self.pair_beforehand()
        uuid = await self.open()
        device = Device(JID=jid_message(self.jid), Platform="", BussinessName="", PushName="Shop", Initialized=True)
        await self.go.event(uuid, device)
        await self.go.event(uuid, Connected(status=True))
        await self.state(SessionStatus.CONNECTED)
        return uuid


def jid_message(jid: str) -> Any:
    """A JID as neonize's own message."""
    from neonize.proto.Neonize_pb2 import JID

    user, _, server = jid.rpartition("@")
    user, _, device = user.partition(":")
    return JID(User=user, Device=int(device or 0), RawAgent=0, Integrator=0, Server=server, IsEmpty=not user)


@pytest_asyncio.fixture
async def number(database_url: str, library: GoLibrary, go: GoCalls, hole: BlackHole) -> AsyncIterator[Number]:
    inbox = Inbox()
    provider = NeonizeClient(inbox, HttpFetch(allow_private=True), lambda: DeviceStore(database_url), lambda: library)
    settings = NeonizeSettings(proxy=hole.url)
    session = SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", "NEONIZE", settings)
    owner = await asyncpg.connect(database_url)
    yield Number(provider, session, owner, go, inbox, f"55119{next(_numbers):08d}:7@s.whatsapp.net")
    hole.release()
    inbox.away = None
    await provider.aclose()
    await owner.close()


@pytest.fixture(name="room_here")
def _room_here(library: GoLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.PairingHost, "start", room_here(library))
    monkeypatch.setattr(host, "LINGER_S", 0.0)
    monkeypatch.setattr(host, "STOP_S", 0.3)  # a dial that is held cannot be stopped
