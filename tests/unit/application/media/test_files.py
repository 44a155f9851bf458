"""Files are stored before they are named, read in pieces, and collected when nothing names them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.contracts.storage.world import a_phone
from tests.fakes.files import digest_of, in_pieces, uploaded
from tests.unit.application.office import LINE, Office
from whatsapp_hub.adapters.memory.operations.privacy import MemoryRetentionSweep
from whatsapp_hub.application.accounts.remove_tenants import RemoveTenants
from whatsapp_hub.application.media import keep_file
from whatsapp_hub.application.media.collect_files import CollectFiles
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.media.move_old_files import MoveOldFiles
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.media.send_media import MOST_BYTES, SendMedia, Upload
from whatsapp_hub.application.ports.edge.inspection import FileFacts, Infected
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.storage.tenants import TenantRemoval
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.application.sending.complete_sends import SettleStale
from whatsapp_hub.application.sending.settle_message import FailMessage, RetryMessage
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound, OutcomeUnknown, Unavailable
from whatsapp_hub.domain.messaging.content import Image, stored_media
from whatsapp_hub.domain.messaging.failure import UNEXPLAINED, Failure
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.session import Routing

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def kept(office: Office, content: bytes) -> str:
    async with office.files.receive(in_pieces(content), len(content)) as incoming:
        await office.use(KeepFile)(office.id, incoming)
    return digest_of(content).sha256


async def sent(office: Office, conversation: Conversation, content: bytes = PNG) -> Message:
    upload = Upload(in_pieces(content), "image/png", "a.png", "veja")
    return await office.use(SendMedia)(office.admin, conversation.id, upload)


async def test_a_file_goes_to_the_store_and_from_there_to_the_provider(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    assert isinstance(message.content, Image)
    assert office.files.kept == {(office.id, digest_of(PNG).sha256): PNG}
    await office.sends()
    [outgoing] = [m for m in office.line.sent if m.media]
    assert outgoing.media
    assert await outgoing.media.whole() == PNG
    assert await outgoing.media.whole() == PNG, "as often as it is asked for"


async def test_a_file_that_is_refused_is_not_stored(office: Office) -> None:
    """Twenty megabytes each, past every quota, they stayed for an hour: enough to fill the disk for everybody."""
    conversation = await office.writes(a_phone(), "Oi")
    async with office.world.uow() as uow:
        company = uow.tenant
        company.quotas = {Quota.MEDIA: 0}
        await uow.tenants.save(company)
        await uow.commit()
    for _ in range(2):
        with pytest.raises(Conflict, match="quota"):
            await sent(office, conversation)
    assert not office.files.kept
    with pytest.raises(Conflict, match="quota"):
        await office.use(SendMedia)(
            office.admin, conversation.id, Upload(in_pieces(PNG), "image/png", "a.png"), idempotency_key="again"
        )
    assert not office.files.kept
    for send_at in (office.clock() + timedelta(hours=1), office.clock() - timedelta(hours=1)):
        later = Upload(in_pieces(PNG), "image/png", "a.png", send_at=send_at)
        with pytest.raises((Conflict, Invalid)):
            await office.use(SendMedia)(office.admin, conversation.id, later)
    assert not office.files.kept


async def test_a_file_that_is_sent_later_is_stored_once_however_often_it_is_asked_for(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    made = set()
    for _ in range(2):
        later = Upload(in_pieces(PNG), "image/png", "a.png", send_at=office.clock() + timedelta(hours=1))
        made.add((await office.use(SendMedia)(office.admin, conversation.id, later, "key")).id)
    assert len(made) == 1
    assert len(office.files.kept) == 1


async def test_a_file_that_is_too_large_or_empty_is_refused_by_its_field(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")

    async def endless() -> object:
        while True:
            yield b"x" * 1024 * 1024

    for pieces in (endless(), in_pieces(b"")):
        with pytest.raises(Invalid) as refused:
            await office.use(SendMedia)(office.admin, conversation.id, Upload(pieces, "image/png", "a"))  # type: ignore[arg-type]
        assert refused.value.flaws[0].pointer == "/file"
    assert not office.files.kept
    assert MOST_BYTES == 100 * 1024 * 1024


async def test_an_upload_in_which_the_scanner_finds_something_is_refused(office: Office) -> None:
    async def finds(owner: object, file: object, mime_type: str, size: int) -> FileFacts:
        raise Infected("Eicar")

    conversation = await office.writes(a_phone(), "Oi")
    send = office.use(SendMedia, inspect=finds)
    with pytest.raises(Invalid, match="refused by the virus scanner: Eicar") as refused:
        await send(office.admin, conversation.id, Upload(in_pieces(PNG), "image/png", "a.png"))
    assert refused.value.flaws[0].pointer == "/file"
    assert not office.files.kept


async def test_who_may_not_write_there_stores_nothing(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    other = await Office.opened()
    with pytest.raises(NotFound):
        await other.use(SendMedia)(other.admin, conversation.id, Upload(in_pieces(PNG), "image/png", "a.png"))
    assert not other.files.kept


async def test_a_part_of_a_file_is_read(office: Office) -> None:
    await kept(office, PNG)
    media = uploaded(office.id, PNG, "image/png", "a.png", office.clock())
    read = office.use(ReadFile)
    assert b"".join([piece async for piece in read(media, 3, 9)]) == PNG[3:9]
    assert b"".join([piece async for piece in read(media)]) == PNG
    gone = uploaded(office.id, b"gone", "image/png", "a.png", office.clock())
    with pytest.raises(NotFound):
        [piece async for piece in read(gone)]


async def test_what_nothing_names_is_collected_after_an_hour(office: Office) -> None:
    """A crash between the file and its message, or a message that was refused."""
    conversation = await office.writes(a_phone(), "Oi")
    await sent(office, conversation)
    orphan = await kept(office, b"orphan")
    for minutes, left in ((59, {PNG, b"orphan"}), (2, {PNG})):
        office.clock.pass_(minutes=minutes)
        await office.use(CollectFiles)(office.id)
        assert set(office.files.kept.values()) == left
    assert await kept(office, b"orphan") == orphan, "it may come again"


async def test_a_file_goes_with_the_last_message_that_carries_it(office: Office) -> None:
    session = await office.world.add_session("LINE", routing=Routing.NONE, settings={"phone": "3"})
    conversation = await office.writes(a_phone(), "Oi", session=session)
    await office.done(lambda uow: uow.messages.forget(office.clock() + timedelta(seconds=1), 9))
    for _ in range(2):
        await sent(office, conversation)
    await office.sends()
    office.clock.pass_(days=3)
    keep = office.use(KeepRetention, sweep=MemoryRetentionSweep(office.storage.database))
    for left in (1, 0):
        await office.done(lambda uow: uow.messages.forget(office.clock(), 1))
        await keep(office.id)
        await office.use(CollectFiles)(office.id)
        assert len(office.files.kept) == left


async def test_a_file_that_is_being_deleted_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_file, "AGAIN_S", 0.01)
    sha256 = await kept(office, PNG)
    office.clock.pass_(hours=2)
    await office.done(lambda uow: uow.files.take_unnamed(9))
    with pytest.raises(Unavailable):
        await kept(office, PNG)
    again = asyncio.create_task(kept(office, PNG))
    await asyncio.sleep(0.03)
    await office.done(lambda uow: uow.files.forget([sha256]))
    assert await again == sha256


async def test_no_file_is_left_in_the_database_to_be_moved(office: Office) -> None:
    """This storage never had any; PostgreSQL's are moved in `tests/integration/postgres/test_old_files.py`."""
    await office.use(MoveOldFiles)(office.id)
    assert not office.files.kept


async def test_the_files_of_a_removed_company_go_with_it(office: Office) -> None:
    other = await office.tenant()
    await kept(office, PNG)
    async with office.files.receive(in_pieces(PNG), len(PNG)) as incoming:
        await office.use(KeepFile)(other.id, incoming)
    master = await office.world.of(office, other, "LINE")
    user = await master.add_user(role=Role.MASTER)
    assert await office.use(TenantRemoval).begin(office.id, user.id)  # type: ignore[type-abstract]
    await office.use(RemoveTenants)()
    assert set(office.files.kept) == {(other.id, digest_of(PNG).sha256)}


async def test_a_provider_that_fetches_gets_a_link_that_opens_the_file_where_others_reach_the_hub(
    office: Office,
) -> None:
    links = MediaLinks(office.box, office.clock, "https://hub.example")
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    await office.sends(links=links)
    await sent(office, conversation)
    await office.sends()
    linked, plain = (one.media for one in office.line.sent if one.media)
    assert linked
    assert linked.link
    assert plain
    token = linked.link().removeprefix("https://hub.example/api/media/links/")
    assert links.opened(token) == (office.id, stored_media(message.content))
    assert plain.link is None


async def test_a_file_goes_to_the_provider_once_in_a_month_unless_it_was_lost(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    office.line.uploads = ["m1", None, "m2"]

    async def known() -> str | None:
        await sent(office, conversation)
        await office.sends()
        media = office.line.sent[-1].media
        assert media
        return media.uploaded

    assert [await known(), await known()] == [None, "m1"]
    lost = ReceiptSeen("line.2", MessageStatus.FAILED, office.clock(), UNEXPLAINED, is_file_lost=True)
    await office.sees(office.plugins[LINE].sees("line.2", lost))
    assert [await known(), await known()] == [None, "m2"]
    office.clock.pass_(days=30)
    assert await known() is None


async def lost(office: Office, id: str, sent_as: Message | None = None) -> None:
    """The provider says, some time after it took a message, that it could not take over the file."""
    own = sent_as.id if sent_as else None
    error = Failure("131053", "Media upload error")
    seen = ReceiptSeen(
        id, MessageStatus.FAILED, office.clock(), error, sent_as=own, is_file_lost=True, is_undelivered=True
    )
    await office.sees(office.plugins[LINE].sees(id, seen))


async def seen_now(office: Office, message: Message) -> Message:
    found: Message = await office.done(lambda uow: uow.messages.get(message.id))
    return found


async def test_a_message_whose_file_was_lost_after_it_was_taken_goes_out_once_more_with_a_new_upload(
    office: Office,
) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    office.line.uploads = ["m1", "m2"]
    message = await sent(office, conversation)
    await office.sends()
    first = await seen_now(office, message)
    assert (first.status, first.whatsapp_message_id) == (MessageStatus.SENT, "line.1")
    await lost(office, "line.1", message)
    assert (await seen_now(office, message)).status is MessageStatus.SENT  # it never goes back
    assert await office.sends() == ["veja"]
    media = office.line.sent[-1].media
    assert media
    assert media.uploaded is None  # a new upload
    again = await seen_now(office, message)
    assert (again.status, again.whatsapp_message_id) == (MessageStatus.SENT, "line.2")
    assert "message.failed" not in office.told(conversation)
    assert office.told(conversation).count("message.sent") >= 2  # its id is another one

    await lost(office, "line.1", message)  # told again
    assert await office.sends() == []
    assert (await seen_now(office, message)).status is MessageStatus.SENT
    await lost(office, "line.2", message)
    assert await office.sends() == []
    failed = await seen_now(office, message)
    assert (failed.status, failed.error and failed.error.code) == (MessageStatus.FAILED, "131053")


async def test_one_of_unknown_outcome_whose_file_was_lost_goes_out_once_more_too(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await office.sends()
    message = await sent(office, conversation)
    office.line.fails.append(OutcomeUnknown("timeout", ""))
    await office.sends()
    await lost(office, "wamid.1", message)
    assert await office.sends() == ["veja"]
    again = await seen_now(office, message)
    assert (again.status, again.outcome) == (MessageStatus.SENT, None)
    await lost(office, again.whatsapp_message_id or "", message)
    assert await office.sends() == []
    assert (await seen_now(office, message)).status is MessageStatus.FAILED


async def test_one_more_attempt_after_a_lost_file_may_be_of_unknown_outcome_as_the_first_one(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    await office.sends()
    await lost(office, "line.1", message)
    office.line.fails.append(OutcomeUnknown("timeout", ""))
    await office.sends()
    unknown = await seen_now(office, message)
    assert (unknown.status, unknown.outcome) == (MessageStatus.SENT, Outcome.UNKNOWN)
    assert office.told(conversation)[-1] == "message.outcome_unknown"
    await lost(office, "line.1", message)  # told again, of the first attempt
    assert (await seen_now(office, message)).outcome is Outcome.UNKNOWN
    await office.use(RetryMessage)(office.admin, message.id)
    assert await office.sends() == ["veja"]
    again = await seen_now(office, message)
    assert (again.status, again.outcome, again.whatsapp_message_id) == (MessageStatus.SENT, None, "line.2")


async def test_a_receipt_of_the_second_attempt_settles_it(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    await office.sends()
    await lost(office, "line.1", message)
    office.line.fails.append(OutcomeUnknown("timeout", ""))
    await office.sends()
    taken = ReceiptSeen("wamid.2", MessageStatus.SENT, office.clock(), sent_as=message.id)
    await office.sees(office.plugins[LINE].sees("wamid.2", taken))
    settled = await seen_now(office, message)
    assert (settled.status, settled.outcome, settled.whatsapp_message_id) == (MessageStatus.SENT, None, "wamid.2")
    with pytest.raises(Conflict):
        await office.use(RetryMessage)(office.admin, message.id)


async def test_a_process_that_dies_in_the_second_attempt_leaves_it_unknown_and_it_can_be_failed(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    await office.sends()
    await lost(office, "line.1", message)
    await office.done(lambda uow: uow.lanes.claim({LINE: Pacing(None, None)}, 9, 45))
    office.clock.pass_(seconds=46)
    assert await office.use(SettleStale)(office.id) == 1
    assert (await seen_now(office, message)).outcome is Outcome.UNKNOWN
    await office.use(FailMessage)(office.admin, message.id)
    failed = await seen_now(office, message)
    assert (failed.status, failed.error and failed.error.code) == (MessageStatus.FAILED, "given_up")


async def test_what_was_delivered_or_failed_is_not_sent_again(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await sent(office, conversation)
    await office.sends()
    read = ReceiptSeen("line.1", MessageStatus.READ, office.clock())
    await office.sees(office.plugins[LINE].sees("line.1", read))
    await lost(office, "line.1")
    assert await office.sends() == []
    assert (await seen_now(office, message)).status is MessageStatus.READ
