"""WhatsApp is told of every message that was read, once it can be told."""

from __future__ import annotations

from tests.contracts.storage.world import a_phone, eventually
from tests.unit.application.connecting.test_connecting import connector, is_open, wanted
from tests.unit.application.office import HELD, LINE, Office, text
from whatsapp_hub.application.connecting.run_commands import RunCommands
from whatsapp_hub.application.handling.mark_read import MarkConversationRead
from whatsapp_hub.application.handling.send_read_marks import PIECE
from whatsapp_hub.application.handling.show_customer import ShowCustomer
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Rejected, Scope, Transient
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.sessions.session import SessionStatus

DOWN = Transient("down", "the session is down", retry_after_s=1.0, scope=Scope.SESSION)


async def unread(office: Office, ids: list[str], phone: str | None = None) -> Conversation:
    """A customer wrote these."""
    phone = phone or a_phone()
    who = (phone, ChatKind.PERSON, (Identity.phone(phone),))
    seen = [MessageSeen(id, *who, text("Oi"), office.clock()) for id in ids]
    await office.sees(*(office.plugins[LINE].sees(phone, one) for one in seen))
    return await office.round(phone)


async def reads(office: Office, conversation: Conversation) -> None:
    await office.use(MarkConversationRead)(office.admin, conversation.id)
    await all_told(office)


async def all_told(office: Office) -> None:
    await office.use(ShowCustomer)._showing.drain()


def marks(office: Office, provider: str = LINE) -> list[list[object]]:
    """The ids of each call."""
    return [list(what[2:]) for what in office.plugins[provider].line.shown if what[0] == "mark_read"]


async def test_all_unread_messages_are_marked_however_many(office: Office) -> None:
    ids = [f"in.{number}" for number in range(120)]
    conversation = await unread(office, ids)
    await reads(office, conversation)
    assert [id for call in marks(office) for id in call] == ids
    assert max(len(call) for call in marks(office)) == PIECE


async def test_a_message_is_marked_once(office: Office) -> None:
    conversation = await unread(office, ["in.1"])
    await reads(office, conversation)
    await reads(office, conversation)
    await unread(office, ["in.2"], conversation.chat)
    await reads(office, conversation)
    assert marks(office) == [["in.1"], ["in.2"]]


async def test_messages_that_are_refused_for_good_hold_up_no_later_ones(office: Office) -> None:
    """Too old for WhatsApp, or unknown there: asked again they would be refused again, at every reading."""
    conversation = await unread(office, [f"in.{number}" for number in range(PIECE + 1)])
    office.line.fails = [Rejected("131009", "too old")]
    await reads(office, conversation)
    assert marks(office)[-1] == [f"in.{PIECE}"]
    told = len(marks(office))
    await reads(office, conversation)
    assert len(marks(office)) == told


async def test_two_readings_at_once_mark_each_message_once(office: Office) -> None:
    conversation = await unread(office, ["in.1", "in.2"])
    for _ in range(3):
        await office.use(MarkConversationRead)(office.admin, conversation.id)
    await all_told(office)
    assert marks(office) == [["in.1", "in.2"]]


async def test_a_mark_that_was_lost_is_sent_with_the_next_reading(office: Office) -> None:
    conversation = await unread(office, ["in.1"])
    office.line.fails = [DOWN]
    await reads(office, conversation)
    await reads(office, conversation)
    assert marks(office) == [["in.1"], ["in.1"]]


async def test_a_message_that_came_after_the_reading_is_not_marked(office: Office) -> None:
    conversation = await unread(office, ["in.1"])
    await office.use(MarkConversationRead)(office.admin, conversation.id)
    await unread(office, ["in.2"], conversation.chat)
    await all_told(office)
    assert marks(office) == [["in.1"]]


async def test_a_persons_answer_marks_what_it_answers_and_a_programs_does_not(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    conversation = await office.queued(sales)
    send = office.use(SendMessage)
    await send(office.admin, conversation.id, text("from a program"))
    await all_told(office)
    assert marks(office) == []
    await send(office.as_(ana), conversation.id, text("Bom dia"))
    await all_told(office)
    assert len(marks(office)[0]) == 2
    assert (await office.get(conversation)).unread_count == 0


async def test_what_an_answer_could_not_mark_is_marked_by_the_next_reading(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    conversation = await office.queued(sales)
    office.line.fails = [DOWN]
    await office.use(SendMessage)(office.as_(ana), conversation.id, text("Bom dia"))
    await all_told(office)
    await reads(office, conversation)
    assert marks(office)[0] == marks(office)[1]


async def connected(uow: UnitOfWork, session_id: SessionId) -> None:
    session = await uow.sessions.get(session_id)
    session.status = SessionStatus.CONNECTED
    await uow.sessions.save(session)


async def test_the_connector_marks_what_its_sessions_customers_wrote(office: Office) -> None:
    session, line = await wanted(office), office.plugins[HELD].line
    async with connector(office) as holder:
        await eventually(is_open(office, session))
        await office.world.done(lambda uow: connected(uow, session.id))
        phone = a_phone()
        seen = MessageSeen("in.1", phone, ChatKind.PERSON, (Identity.phone(phone),), text("Oi"), office.clock())
        await office.sees(office.plugins[HELD].sees(phone, seen), session=session)
        conversation = await office.round(phone, session)
        run = RunCommands(office.storage.commands, holder)
        line.fails = [DOWN]
        for _ in range(2):
            await office.use(MarkConversationRead)(office.admin, conversation.id)
            await eventually(run)
            await all_told(office)
        await run.aclose()
    assert marks(office, HELD) == [["in.1"], ["in.1"]]
    async with office.world.uow() as uow:
        assert await uow.messages.read_upto(conversation.id) is None
