"""Customers' files are fetched, looked into and stored; whatever happens, the message says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.storage.world import a_phone
from tests.fakes.files import digest_of
from tests.unit.application.office import Office
from whatsapp_hub.application.media.fetch_media import FetchBounds, FetchMedia
from whatsapp_hub.application.ports.edge.inspection import FileFacts, Infected
from whatsapp_hub.application.ports.provider.plugin import Download
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.errors import CredentialsInvalid, Rejected, Scope, Transient, Unavailable
from whatsapp_hub.domain.messaging.content import Audio, Document, Image, MediaSource, MediaState, StoredMedia, Text
from whatsapp_hub.domain.messaging.message import Message

JPEG = b"\xff\xd8\xff\xe0" + bytes(5_000)
PDF = b"%PDF-1.7\n" + bytes(100)
FACTS = FileFacts(640, 480, thumbnail=b"\xff\xd8\xffsmall")


class Inspects:
    """Finds the same in every file."""

    def __init__(self, facts: FileFacts = FACTS) -> None:
        self.facts = facts

    async def __call__(self, owner: Any, file: Any, mime_type: str, size: int) -> FileFacts:
        return self.facts


def fetcher(office: Office, facts: FileFacts = FACTS, **more: Any) -> FetchMedia:
    given = {"inspect": Inspects(facts), "bounds": FetchBounds(), **more}
    return office.use(FetchMedia, **given)


async def comes(office: Office, content: bytes | None = JPEG, kind: Any = Image, **more: Any) -> Message:
    """A customer sends a file; the message as it was stored."""
    id = uuid4().hex
    if content is not None:
        office.line.files[id] = content
    said = kind("veja", source=MediaSource(id=id), **({"mime_type": "image/jpeg"} | more))
    await office.sees(office.says(a_phone(), "", content=said))
    [event] = [e for e in office.storage.events(office.id) if e.type == "message.received"][-1:]
    message: Any = event.subjects["message"]
    return await now(office, message)


async def now(office: Office, message: Message) -> Message:
    async with office.world.uow() as uow:
        return await uow.messages.get(message.id)


async def fetched(office: Office, message: Message, fetch: FetchMedia | None = None) -> Message:
    fetch = fetch or fetcher(office)
    while await fetch(office.id):
        await fetch._running.drain()
    return await now(office, message)


def media_of(message: Message) -> StoredMedia:
    media = message.content.media  # type: ignore[union-attr] # a file's
    assert isinstance(media, StoredMedia)
    return media


async def test_a_file_is_pending_from_the_message_s_own_transaction_on(office: Office) -> None:
    message = await comes(office)
    assert media_of(message).state is MediaState.PENDING
    assert "media" in office.woken


async def test_it_is_stored_with_what_it_is_and_everybody_hears(office: Office) -> None:
    message = await fetched(office, await comes(office, file_name="a.jpg"))
    content, media = message.content, media_of(message)
    assert (media.state, media.error, media.has_thumbnail) == (MediaState.READY, None, True)
    assert isinstance(content, Image)
    assert (content.size, content.width, content.height, content.text) == (len(JPEG), 640, 480, "veja")
    async with office.world.uow() as uow:
        row = await uow.media.get(media.id)
    assert (row.file_name, row.mime_type, row.sha256) == ("a.jpg", "image/jpeg", digest_of(JPEG).sha256)
    assert row.thumbnail == digest_of(b"\xff\xd8\xffsmall")
    assert set(office.files.kept.values()) == {JPEG, b"\xff\xd8\xffsmall"}
    assert office.told()[-1] == "message.updated"
    assert await fetcher(office)(office.id) == 0


async def test_a_file_that_is_another_than_it_says_is_what_it_is(office: Office) -> None:
    message = await fetched(office, await comes(office, PDF), fetcher(office, FileFacts()))
    assert message.content.mime_type == "application/pdf"  # type: ignore[union-attr]


async def test_its_name_is_one_that_can_be_seen_as_it_is(office: Office) -> None:
    message = await fetched(office, await comes(office, file_name="../a\r\nb\u202egnp.exe 👩\u200d💻"))
    async with office.world.uow() as uow:
        assert (await uow.media.get(media_of(message).id)).file_name == "a__b_gnp.exe 👩\u200d💻"


async def test_a_voice_note_keeps_its_codecs_and_gets_its_length(office: Office) -> None:
    ogg, facts = b"OggS" + bytes(50), FileFacts(seconds=7, waveform=(0, 100))
    said = {"mime_type": "audio/ogg; codecs=opus", "voice": True}
    message = await fetched(office, await comes(office, ogg, Audio, **said), fetcher(office, facts))
    assert isinstance(message.content, Audio)
    assert (message.content.mime_type, message.content.seconds) == ("audio/ogg; codecs=opus", 7)
    assert media_of(message).waveform == (0, 100)


async def test_one_in_which_the_scanner_finds_something_is_never_stored(office: Office) -> None:
    async def finds(owner: Any, file: Any, mime_type: str, size: int) -> FileFacts:
        raise Infected("Eicar")

    message = await fetched(office, await comes(office), fetcher(office, inspect=finds))
    assert (media_of(message).state, media_of(message).error) == (MediaState.REFUSED, "media_infected")
    assert not office.files.kept
    assert office.told()[-1] == "message.updated"


async def test_while_the_scanner_is_away_a_file_waits(office: Office) -> None:
    async def away(owner: Any, file: Any, mime_type: str, size: int) -> FileFacts:
        raise Unavailable("the virus scanner does not answer")

    message = await fetched(office, await comes(office), fetcher(office, inspect=away))
    assert media_of(message).state is MediaState.PENDING
    assert not office.files.kept
    office.clock.pass_(minutes=1)
    assert media_of(await fetched(office, message)).state is MediaState.READY


@pytest.mark.parametrize("says_size", [True, False])
async def test_one_that_is_too_large_is_not_read_to_its_end(office: Office, says_size: bool) -> None:
    office.line.says_size = says_size
    fetch = fetcher(office, bounds=FetchBounds(most_bytes=2_000))
    message = await fetched(office, await comes(office), fetch)
    assert (media_of(message).state, media_of(message).error) == (MediaState.TOO_LARGE, "media_too_large")
    assert not office.files.kept


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (Rejected("media_expired"), MediaState.EXPIRED, "media_expired"),
        (Rejected("media_host"), MediaState.FAILED, "media_host"),
    ],
)
async def test_what_will_never_come_says_why(office: Office, error: Exception, state: MediaState, code: str) -> None:
    message = await comes(office)
    office.line.fails = [error]
    media = media_of(await fetched(office, message))
    assert (media.state, media.error) == (state, code)
    assert office.told()[-1] == "message.updated"


@pytest.mark.parametrize(
    "error",
    [
        Transient("link_expired", retry_after_s=1, scope=Scope.RECIPIENT),
        CredentialsInvalid("190"),
        Unavailable("no room"),
        RuntimeError("a fault of ours"),
    ],
)
async def test_what_may_come_is_tried_again_and_given_up_after_six_days(office: Office, error: Exception) -> None:
    message = await comes(office)
    tries = 0
    while media_of(message).state is MediaState.PENDING:
        office.line.fails = [error]
        message = await fetched(office, message)
        office.clock.pass_(minutes=61)
        tries += 1
        assert tries < 200
    assert media_of(message).state is MediaState.FAILED
    assert tries > 20


async def test_over_the_quota_it_is_refused(office: Office) -> None:
    async with office.world.uow() as uow:
        company = uow.tenant
        company.quotas = {Quota.MEDIA: 0}
        await uow.tenants.save(company)
        await uow.commit()
    media = media_of(await fetched(office, await comes(office)))
    assert (media.state, media.error) == (MediaState.REFUSED, "quota_exceeded")
    assert not office.files.kept


async def test_of_a_message_that_is_gone_nothing_is_fetched(office: Office) -> None:
    message = await comes(office)
    async with office.world.uow() as uow:
        stored = await uow.messages.get(message.id)
        stored.content = Text("erased")
        await uow.messages.save([stored])
        await uow.commit()
    await fetched(office, message)
    assert ("download", message.whatsapp_message_id) not in office.line.shown
    assert await fetcher(office)(office.id) == 0


async def test_a_process_that_died_is_followed_by_another(office: Office) -> None:
    message = await comes(office)
    async with office.world.uow() as uow:
        assert len(await uow.fetches.claim(1, 60)) == 1
        await uow.commit()
    assert media_of(await fetched(office, message)).state is MediaState.PENDING
    office.clock.pass_(seconds=61)
    assert media_of(await fetched(office, message)).state is MediaState.READY


async def test_a_slow_number_has_its_share_and_others_theirs(office: Office) -> None:
    """Three of one number, eight of one company: the file of another number comes at once."""
    goes_on = asyncio.Event()

    @asynccontextmanager
    async def slow(session: Any, file: Any, most: int) -> AsyncIterator[Download]:
        await goes_on.wait()
        yield Download(_never())

    await asyncio.gather(*(comes(office) for _ in range(5)))
    slow_line = office.line
    quick, slow_line.download = slow_line.download, slow  # type: ignore[method-assign]
    fetch = fetcher(office, bounds=FetchBounds(per_session=3, per_tenant=8))
    assert await fetch(office.id) == 3
    assert await fetch(office.id) == 0
    assert fetch.under_way == 3
    slow_line.download = quick  # type: ignore[method-assign]
    other = await office.world.add_session("LINE", settings={"phone": "4"})
    id = uuid4().hex
    office.line.files[id] = JPEG
    said = Document("", source=MediaSource(id=id))
    await office.sees(office.says(a_phone(), "", content=said, session=other), session=other)
    assert await fetch(office.id) == 1
    await fetch.aclose()
    assert fetch.under_way == 0


async def test_a_company_leaves_as_many_places_as_it_has(office: Office) -> None:
    """Three companies whose servers let files drip had all places: no other file came for a quarter of an hour."""
    office.line.download = _hanging  # type: ignore[method-assign]
    await asyncio.gather(*(comes(office) for _ in range(9)))
    freed: list[Any] = []
    fetch = fetcher(office, bounds=FetchBounds(at_once=8, per_tenant=8, per_session=8), freed=freed.append)
    assert await fetch(office.id) == 4
    assert await fetch(office.id) == 0
    await fetch.aclose()
    assert freed[0] is None  # who was turned away is asked again, whichever company it is


async def test_a_file_that_comes_a_drop_at_a_time_gives_its_place_to_another(office: Office) -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b""

    @asynccontextmanager
    async def dripping(session: Any, file: Any, most: int) -> AsyncIterator[Download]:
        yield Download(drops())

    message = await comes(office)
    office.line.download = dripping  # type: ignore[method-assign]
    fetch = fetcher(office, bounds=FetchBounds(grace_s=0.0))
    assert await fetch(office.id) == 1
    await fetch._running.drain()
    assert media_of(await now(office, message)).state is MediaState.PENDING
    assert await fetch(office.id) == 0  # later


@asynccontextmanager
async def _hanging(session: Any, file: Any, most: int) -> AsyncIterator[Download]:
    yield Download(_never())


async def test_who_lost_the_lease_changes_nothing(office: Office) -> None:
    message = await comes(office)
    fetch = fetcher(office)
    async with office.world.uow() as uow:
        [mine] = await uow.fetches.claim(1, 0)
        await uow.commit()
    other = media_of(await fetched(office, message))
    assert other.state is MediaState.READY
    await fetch._fail(office.id, mine, "media_expired")
    assert media_of(await now(office, message)).state is MediaState.READY


async def test_a_held_number_s_files_are_its_connector_s(office: Office) -> None:
    held = await office.world.add_session("HELD", settings={"phone": "5"})
    line = office.plugins["HELD"].line
    line.files["k"] = JPEG
    await office.sees(office.says(a_phone(), "", content=Image(source=MediaSource(id="k")), session=held), session=held)
    fetch = fetcher(office, still_held=lambda _: True)
    assert await fetch(office.id) == 0
    assert await fetch(office.id, [held.id]) == 1
    await fetch._running.drain()
    assert JPEG in office.files.kept.values()


async def _never() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""
