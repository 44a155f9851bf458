"""What every provider plugin must hold to, as tests. Third parties may subclass it for theirs.

Subclass `ProviderContract` in a test module and give it a `bench` fixture: a `Bench` with the plugin, a
provider connected to something that answers like the real one, and ways to make that something fail. A
`None` in the bench says that the provider has no such thing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.application.ports.provider.events import Malformed, MessageSeen, RawUpdate, ReceiptSeen, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import (
    Accepted,
    DownloadsMedia,
    HidesTyping,
    MarksRead,
    Outgoing,
    Plugin,
    Provider,
    ReadMessage,
    SessionRef,
    ShowsTyping,
    Starts,
)
from whatsapp_hub.domain.errors import (
    CredentialsInvalid,
    Invalid,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Transient,
    Unsupported,
)
from whatsapp_hub.domain.ids import MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import (
    Audio,
    Button,
    Buttons,
    Contacts,
    Content,
    Document,
    Image,
    Location,
    MessageType,
    Reaction,
    RemoteMedia,
    Sticker,
    System,
    Template,
    Text,
    Video,
)
from whatsapp_hub.domain.sessions.session import SessionStatus

PHONE = "5511987650101"
LINK = "https://files.example/photo"

_ANA = {"name": {"formatted_name": "Ana", "first_name": "Ana"}}
CONTENTS: dict[MessageType, Content] = {
    MessageType.TEXT: Text("Olá 👋"),
    MessageType.IMAGE: Image("a caption", media=RemoteMedia(f"{LINK}.jpg")),
    MessageType.DOCUMENT: Document(media=RemoteMedia(f"{LINK}.pdf"), file_name="bill.pdf"),
    MessageType.AUDIO: Audio(media=RemoteMedia(f"{LINK}.ogg")),
    MessageType.VIDEO: Video(media=RemoteMedia(f"{LINK}.mp4")),
    MessageType.STICKER: Sticker(media=RemoteMedia(f"{LINK}.webp")),
    MessageType.LOCATION: Location("Here", latitude=-23.5, longitude=-46.6),
    MessageType.CONTACTS: Contacts(cards=(_ANA,)),
    MessageType.REACTION: Reaction("👍", message_id="ABC123"),
    MessageType.INTERACTIVE: Buttons("Which?", buttons=(Button("1", "Sales"),)),
    MessageType.TEMPLATE: Template(name="hello", language="pt_BR"),
    MessageType.POLL: kinds.Poll("When?\nNow\nLater", options=("Now", "Later")),
    MessageType.ORDER: kinds.Order("x"),
    MessageType.EVENT: kinds.Event("x"),
    MessageType.CALL: kinds.Call("x"),
    MessageType.SYSTEM: System("x"),
    MessageType.UNSUPPORTED: kinds.Unsupported("x"),
}


@dataclass
class Bench:
    """`settings` are valid ones; `flawed` pairs settings with the pointers they must be refused for.
    `updates` are what the provider would put into the inbox, one person's text first; `bodies` webhook
    bodies that hold updates. `faults` bring the next `send` to raise that error. `sent` tells how many
    messages the other side took."""

    plugin: Plugin
    provider: Provider
    settings: dict[str, object]
    flawed: Sequence[tuple[dict[str, object], set[str]]]
    secrets: frozenset[str]
    updates: Sequence[RawUpdate]
    bodies: Sequence[bytes] = ()
    signed: Callable[[bytes], Mapping[str, str]] | None = None
    faults: Mapping[type[ProviderError], Callable[[], Awaitable[None] | None]] = field(default_factory=dict)
    hang: Callable[[], None] | None = None
    phones: Mapping[type[ProviderError], str] = field(default_factory=dict)
    sent: Callable[[], int] = lambda: 0

    @property
    def session(self) -> SessionRef:
        settings = self.plugin.decode_settings(self.settings)
        return SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", self.plugin.kind, settings)

    async def send(self, content: Content, to: str = PHONE, deadline_s: float = 5.0, **more: Any) -> Accepted:
        identity = Identity.phone(to)
        outgoing = Outgoing(MessageId(uuid4()), self.plugin.chat_of(identity), (identity,), content)
        return await self.provider.send(self.session, replace(outgoing, **more), deadline_s)


class ProviderContract:
    # -- settings

    def test_settings_survive_storage(self, bench: Bench) -> None:
        decoded = bench.plugin.decode_settings(bench.settings)
        stored = bench.plugin.encode_settings(decoded, secrets=True)
        assert stored == bench.settings
        assert bench.plugin.decode_settings(stored) == decoded

    def test_the_api_never_shows_a_secret(self, bench: Bench) -> None:
        decoded = bench.plugin.decode_settings(bench.settings)
        shown = bench.plugin.encode_settings(decoded, secrets=False)
        assert shown == {name: value for name, value in bench.settings.items() if name not in bench.secrets}
        for secret in bench.secrets:
            assert str(bench.settings[secret]) not in repr(decoded)

    def test_each_bad_setting_is_named(self, bench: Bench) -> None:
        for settings, pointers in bench.flawed:
            with pytest.raises(Invalid) as refused:
                bench.plugin.decode_settings(settings)
            assert {flaw.pointer for flaw in refused.value.flaws} == pointers

    def test_an_unknown_setting_is_named(self, bench: Bench) -> None:
        with pytest.raises(Invalid) as refused:
            bench.plugin.decode_settings({**bench.settings, "colour": "red"})
        assert [flaw.pointer for flaw in refused.value.flaws] == ["/settings/colour"]

    def test_the_kind_is_upper_case_and_named_by_its_capabilities(self, bench: Bench) -> None:
        assert bench.plugin.kind.isupper()
        assert bench.plugin.capabilities.provider == bench.plugin.kind

    # -- receiving

    def test_updates_keep_within_the_inbox_bounds(self, bench: Bench) -> None:
        for update in self._all_updates(bench):
            assert 0 < len(update.dedupe_key) <= 300
            assert update.dedupe_key.isascii()
            assert update.dedupe_key.isprintable()
            assert len(update.chat) <= 200

    def test_everything_that_split_yields_is_understood(self, bench: Bench) -> None:
        for update in self._all_updates(bench):
            assert bench.plugin.translate(update.body)

    def test_redelivery_and_reordering_change_no_key(self, bench: Bench) -> None:
        if bench.plugin.webhooks is None:
            pytest.skip("no webhooks")
        first = [bench.plugin.webhooks.split(body) for body in bench.bodies]
        again = [bench.plugin.webhooks.split(body) for body in reversed(bench.bodies)]
        assert first == list(reversed(again))
        keys = [update.dedupe_key for updates in first for update in updates]
        assert len(set(keys)) == len(keys)

    def test_an_update_names_the_session_it_belongs_to(self, bench: Bench) -> None:
        if bench.plugin.webhooks is None:
            pytest.skip("no webhooks")
        ours = set(bench.plugin.routes(bench.plugin.decode_settings(bench.settings)))
        for update in bench.updates:
            assert ours & set(update.routes)

    def test_a_body_is_known_by_a_scan_before_it_is_parsed(self, bench: Bench) -> None:
        if bench.plugin.webhooks is None:
            pytest.skip("no webhooks")
        for body in bench.bodies:
            routes = {route for update in bench.plugin.webhooks.split(body) for route in update.routes}
            assert routes & bench.plugin.webhooks.names(body)

    def test_nonsense_is_malformed(self, bench: Bench) -> None:
        for body in (b"", b"nonsense", b"[]", b"1", b"null", b'"x"', b"\xff\xfe", b"{" * 100_000, b'{"a":' * 50_000):
            with pytest.raises(Malformed):
                bench.plugin.translate(body)
            if bench.plugin.webhooks:
                with pytest.raises(Malformed):
                    bench.plugin.webhooks.split(body)

    def test_a_signature_counts_only_over_the_same_bytes(self, bench: Bench) -> None:
        if bench.plugin.webhooks is None or bench.signed is None:
            pytest.skip("no webhooks")
        webhooks, settings = bench.plugin.webhooks, bench.session.settings
        body = bench.bodies[0]
        headers = bench.signed(body)
        assert webhooks.secret_of(settings)
        assert webhooks.is_signed(headers)
        assert not webhooks.is_signed({})
        assert webhooks.verify(settings, headers, body)
        assert not webhooks.verify(settings, headers, body + b" ")
        assert not webhooks.verify(settings, {}, body)
        for wrong in ("", "sha256=", "\u00e9", "0" * 64, "x" * 10_000):
            assert not webhooks.verify(settings, dict.fromkeys(headers, wrong), body)

    # -- sending

    async def test_a_chat_that_wrote_can_be_answered(self, bench: Bench) -> None:
        seen = bench.plugin.translate(bench.updates[0].body)[0]
        assert isinstance(seen, MessageSeen)
        assert seen.at.tzinfo is not None
        for recipient in (seen.chat_names, ()):
            outgoing = Outgoing(MessageId(uuid4()), seen.chat, recipient, CONTENTS[MessageType.TEXT])
            accepted = await bench.provider.send(bench.session, outgoing, 5.0)
            assert accepted.provider_message_id
        assert bench.plugin.chat_of(seen.chat_names[0]) == seen.chat

    async def test_each_type_that_is_declared_can_be_sent(self, bench: Bench) -> None:
        for type in sorted(bench.plugin.capabilities.sends):
            before = bench.sent()
            assert (await bench.send(CONTENTS[type])).provider_message_id
            assert bench.sent() == before + 1

    async def test_every_other_type_is_unsupported(self, bench: Bench) -> None:
        before = bench.sent()
        for type in set(MessageType) - bench.plugin.capabilities.sends.keys():
            with pytest.raises(Unsupported):
                await bench.send(CONTENTS[type])
        assert bench.sent() == before

    async def test_two_sends_are_two_messages(self, bench: Bench) -> None:
        ids = {(await bench.send(CONTENTS[MessageType.TEXT])).provider_message_id for _ in range(2)}
        assert len(ids) == 2

    @pytest.mark.parametrize("error", [Rejected, Transient, OutcomeUnknown, CredentialsInvalid])
    async def test_errors_are_told_by_type(self, bench: Bench, error: type[ProviderError]) -> None:
        if fault := bench.faults.get(error):
            pending = fault()
            if pending is not None:
                await pending
        with pytest.raises(error):
            await bench.send(CONTENTS[MessageType.TEXT], bench.phones.get(error, PHONE), deadline_s=1.0)

    async def test_a_call_ends_at_its_deadline_with_an_unknown_outcome(self, bench: Bench) -> None:
        if bench.hang is None:
            pytest.skip("cannot hang")
        bench.hang()
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            await bench.send(CONTENTS[MessageType.TEXT], deadline_s=0.3)
        assert time.monotonic() - begun < 1.5

    async def test_a_cancelled_call_stays_cancelled(self, bench: Bench) -> None:
        if bench.hang is None:
            pytest.skip("cannot hang")
        bench.hang()
        call = asyncio.create_task(bench.send(CONTENTS[MessageType.TEXT], deadline_s=5))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    # -- features

    async def test_starting_and_stopping_are_idempotent(self, bench: Bench) -> None:
        if not isinstance(bench.provider, Starts):
            pytest.skip("nothing to start")
        for _ in range(2):
            seen = await bench.provider.start(bench.session)
            assert isinstance(seen, SessionSeen)
            assert seen.status is SessionStatus.CONNECTED
        for _ in range(2):
            assert (await bench.provider.stop(bench.session)).status is SessionStatus.DISCONNECTED

    async def test_features_and_protocols_agree(self, bench: Bench) -> None:
        features = bench.plugin.capabilities.features
        assert (Feature.WEBHOOKS in features) == (bench.plugin.webhooks is not None)
        assert (Feature.MARK_READ in features) == isinstance(bench.provider, MarksRead)
        assert (Feature.DOWNLOAD in features) == isinstance(bench.provider, DownloadsMedia)
        assert (Feature.TYPING in features) == isinstance(bench.provider, ShowsTyping)
        assert (Feature.TEMPLATES in features) == (MessageType.TEMPLATE in bench.plugin.capabilities.sends)

    async def test_reading_and_typing_can_be_shown(self, bench: Bench) -> None:
        chat = bench.plugin.chat_of(Identity.phone(PHONE))
        if isinstance(bench.provider, MarksRead):
            await bench.provider.mark_read(bench.session, chat, [ReadMessage("ABC123")])
        if isinstance(bench.provider, ShowsTyping):
            await bench.provider.show_typing(bench.session, chat, "ABC123")
        if isinstance(bench.provider, HidesTyping):
            await bench.provider.hide_typing(bench.session, chat)

    async def test_closing_twice_does_no_harm(self, bench: Bench) -> None:
        await bench.provider.aclose()
        await bench.provider.aclose()

    def _all_updates(self, bench: Bench) -> list[RawUpdate]:
        split = bench.plugin.webhooks.split if bench.plugin.webhooks else None
        return [*bench.updates, *(update for body in bench.bodies if split for update in split(body))]


def receipts(plugin: Plugin, updates: Sequence[RawUpdate]) -> list[ReceiptSeen]:
    return [e for update in updates for e in plugin.translate(update.body) if isinstance(e, ReceiptSeen)]
