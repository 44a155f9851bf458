"""No conversation waits unseen, and a burst of files gets one answer (contract G)."""

from datetime import timedelta

import pytest

from tests.integration.conftest import new_id
from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import ChatKind, Origin
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState
from whatsapp_hub.domain.messaging.content import (
    Audio,
    Content,
    Image,
    Reaction,
    RemoteMedia,
    System,
    Text,
    Unsupported,
)

OPEN, ASSIGNED, ARCHIVED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED, ConversationStatus.ARCHIVED
UNROUTED, TIMED_OUT = "conversation.unrouted", "conversation.timed_out"
OUTAGE = timedelta(minutes=12)
TEXT = Text("Oi")
PHOTO, VOICE = Image(media=RemoteMedia("x")), Audio(media=RemoteMedia("x"))
REACTION = Reaction("👍")


async def an_admin(desk: Desk) -> User:
    return await desk.person(None, OnlineStatus.OFFLINE, role=Role.ADMIN)


async def waits(desk: Desk, phone: str, **how_long: float) -> None:
    """A time runs, and it ends then."""
    found = await desk.round(phone)
    assert found.timeout_at == desk.clock.now + timedelta(**how_long), found


@pytest.mark.parametrize("departments", [("Vendas",), ()])
async def test_a_message_redelivered_after_an_outage_is_told_and_a_time_runs(
    desk: Desk, departments: tuple[str, ...]
) -> None:
    admin, phone = await an_admin(desk), a_phone()
    for name in departments:
        await desk.department(name)
    await desk.sees(phone, TEXT, at=desk.clock.now - OUTAGE)
    found = await desk.round(phone)
    assert (found.status, await desk.said(found), await desk.told(admin)) == (OPEN, [], [UNROUTED])
    await waits(desk, phone, minutes=5)
    desk.clock.pass_(minutes=5)
    for _ in range(2):
        await desk.sweeps()
    assert await desk.told(admin) == [UNROUTED, TIMED_OUT]


async def test_at_its_time_out_anybody_free_of_any_department_takes_it(desk: Desk) -> None:
    sales, phone = await desk.department(), a_phone()
    agent = await desk.person(sales)
    await desk.sees(phone, TEXT, at=desk.clock.now - OUTAGE)
    desk.clock.pass_(minutes=5)
    await desk.heartbeat(desk.as_(agent))
    await desk.sweeps()
    found = await desk.round(phone)
    assert (found.status, found.flow_state) == (ASSIGNED, FlowState.TIMEOUT_REDIRECT)
    assert (found.assigned_user_id, found.department_id) == (agent.id, sales.id)


async def test_a_live_message_after_an_old_one_gets_the_greeting_and_the_menu(desk: Desk) -> None:
    sales, phone = await desk.department(), a_phone()
    await desk.sees(phone, TEXT, at=desk.clock.now - OUTAGE)
    found = await desk.writes(phone, "Oi")
    assert len(await desk.said(found)) == 1
    await desk.writes(phone, "1")
    assert (await desk.round(phone)).department_id == sales.id


async def test_without_any_department_a_live_message_has_a_time_after_which_supervisors_are_told(desk: Desk) -> None:
    admin, phone = await an_admin(desk), a_phone()
    found = await desk.writes(phone, "Oi", "Alô?")
    assert await desk.said(found) == []
    await waits(desk, phone, minutes=5)
    desk.clock.pass_(minutes=5)
    for _ in range(2):
        await desk.sweeps()
    assert await desk.told(admin) == [TIMED_OUT]
    sales = await desk.department()
    await desk.writes(phone, "Alô?")
    assert len(await desk.said(found)) == 1
    await desk.writes(phone, "1")
    assert (await desk.round(phone)).department_id == sales.id


@pytest.mark.parametrize("from_me", [False, True])
@pytest.mark.parametrize("content", [REACTION, System("changed"), Text("x").editing("y")])
async def test_a_strangers_reaction_opens_no_round(desk: Desk, content: Content, from_me: bool) -> None:
    admin, phone = await an_admin(desk), a_phone()
    await desk.department(is_root=True)
    await desk.sees(phone, content, from_me=from_me)
    found = await desk.round(phone)
    assert (found.status, found.waiting_since, await desk.said(found), await desk.told(admin)) == (
        ARCHIVED,
        None,
        [],
        [],
    )
    later = await desk.writes(phone, "Oi")
    assert (later.id != found.id, later.status, len(await desk.said(later))) == (True, OPEN, 1)


async def test_a_reaction_typed_on_the_phone_answers_nobody(desk: Desk) -> None:
    sales, phone = await desk.department(is_root=True), a_phone()
    await desk.person(sales)
    assigned = await desk.writes(phone, "Oi", "1")
    await desk.sees(phone, REACTION, from_me=True)
    found = await desk.round(phone)
    assert (found.timeout_at, found.dialogue.silenced) == (assigned.timeout_at, False)
    assert found.waiting_since is not None


async def test_who_writes_again_after_an_answer_from_the_phone_is_not_forgotten(desk: Desk) -> None:
    admin, phone = await an_admin(desk), a_phone()
    await desk.department(is_root=True, response_timeout_minutes=7)
    await desk.writes(phone, "Oi")
    await desk.sees(phone, TEXT, from_me=True)
    assert (await desk.round(phone)).timeout_at is None
    found = await desk.writes(phone, "E o preço?")
    assert len(await desk.said(found)) == 1
    await waits(desk, phone, minutes=7)
    await desk.sees(phone, TEXT, from_me=True)
    assert (await desk.round(phone)).timeout_at is None
    await desk.writes(phone, "E agora?")
    desk.clock.pass_(minutes=7)
    await desk.sweeps()
    assert await desk.told(admin) == [TIMED_OUT]


async def test_after_the_menu_had_no_answer_a_new_wait_is_seen_again(desk: Desk) -> None:
    admin, phone = await an_admin(desk), a_phone()
    await desk.department()
    found = await desk.writes(phone, "Oi", "x", "y", "z")
    assert (await desk.told(admin), found.timeout_at) == ([UNROUTED], None)
    await desk.writes(phone, "ainda o mesmo")
    assert (await desk.round(phone)).timeout_at is None
    async with desk.hub.storage.tenant(desk.id) as uow:
        stored, changes = await uow.conversations.get(found.id), Changes(uow, new_id, desk.clock.now)
        stored.person_wrote(desk.clock.now)
        changes.conversation(stored)
        await changes.write()
        await uow.commit()
    desk.clock.pass_(minutes=1)
    await desk.writes(phone, "E agora?")
    await waits(desk, phone, minutes=5)


async def test_a_supervisor_of_no_department_who_takes_it_has_a_time_too(desk: Desk) -> None:
    admin, phone = await an_admin(desk), a_phone()
    found = await desk.writes(phone, "Oi")
    await desk.assign(desk.as_(admin), found.id)
    await waits(desk, phone, minutes=5)


@pytest.mark.parametrize("kind", [ChatKind.GROUP, ChatKind.BROADCAST, ChatKind.NEWSLETTER])
async def test_groups_and_broadcasts_wait_for_nobody(desk: Desk, kind: ChatKind) -> None:
    admin = await an_admin(desk)
    await desk.department(is_root=True)
    for old in (timedelta(), OUTAGE):
        await desk.sees("12036302@g.us", TEXT, kind=kind, at=desk.clock.now - old)
    desk.clock.pass_(hours=1)
    await desk.sweeps()
    [row] = await desk.hub.owner.fetch(
        "SELECT status, timeout_at FROM pooled.conversations WHERE tenant_id = $1", desk.id
    )
    assert (row["status"], row["timeout_at"], await desk.told(admin)) == ("OPEN", None, [])


async def test_a_history_that_no_department_takes_disturbs_nobody(desk: Desk) -> None:
    admin, phone = await an_admin(desk), a_phone()
    await desk.department()
    await desk.sees(phone, TEXT, origin=Origin.HISTORY, at=desk.clock.now - OUTAGE)
    found = await desk.round(phone)
    assert (found.timeout_at, found.waiting_since, await desk.told(admin)) == (None, None, [])


@pytest.mark.parametrize("apart_s", [0, 3, 15])
async def test_an_album_gets_one_answer_in_whatever_batches_it_comes(desk: Desk, apart_s: int) -> None:
    await desk.department(is_root=True)
    phone, begun = a_phone(), desk.clock.now
    for n in range(8):
        if n % 3 == 0:
            desk.clock.pass_(seconds=40)  # another batch, later
        await desk.sees(phone, PHOTO, at=begun + timedelta(seconds=n * apart_s))
    found = await desk.round(phone)
    assert (found.status, found.dialogue.menu_tries, len(await desk.said(found))) == (OPEN, 0, 1)


@pytest.mark.parametrize("first", [PHOTO, VOICE, TEXT, Unsupported()])
async def test_a_voice_note_and_words_within_seconds_get_one_answer(desk: Desk, first: Content) -> None:
    await desk.department("Vendas", is_root=True)
    phone = a_phone()
    for content in (first, VOICE, Text("segue o áudio"), PHOTO):
        await desk.sees(phone, content)
        desk.clock.pass_(seconds=4)
    found = await desk.round(phone)
    assert (found.dialogue.menu_tries, len(await desk.said(found))) == (0, 1)
    chosen = await desk.writes(phone, "1")
    assert chosen.department_id is not None


async def test_a_burst_counts_as_one_miss_and_each_text_as_one(desk: Desk) -> None:
    await desk.department("Vendas", is_root=True)
    phone = a_phone()
    await desk.writes(phone, "Oi")
    desk.clock.pass_(minutes=1)
    for content in (PHOTO, PHOTO, PHOTO):
        await desk.sees(phone, content)
    found = await desk.round(phone)
    assert (found.dialogue.menu_tries, len(await desk.said(found))) == (1, 2)
    desk.clock.pass_(minutes=1)
    again = await desk.writes(phone, "oi?")
    assert (again.dialogue.menu_tries, len(await desk.said(again))) == (2, 3)


async def test_an_album_is_one_unclear_answer_to_the_question(desk: Desk) -> None:
    sales, phone = await desk.department("Vendas", is_root=True), a_phone()
    agent = await desk.person(sales)
    first = await desk.writes(phone, "Oi", "1")
    await desk.resolve(desk.as_(agent), first.id)
    desk.clock.pass_(minutes=1)
    for _ in range(8):
        await desk.sees(phone, PHOTO)
    found = await desk.round(phone)
    assert (found.flow_state, found.dialogue.confirm_tries) == (FlowState.AWAITING_ROUTING_CONFIRMATION, 0)
    assert len(await desk.said(found)) == 1
