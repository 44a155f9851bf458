"""The question after a round, and its answer, on the real desk."""

import asyncio

import pytest

from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.service.service_level import ServiceLevel
from whatsapp_hub.domain.sessions.session import Routing

ASKS = ServiceLevel(asks_rating=True)
QUESTION = "Seu atendimento foi encerrado. De 1 a 5, que nota você dá ao atendimento? (5 é a melhor)"
THANKS = "Obrigado pela sua avaliação!"
RESOLVED, ASSIGNED = ConversationStatus.RESOLVED, ConversationStatus.ASSIGNED


async def resolved(desk: Desk, sales: Department, phone: str) -> tuple[Conversation, User]:
    """A round that somebody had, and that is over."""
    agent = await desk.person(sales)
    one = await desk.queued(sales, phone)
    return await desk.resolve(desk.as_(agent), one.id), agent


async def test_a_customer_who_is_asked_rates_the_round_and_is_thanked(desk: Desk) -> None:
    sales, phone = await desk.department(level=ASKS), a_phone()
    one, agent = await resolved(desk, sales, phone)
    assert (await desk.said(one))[-1] == QUESTION
    desk.clock.pass_(hours=23)
    after = await desk.writes(phone, "Nota 5!")
    assert (after.id, after.status, after.unread_count) == (one.id, RESOLVED, 0)
    assert (after.rating.value, after.rating.given_at, after.rating.user_id) == (5, desk.clock.now, agent.id)
    assert (await desk.said(one))[-1] == THANKS
    assert (await desk.events(one))[-2:] == ["conversation.resolved", "conversation.rated"]
    stored = await desk.hub.owner.fetchval(
        "SELECT content FROM pooled.messages WHERE conversation_id = $1 AND direction = 'INBOUND' ORDER BY seq DESC",
        one.id,
    )
    assert stored == "Nota 5!"


@pytest.mark.parametrize("words", ["Oi", "6", "quero 2 caixas"])
async def test_anything_else_opens_a_round_whose_customer_is_asked_for_the_department(desk: Desk, words: str) -> None:
    sales, phone = await desk.department(level=ASKS), a_phone()
    one, _ = await resolved(desk, sales, phone)
    following = await desk.writes(phone, words)
    assert following.id != one.id
    assert await desk.said(following) == ["Deseja falar com Vendas? (SIM/NÃO)"]
    assert (await desk.get(one)).rating.value is None
    assert (await desk.writes(phone, "5")).id == following.id  # the question is answered by the next message or never
    assert (await desk.get(one)).rating.value is None


async def test_a_day_later_a_number_is_no_rating(desk: Desk) -> None:
    sales, phone = await desk.department(level=ASKS), a_phone()
    one, _ = await resolved(desk, sales, phone)
    desk.clock.pass_(hours=24)
    assert (await desk.writes(phone, "5")).id != one.id


async def test_of_two_numbers_at_once_the_first_rates_and_the_second_opens_a_round(desk: Desk) -> None:
    sales, phone = await desk.department(level=ASKS), a_phone()
    one, _ = await resolved(desk, sales, phone)
    await asyncio.gather(*(desk.writes(phone, "4") for _ in range(3)))
    assert (await desk.get(one)).rating.value == 4
    assert (await desk.events(one)).count("conversation.rated") == 1
    following = await desk.round(phone)
    assert following.id != one.id


async def test_a_reopened_round_takes_the_number_as_a_message(desk: Desk) -> None:
    sales, phone = await desk.department(level=ASKS), a_phone()
    admin = await desk.person(None, role=Role.ADMIN)
    one, agent = await resolved(desk, sales, phone)
    await desk.reopen(desk.as_(admin), one.id)
    after = await desk.writes(phone, "5")
    assert (after.id, after.status, after.rating.value, after.unread_count) == (one.id, ASSIGNED, None, 1)
    await desk.resolve(desk.as_(agent), one.id)
    assert (await desk.said(one)).count(QUESTION) == 1  # the bot has no part in what was reopened
    assert (await desk.writes(phone, "5")).id != one.id


async def test_reopening_and_rating_at_once_end_as_one_of_both(desk: Desk) -> None:
    sales = await desk.department(level=ASKS)
    admin = await desk.person(None, role=Role.ADMIN)
    for phone in [a_phone() for _ in range(5)]:
        one, _ = await resolved(desk, sales, phone)
        done = await asyncio.gather(
            desk.writes(phone, "5"), desk.reopen(desk.as_(admin), one.id), return_exceptions=True
        )
        assert all(not isinstance(each, BaseException) or isinstance(each, Conflict) for each in done)
        after = await desk.get(one)
        assert (await desk.round(phone)).id == one.id
        assert after.status is ASSIGNED
        assert (after.rating.value is None) == (after.unread_count == 1)


async def test_nobody_is_asked_unless_it_is_wanted_and_the_bot_may_speak(desk: Desk) -> None:
    quiet, asking = await desk.department("Quieto"), await desk.department("Curioso", level=ASKS)
    phones = [a_phone() for _ in range(4)]
    unwanted, _ = await resolved(desk, quiet, phones[0])
    agent = await desk.person(asking)
    silenced, full, unrouted = [await desk.queued(asking, phone) for phone in phones[1:]]
    async with desk.hub.storage.tenant(desk.id) as uow:
        for one, dialogue in ((silenced, Dialogue(silenced=True)), (full, Dialogue(texts=(desk.clock.now,) * 10))):
            stored = await uow.conversations.get(one.id)
            stored.dialogue = dialogue
            await uow.conversations.save([stored])
        await uow.commit()
    for one in (silenced, full):
        await desk.resolve(desk.as_(agent), one.id)
    async with desk.hub.storage.tenant(desk.id) as uow:
        session = await uow.sessions.get(desk.session.id)
        session.routing = Routing.NONE
        await uow.sessions.save(session)
        await uow.commit()
    await desk.resolve(desk.as_(agent), unrouted.id)
    for one in (unwanted, silenced, full, unrouted):
        assert QUESTION not in await desk.said(one)
        assert (await desk.get(one)).rating.asked_at is None


async def test_the_company_asks_where_a_department_says_nothing_of_it(desk: Desk) -> None:
    await desk.sets(ASKS)
    silent, refusing = (
        await desk.department("Vendas"),
        await desk.department("Suporte", level=ServiceLevel(asks_rating=False)),
    )
    asked, _ = await resolved(desk, silent, a_phone())
    not_asked, _ = await resolved(desk, refusing, a_phone())
    assert (QUESTION in await desk.said(asked), QUESTION in await desk.said(not_asked)) == (True, False)
