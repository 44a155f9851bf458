"""How sessions are held: their life over a Go library made of Python, what they bring stored before all else."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fakes.files import outgoing_file, uploaded
from tests.fakes.neonize import CODES, GROUP, ME, PERSON, PHONE, FakeLibrary, FakeStore, Inbox, event, info, text
from whatsapp_hub.adapters.providers.neonize import dial as neonize_dial
from whatsapp_hub.adapters.providers.neonize import pump
from whatsapp_hub.adapters.providers.neonize.client import NeonizeClient
from whatsapp_hub.adapters.providers.neonize.egress import trial
from whatsapp_hub.adapters.providers.neonize.egress.upstream import Unreachable
from whatsapp_hub.adapters.providers.neonize.native.library import Library, Missing
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings
from whatsapp_hub.adapters.providers.neonize.sharing.wire import SYNC, Batch
from whatsapp_hub.adapters.providers.neonize.translate.download import error_of
from whatsapp_hub.adapters.providers.neonize.translate.inbound import translate
from whatsapp_hub.adapters.providers.public_files import Fetched
from whatsapp_hub.application.measuring import TALLY, UNDECRYPTABLE
from whatsapp_hub.application.ports.connections.sockets import store_name
from whatsapp_hub.application.ports.provider.events import (
    ChatNamed,
    MessageSeen,
    ProviderEvent,
    ReceiptSeen,
    SessionSeen,
)
from whatsapp_hub.application.ports.provider.plugin import Outgoing, ReadMessage, RemoteFile, SessionRef
from whatsapp_hub.domain.errors import (
    Conflict,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Transient,
    Unavailable,
    Unsupported,
)
from whatsapp_hub.domain.ids import MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Audio, Content, Document, Image, MediaSource, RemoteMedia, Text
from whatsapp_hub.domain.sessions.history import HistoryKind
from whatsapp_hub.domain.sessions.session import SessionStatus


@dataclass
class Held:
    """One paired session, not yet opened."""

    library: FakeLibrary = field(default_factory=FakeLibrary)
    store: FakeStore = field(default_factory=FakeStore)
    inbox: Inbox = field(default_factory=Inbox)
    lack: str = ""

    def __post_init__(self) -> None:
        self.provider = NeonizeClient(self.inbox, self._fetch, cast("Any", lambda: self.store), self._load)
        self.session = SessionRef(SessionId(uuid4()), TenantId(uuid4()), "shop", "NEONIZE", NeonizeSettings(), fence=1)
        self.store.devices[self.session.id] = ME
        self.store.keys.add(ME)

    def _load(self) -> Library:
        if self.lack:
            raise Missing(self.lack)
        return cast("Library", self.library)

    async def _fetch(self, url: str) -> Fetched:
        return Fetched(b"a file", "image/png")

    async def open(self) -> None:
        await self.provider.open(self.session)
        await self.until(lambda: self.pulse is not None and self.pulse.is_connected)

    async def until(self, ask: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not ask():
                await asyncio.sleep(0.005)

    @property
    def pulse(self) -> Any:
        return self.provider.pulse(self.session.id)

    @property
    def seen(self) -> list[ProviderEvent]:
        return [found for _, row in self.inbox.rows for found in translate(row.body)]

    @property
    def states(self) -> list[tuple[SessionStatus, str | None]]:
        return [(found.status, found.reason) for found in self.seen if isinstance(found, SessionSeen)]

    async def bring(self, name: str, data: bytes = b"") -> None:
        """An event comes, on a thread that is not ours."""
        await asyncio.to_thread(self.library.listener.event, CODES[name], data)

    async def send(self, content: Content | None = None, to: str = PHONE, deadline_s: float = 2.0, **more: Any) -> Any:
        identity = Identity.phone(to)
        message = Outgoing(MessageId(uuid4()), f"{to}@s.whatsapp.net", (identity,), content or Text("Oi"))
        return await self.provider.send(self.session, replace(message, **more), deadline_s)


@pytest_asyncio.fixture
async def held() -> AsyncIterator[Held]:
    found = Held()
    yield found
    found.inbox.away = None
    await found.provider.aclose()


# -- opening and closing


async def test_a_paired_session_connects_by_its_own_device(held: Held) -> None:
    await held.open()
    await held.until(lambda: bool(held.states))
    assert held.states == [(SessionStatus.CONNECTED, None)]
    assert [dial.jid for dial in held.library.dials] == [ME]
    connected = next(found for found in held.seen if isinstance(found, SessionSeen))
    assert connected.phone_number == "5511900000001"
    assert held.pulse.is_logged_in


async def test_it_is_opened_once(held: Held) -> None:
    await held.open()
    with pytest.raises(Conflict):
        await held.provider.open(held.session)


async def test_closing_leaves_nothing_behind_and_keeps_the_credentials(held: Held) -> None:
    before = threading.active_count()
    for fence in range(5):
        held.session = replace(held.session, fence=fence)
        await held.open()
        await held.provider.close(held.session.id)
        await held.provider.close(held.session.id)
    await held.until(lambda: threading.active_count() <= before)
    assert held.pulse is None
    assert len(held.store.doors) == 5 + 1  # and one to prepare the tables
    assert all(door.is_shut for door in held.store.doors)
    assert held.store.devices


async def test_a_session_whose_store_fails_hangs_up_and_says_why(held: Held) -> None:
    """Without its store Go would acknowledge messages that it cannot decrypt."""
    await held.open()
    held.store.on_failure[store_name(held.session.id)]("42501 permission denied")
    await held.until(lambda: held.pulse is None)
    await held.until(lambda: held.store.doors[-1].is_shut)
    assert held.states[-1] == (SessionStatus.DISCONNECTED, "store_failed: 42501 permission denied")
    assert held.inbox.history == [(held.session.id, HistoryKind.STORE_FAILED, "42501 permission denied", 1)]


async def test_what_is_severed_reaches_neither_whatsapp_nor_the_store_and_can_be_opened_again(held: Held) -> None:
    await held.open()
    route = held.provider._holder.lines[held.session.id].route
    TALLY.take()
    held.provider.sever()
    assert route is not None
    with pytest.raises(Unreachable, match="the session was closed"):
        await route.open(cast("Any", None), "web.whatsapp.com", 443)
    assert all(door.is_shut for door in held.store.doors)
    await held.bring("UndecryptableMessage", event("UndecryptableMessage", info=info("3EB0AB"), isUnavailable=False))
    assert TALLY.take() == {}, "Go cannot decrypt without its store, and acknowledges nothing that leaves"
    await held.provider.close(held.session.id)
    held.session = replace(held.session, fence=2)
    await held.open()
    assert not held.store.doors[-1].is_shut


async def test_a_session_counts_as_unstored_while_its_store_is_not_answered(held: Held) -> None:
    await held.open()
    held.store.doors[-1].store_waits_s = 4.0
    assert held.pulse.unstored_s == 4.0


async def test_keys_are_written_after_their_message_is_stored(held: Held) -> None:
    await held.open()
    keys = held.store.doors[-1].keys
    held.inbox.away = Unavailable("away")
    statement = b"DELETE FROM whatsmeow_pre_keys WHERE jid=$1 AND key_id=$2"
    keys.take(Batch(statement, SYNC))
    await held.bring("Message", text("Oi"))
    await asyncio.sleep(0.05)
    assert keys.is_holding
    held.inbox.away = None
    await held.until(lambda: not keys.is_holding)
    assert [found for found in held.seen if isinstance(found, MessageSeen)]


async def test_undecryptable_messages_are_counted(held: Held) -> None:
    await held.open()
    TALLY.take()
    await held.bring("UndecryptableMessage", event("UndecryptableMessage", info=info("3EB0AB"), isUnavailable=False))
    assert TALLY.take()[UNDECRYPTABLE.name, ()] == 1
    assert held.inbox.history == [(held.session.id, HistoryKind.UNDECRYPTABLE, None, 1)]


async def test_what_cannot_be_decrypted_while_hanging_up_comes_again(held: Held) -> None:
    """Its store is shut then, and nothing is acknowledged: the message itself follows after the next dial."""
    await held.open()
    TALLY.take()
    go, late = held.library.listener, event("UndecryptableMessage", info=info("3EB0AB"), isUnavailable=False)
    await held.provider.close(held.session.id)
    await asyncio.to_thread(go.event, CODES["UndecryptableMessage"], late)
    await asyncio.sleep(0.05)
    assert not [found for found in held.seen if isinstance(found, MessageSeen)]
    assert (UNDECRYPTABLE.name, ()) not in TALLY.take()
    assert held.inbox.history == []


async def test_each_state_is_told_by_the_dial_that_saw_it(held: Held) -> None:
    await held.open()
    await held.provider.close(held.session.id)
    held.session = replace(held.session, fence=2)
    await held.open()
    await held.until(lambda: len(held.states) == 2)
    assert [dial.fence for dial, row in held.inbox.rows if isinstance(translate(row.body)[0], SessionSeen)] == [1, 2]


async def test_a_missing_library_is_told_as_a_state(held: Held) -> None:
    held.lack = "the system library libmagic is missing: apt-get install libmagic1"
    await held.provider.open(held.session)
    await held.until(lambda: bool(held.states))
    assert held.states == [(SessionStatus.FAILED, held.lack)]
    assert held.pulse is None


async def test_no_network_is_one_state_and_no_loop(held: Held) -> None:
    held.library.dial_error = 'failed to dial: Get "https://x/": no such host'
    await held.provider.open(held.session)
    await held.until(lambda: held.pulse is None)
    await asyncio.sleep(0.1)
    assert held.states == [(SessionStatus.DISCONNECTED, "no_network: no such host")]
    assert len(held.library.dials) == 1


async def test_a_dial_that_nobody_answers_ends_by_its_deadline(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neonize_dial, "ANSWER_S", 0.1)
    held.library.connects = False
    await held.provider.open(held.session)
    await held.until(lambda: held.pulse is None)
    await held.until(lambda: bool(held.states))
    reason = "no_network: the answer to the TLS handshake: none within 0 s"
    assert held.states == [(SessionStatus.DISCONNECTED, reason)]
    await held.provider.close(held.session.id)
    assert held.library.listeners == {}


async def test_a_number_that_was_just_paired_has_the_same_deadline(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it moves in, a code that is shown is an answer."""
    monkeypatch.setattr(neonize_dial, "ANSWER_S", 0.1)
    held.library.connects = False
    await held.provider.open(held.session)
    line = held.provider._holder.lines[held.session.id]
    line.has_code.set()
    line.is_paired = True
    await asyncio.sleep(0.2)
    assert held.states == []
    line.moved_in()
    line.reaching()
    await held.until(lambda: held.pulse is None)
    await held.until(lambda: bool(held.states))
    assert (held.states[-1][1] or "").startswith("no_network: ")


async def test_a_dial_that_stores_its_keys_has_more_time(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """WhatsApp has answered: a number's first connection stores hundreds of keys, a statement each."""
    for name, seconds in (("ANSWER_S", 0.05), ("LOOK_AGAIN_S", 0.02), ("STORING_S", 0.6)):
        monkeypatch.setattr(neonize_dial, name, seconds)
    held.library.connects = False
    monkeypatch.setattr(held.store.Door, "is_used", True)
    await held.provider.open(held.session)
    await asyncio.sleep(0.3)
    assert held.states == []
    await held.until(lambda: bool(held.states))
    assert held.states[0][0] is SessionStatus.DISCONNECTED, "but not for ever"


async def test_a_session_that_takes_its_time_to_end_delays_only_its_own_next_dial(held: Held) -> None:
    ends = threading.Event()
    held.library.disconnect = lambda uuid: ends.wait(10)  # type: ignore[method-assign,assignment,return-value]
    await held.open()
    closing = asyncio.create_task(held.provider.close(held.session.id))
    first, held.session = held.session, replace(held.session, id=SessionId(uuid4()))
    held.store.devices[held.session.id] = ME
    await held.until(lambda: held.provider.pulse(first.id) is None)
    await held.provider.open(replace(first, fence=2))
    await held.open()
    assert not closing.done()
    assert len(held.library.dials) == 2
    ends.set()
    await closing
    await held.until(lambda: len(held.library.dials) == 3)


async def test_a_call_that_waits_while_nothing_comes_is_measured(held: Held) -> None:
    await held.open()
    assert held.pulse.unanswered_s == 0.0
    line = held.provider._holder.lines[held.session.id]
    assert line.route is not None
    held.library.hang = hangs = threading.Event()
    sending = asyncio.create_task(held.send(deadline_s=5))
    await asyncio.sleep(0.1)
    assert held.pulse.unanswered_s == 0.0, "the connection is not silent"
    monkey = pytest.MonkeyPatch()
    monkey.setattr(type(line.route), "unanswered_s", 60.0)
    assert 0.05 < held.pulse.unanswered_s < 5.0
    hangs.set()
    await sending
    assert held.pulse.unanswered_s == 0.0
    monkey.undo()


async def test_nothing_is_sent_while_keep_alives_go_unanswered(held: Held) -> None:
    await held.open()
    await held.bring("KeepAliveTimeout")
    with pytest.raises(Transient):
        await held.send()
    assert held.library.sent == []
    await held.bring("KeepAliveRestored")
    await held.send()
    assert len(held.library.sent) == 1


async def test_it_can_be_opened_again_as_soon_as_it_is_down(held: Held) -> None:
    await held.open()
    await held.bring("StreamReplaced")
    await held.until(lambda: held.pulse is None)
    held.session = replace(held.session, fence=2)
    await held.open()
    assert len({dial.uuid for dial in held.library.dials}) == 2


async def test_a_number_that_was_lost_in_vain_is_tried_before_the_library_dials_again(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library could not restore is dialled anew by the hub. A trial costs the others nothing."""
    tries, answers = asyncio.Queue[str](), asyncio.Event()

    async def try_whatsapp(proxy: str) -> None:
        tries.put_nowait(proxy)
        await answers.wait()

    monkeypatch.setattr(trial, "try_whatsapp", try_whatsapp)
    await held.open()
    await held.bring("Disconnected")
    route = held.provider._holder.lines[held.session.id].route
    assert route
    waits = [asyncio.create_task(route._answering()) for _ in range(2)]
    await asyncio.wait_for(tries.get(), 5)
    await held.provider.close(held.session.id)
    await held.provider.open(replace(held.session, fence=2))
    await asyncio.wait_for(tries.get(), 5)
    assert len(held.library.dials) == 1
    answers.set()
    await held.until(lambda: held.pulse is not None and held.pulse.is_connected)
    assert len(held.library.dials) == 2
    await asyncio.gather(*waits)


async def test_keys_that_are_gone_are_never_given_to_go(held: Held) -> None:
    """Its library would end the whole process."""
    held.store.keys.clear()
    await held.provider.open(held.session)
    await held.until(lambda: bool(held.states))
    assert held.states == [(SessionStatus.FAILED, "credentials_corrupted")]
    assert held.library.dials == []


async def test_a_store_that_is_away_is_told_as_a_state(held: Held) -> None:
    held.store.away = Unavailable("PostgreSQL is away")
    await held.provider.open(held.session)
    await held.until(lambda: bool(held.states))
    assert held.states[0][0] is SessionStatus.DISCONNECTED
    assert held.pulse is None


@pytest.mark.parametrize(
    ("name", "data", "state"),
    [
        ("StreamReplaced", b"", (SessionStatus.DISCONNECTED, "replaced")),
        ("TemporaryBan", event("TemporaryBan", code=1, expire=60), (SessionStatus.BANNED, "sent_to_too_many_people")),
        ("ClientOutdated", b"", (SessionStatus.FAILED, "client_outdated")),
        ("LoggedOut", event("LoggedOut", reason=2), (SessionStatus.LOGGED_OUT, "logged_out")),
    ],
)
async def test_what_ends_a_session_hangs_it_up(
    held: Held, name: str, data: bytes, state: tuple[SessionStatus, str]
) -> None:
    await held.open()
    await held.bring(name, data)
    await held.until(lambda: held.pulse is None and held.states[-1] == state)
    await held.provider.close(held.session.id)
    assert held.library.listeners == {}
    assert bool(held.store.devices) == (state[0] is not SessionStatus.LOGGED_OUT)


@pytest.mark.parametrize(
    ("name", "connected", "state"),
    [
        ("Disconnected", False, (SessionStatus.RECONNECTING, "disconnected")),
        ("KeepAliveTimeout", True, (SessionStatus.RECONNECTING, "degraded")),
    ],
)
async def test_what_heals_by_itself_stays_open(
    held: Held, name: str, connected: bool, state: tuple[SessionStatus, str]
) -> None:
    await held.open()
    await held.bring(name)
    await held.until(lambda: held.states[-1] == state)
    assert held.pulse.is_connected is connected
    await held.bring("Connected")
    await held.until(lambda: held.states[-1] == (SessionStatus.CONNECTED, None))
    assert held.pulse.is_connected


async def test_unanswered_keep_alives_count_as_silence(held: Held) -> None:
    await held.open()
    answered = int(time.time()) - 100
    await held.bring("KeepAliveTimeout", event("KeepAliveTimeout", errorCount=3, lastSuccess=answered))
    assert 99 <= held.pulse.silent_s < 105
    await held.bring("KeepAliveRestored")
    assert held.pulse.silent_s < 5


@pytest.mark.parametrize("stepped_s", [-8 * 86_400, -3_600, 3_600, 8 * 86_400])
async def test_a_step_of_the_clock_is_no_silence(held: Held, stepped_s: int) -> None:
    await held.open()
    answered = int(time.time()) - 30 - stepped_s
    await held.bring("KeepAliveTimeout", event("KeepAliveTimeout", errorCount=1, lastSuccess=answered))
    assert 20 <= held.pulse.silent_s < 85


async def test_a_quiet_night_is_no_silence_while_the_library_answers(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.adapters.providers.neonize.session_holder.PROBE_AFTER_S", 0.05)
    monkeypatch.setattr(neonize_dial, "PROBE_EVERY_S", 0.0)
    await held.open()
    await asyncio.sleep(0.2)
    held.provider.pulse(held.session.id)
    await held.until(lambda: held.pulse.silent_s < 0.1)


async def test_logging_out_forgets_and_says_so(held: Held) -> None:
    await held.open()
    await held.provider.log_out(held.session.id)
    await held.until(lambda: held.states[-1] == (SessionStatus.LOGGED_OUT, "requested"))
    assert held.store.devices == {}
    assert held.pulse is None


async def test_a_log_out_that_failed_keeps_everything(held: Held) -> None:
    await held.open()
    held.library.log_out_error = "websocket not connected"
    with pytest.raises(Transient):
        await held.provider.log_out(held.session.id)
    assert held.store.devices
    assert held.pulse.is_connected


async def test_forgetting_needs_no_connection(held: Held) -> None:
    await held.provider.forget(held.session.id)
    assert held.store.devices == {}
    await held.provider.forget(held.session.id)


async def test_a_paired_session_needs_no_pairing_code(held: Held) -> None:
    await held.open()
    with pytest.raises(Rejected, match="already_paired"):
        await held.provider.pairing_code(held.session.id, PHONE)
    with pytest.raises(Rejected, match="bad_phone"):
        await held.provider.pairing_code(held.session.id, "0800")


# -- what it brings


async def test_everything_is_stored_in_the_order_in_which_it_came(held: Held) -> None:
    await held.open()
    for number in range(100):
        await held.bring("Message", text(f"{number}", id=f"3EB0{number}"))
    await held.until(lambda: len(held.inbox.rows) >= 102)
    texts = [found.content.text for found in held.seen if isinstance(found, MessageSeen)]
    assert texts == [f"{number}" for number in range(100)]


async def test_while_nothing_can_be_stored_go_must_wait_and_nothing_is_lost(held: Held) -> None:
    await held.open()
    await held.until(lambda: bool(held.states))
    held.inbox.away = Unavailable("PostgreSQL is away")
    listener, given = held.library.listener, []

    def bring() -> None:
        for number in range(pump.WAITING + 20):
            listener.event(CODES["Message"], text(f"{number}", id=f"3EB0{number}"))
            given.append(number)

    thread = threading.Thread(target=bring, daemon=True)
    thread.start()
    await asyncio.sleep(0.4)
    assert len(given) <= pump.WAITING + 1
    assert held.pulse.unstored_s > 0.2
    held.inbox.away = None
    await held.until(lambda: len(given) == pump.WAITING + 20 and held.pulse.unstored_s == 0)
    texts = [found.content.text for found in held.seen if isinstance(found, MessageSeen)]
    assert texts == [f"{number}" for number in range(pump.WAITING + 20)]


async def test_a_session_that_cannot_store_can_still_be_closed_and_stores_later(held: Held) -> None:
    await held.open()
    await held.until(lambda: bool(held.states))
    held.inbox.away = Unavailable("PostgreSQL is away")
    listener = held.library.listener

    def bring() -> None:
        for number in range(pump.WAITING + 5):
            listener.event(CODES["Message"], text(f"{number}", id=f"3EB0{number}"))

    thread = threading.Thread(target=bring, daemon=True)
    thread.start()
    await asyncio.sleep(0.1)
    await asyncio.wait_for(held.provider.close(held.session.id), 5)
    held.inbox.away = None
    await held.until(lambda: len([f for f in held.seen if isinstance(f, MessageSeen)]) == pump.WAITING + 5)


async def test_one_row_that_cannot_be_stored_does_not_hold_up_the_others(held: Held) -> None:
    await held.open()
    await held.until(lambda: bool(held.states))
    real = held.inbox.receive

    async def picky(session: SessionRef, updates: Any) -> None:
        if any(b"poison" in update.body for update in updates):
            raise ValueError("poison")
        await real(session, updates)

    held.inbox.receive = picky  # type: ignore[method-assign]
    for said in ("before", "poison", "after"):
        await held.bring("Message", text(said, id=said))
    await held.until(lambda: [f.content.text for f in held.seen if isinstance(f, MessageSeen)] == ["before", "after"])


# -- sending


async def test_a_brazilian_number_is_asked_for_once_and_sent_to_where_it_is(held: Held) -> None:
    held.library.on_whatsapp["+5511987650101"] = "551187650101@s.whatsapp.net"
    await held.open()
    for _ in range(2):
        accepted = await held.send()
    assert [to for to, _ in held.library.sent] == ["551187650101@s.whatsapp.net"] * 2
    assert accepted.identities == (Identity.phone(PHONE),)
    assert held.library.calls.count(("is_on_whatsapp", "+5511987650101")) == 1
    await held.send(to="4915112345678")
    assert len([call for call in held.library.calls if call[0] == "is_on_whatsapp"]) == 1


async def test_a_number_without_whatsapp_is_rejected(held: Held) -> None:
    held.library.on_whatsapp["+5511987650101"] = ""
    await held.open()
    with pytest.raises(Rejected, match="not_on_whatsapp"):
        await held.send()
    assert held.library.sent == []


async def test_an_answer_after_the_deadline_settles_the_unknown_outcome(held: Held) -> None:
    await held.open()
    held.library.hang = hang = threading.Event()
    message_id = MessageId(uuid4())
    with pytest.raises(OutcomeUnknown):
        await held.send(deadline_s=0.2, message_id=message_id)
    hang.set()
    await held.until(lambda: any(isinstance(found, ReceiptSeen) for found in held.seen))
    (receipt,) = [found for found in held.seen if isinstance(found, ReceiptSeen)]
    assert receipt.sent_as == message_id


async def test_a_call_that_never_began_was_not_sent(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    await held.open()
    held.provider._holder.calls._free = asyncio.Semaphore(0)
    with pytest.raises(Transient):
        await held.send(deadline_s=0.2, to="4915112345678")
    assert held.library.sent == []


async def test_in_a_group_who_wrote_is_remembered(held: Held) -> None:
    await held.open()
    await held.bring("Message", text("Oi", id="3EB0GG", chat=GROUP, sender=PERSON))
    await held.send(chat=GROUP, recipient=(), reply_to="3EB0GG")
    _, message = held.library.sent[-1]
    assert message["extendedTextMessage"]["contextInfo"]["participant"] == PERSON
    await held.provider.mark_read(held.session, GROUP, [ReadMessage("3EB0GG"), ReadMessage("unknown")])
    assert ("mark_read", ["3EB0GG"], GROUP, PERSON) in held.library.calls
    await held.provider.mark_read(held.session, GROUP, [ReadMessage("3EB0HH", PERSON), ReadMessage("3EB0II", PERSON)])
    assert ("mark_read", ["3EB0HH", "3EB0II"], GROUP, PERSON) in held.library.calls


async def test_read_marks_bear_whatsapps_own_ids(held: Held) -> None:
    await held.open()
    ids = ("3EB0AA", "3EB0BB~unavailable", "3EB0CC~1780000000000")
    await held.provider.mark_read(held.session, PERSON, [ReadMessage(id) for id in ids])
    assert held.library.calls[-1] == ("mark_read", ["3EB0AA", "3EB0BB", "3EB0CC"], PERSON, PERSON)


async def test_a_file_is_fetched_uploaded_and_sent(held: Held) -> None:
    await held.open()
    await held.send(Image("look", media=RemoteMedia("https://files.example/x")))
    assert ("upload", 6, 0) in held.library.calls
    part = held.library.sent[-1][1]["imageMessage"]
    assert (part["caption"], part["mimetype"], part["mediaKey"]) == ("look", "image/png", b"k")


async def test_a_file_of_the_hubs_own_is_not_fetched(held: Held) -> None:
    await held.open()
    media = uploaded(held.session.tenant_id, b"a longer file", "image/png", "a.png", datetime.now(UTC))
    await held.send(media.message("look"), media=outgoing_file(b"a longer file"))
    assert ("upload", 13, 0) in held.library.calls
    assert held.library.sent[-1][1]["imageMessage"]["mimetype"] == "image/png"


async def test_a_customers_file_is_downloaded_by_its_keys(held: Held) -> None:
    await held.open()
    held.library.files["/v/t"] = b"\xff\xd8\xff" + bytes(3_000_000)
    keys = {"directPath": "/v/t", "mediaKey": "a2V5", "sha256": "c3Vt", "encryptedSha256": "ZW5j"}
    file = RemoteFile(Image(source=MediaSource(keys=keys), size=9), PERSON)
    async with held.provider.download(held.session, file, 10**8) as download:
        assert b"".join([piece async for piece in download.pieces]) == held.library.files["/v/t"]
    assert ("download", "/v/t", b"enc", b"sum", b"key", 9, 0, "image") in held.library.calls


@pytest.mark.parametrize(
    ("keys", "size", "code"),
    [
        ({"directPath": "/gone", "mediaKey": "a2V5"}, 9, "media_expired"),
        ({"directPath": "/v/t"}, 9, "media_unnamed"),
        ({"directPath": "/v/t", "mediaKey": "no base64!"}, 9, "media_unnamed"),
        ({"directPath": ".evil.example/v", "mediaKey": "a2V5"}, 9, "media_unnamed"),
        ({"directPath": "/v/t", "mediaKey": "a2V5"}, 10**9, "media_too_large"),
    ],
)
async def test_a_file_that_cannot_come_says_why(held: Held, keys: dict[str, str], size: int, code: str) -> None:
    await held.open()
    file = RemoteFile(Audio(source=MediaSource(keys=keys), size=size), PERSON)
    with pytest.raises(Rejected, match=code):
        async with held.provider.download(held.session, file, 10**8):
            raise AssertionError


async def test_a_file_that_is_longer_than_its_sender_says_is_cut_off(held: Held) -> None:
    """The library reads a file whole: two gigabytes that said to be nine bytes were four in the connector."""
    await held.open()
    line = held.provider._holder.connected(held.session.id)
    assert line.route is not None
    came = line.route._counts
    held.library.downloading = lambda: came(80_000_000)
    keys = {"directPath": "/v/t", "mediaKey": "a2V5"}
    with pytest.raises(Rejected, match="media_too_large"):
        async with held.provider.download(
            held.session, RemoteFile(Document(source=MediaSource(keys=keys), size=9), PERSON), 10**8
        ):
            raise AssertionError


@pytest.mark.parametrize(
    "said",
    ["hash of media plaintext doesn't match", "hash of media ciphertext doesn't match", "invalid media hmac",
     "file length does not match: expected 9, got 3000000"],
)  # fmt: skip
def test_a_file_that_is_another_than_was_said_is_not_asked_for_again(said: str) -> None:
    assert error_of(said).code == "media_damaged"


async def test_typing_is_shown(held: Held) -> None:
    await held.open()
    await held.provider.show_typing(held.session, PERSON, None)
    assert ("typing", PERSON) in held.library.calls
    await held.provider.hide_typing(held.session, PERSON)
    assert ("paused", PERSON) in held.library.calls


async def test_a_person_is_blocked_by_hidden_id_where_it_is_known_and_unblocked(held: Held) -> None:
    await held.open()
    both = [Identity.phone("5511988887777"), Identity.lid("99887766")]
    await held.provider.block(held.session, both, blocked=True)
    await held.provider.block(held.session, both[:1], blocked=False)
    asked = [call for call in held.library.calls if call[0] in ("block", "unblock")]
    assert asked == [("block", "99887766@lid"), ("unblock", "5511988887777@s.whatsapp.net")]
    held.library.block_error = "item-not-found"
    with pytest.raises(ProviderError):
        await held.provider.block(held.session, both, blocked=True)
    with pytest.raises(Unsupported):
        await held.provider.block(held.session, [Identity.bsuid("BR.1")], blocked=True)


async def test_a_group_is_asked_for_its_name_once_a_connection(held: Held) -> None:
    held.library.groups[GROUP] = "Condomínio"
    await held.open()
    for id in ("3EB0A1", "3EB0A2"):
        await held.bring("Message", text("Oi", id=id, chat=GROUP, sender=PERSON))
    await held.until(lambda: any(isinstance(found, ChatNamed) for found in held.seen))
    [named] = [found for found in held.seen if isinstance(found, ChatNamed)]
    assert (named.chat_names, named.name) == ((Identity.chat(GROUP),), "Condomínio")
    assert held.library.calls.count(("group_info", GROUP)) == 1


async def test_who_types_is_asked_for_only_where_the_session_appears_online(held: Held) -> None:
    await held.open()
    await held.bring("Message", text("Oi"))
    await held.until(lambda: any(isinstance(found, MessageSeen) for found in held.seen))
    assert not {"appear_online", "watch"} & {call[0] for call in held.library.calls}
    await held.provider.close(held.session.id)
    held.session = replace(held.session, settings=NeonizeSettings(customer_typing=True), fence=2)
    await held.open()
    await held.bring("Connected")
    await held.until(lambda: ("appear_online",) in held.library.calls)
    await held.bring("Message", text("Oi", id="3EB0BB"))
    await held.until(lambda: ("watch", PERSON) in held.library.calls)


async def test_only_an_open_session_that_is_connected_sends(held: Held) -> None:
    with pytest.raises(Transient, match="not_open"):
        await held.send()
    await held.open()
    await held.bring("Disconnected")
    with pytest.raises(Transient, match="not_connected"):
        await held.send()
