"""Lists, cursors, filters, sights; the directory; the sandbox's phones."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from whatsapp_hub.adapters.postgres.queries import PostgresQueries
from whatsapp_hub.adapters.postgres.queues.sandbox import PostgresSandboxPhones
from whatsapp_hub.application.ports.edge.sandbox import ShownMessage
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight, UserFilter
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.content import Text

from .conftest import NOW, World, new_id

ALL = Sight(everything=True)


@pytest.fixture
def queries(hub: Any) -> PostgresQueries:
    return PostgresQueries(hub.storage)


async def names(queries: PostgresQueries, world: World, sight: Sight = ALL, **filter: Any) -> set[str | None]:
    page = await queries.conversations(world.tenant.id, sight, ConversationFilter(**filter), 100, None)
    return {c.customer_name for c in page.items}


async def test_a_list_is_walked_page_by_page_without_a_gap(world: World, queries: PostgresQueries) -> None:
    made = [await world.conversation(customer_name=f"n{n}") for n in range(7)]
    async with world.uow() as uow:
        for n, c in enumerate(made):
            c.updated_at = NOW + timedelta(seconds=n // 3)
        await uow.conversations.save(made)
        await uow.commit()
    seen, cursor = [], None
    while True:
        page = await queries.conversations(world.tenant.id, ALL, ConversationFilter(), 2, cursor)
        seen += [c.id for c in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [c.id for c in sorted(made, key=lambda c: (c.updated_at, c.id), reverse=True)]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "e30", "WzEsMl0", "é", "WyJ4IiwxXQ"])
async def test_a_cursor_that_is_not_ours_is_refused(world: World, queries: PostgresQueries, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor "):
        await queries.conversations(world.tenant.id, ALL, ConversationFilter(), 2, cursor)
    with pytest.raises(Invalid, match="cursor "):
        await queries.messages(world.tenant.id, (await world.conversation()).id, 2, cursor)


async def test_every_filter_and_their_combinations(world: World, queries: PostgresQueries) -> None:
    department, user, other = await world.add_department(), await world.add_user(), await world.add_session()
    await world.conversation(customer_name="José Ávila", customer_phone="5511999990001")
    await world.conversation(customer_name="50%_off", department_id=department.id)
    mine = await world.conversation(customer_name="Mine", session=other)
    async with world.uow() as uow:
        c = await uow.conversations.get(mine.id)
        c.assign(user.id, department.id, NOW, "test")
        await uow.conversations.save([c])
        await uow.commit()
    assert await names(queries, world) == {"José Ávila", "50%_off", "Mine"}
    assert await names(queries, world, statuses=frozenset({ConversationStatus.ASSIGNED})) == {"Mine"}
    assert await names(queries, world, department_id=department.id) == {"50%_off", "Mine"}
    assert await names(queries, world, assigned_user_id=user.id, session_id=other.id) == {"Mine"}
    assert await names(queries, world, session_id=world.session.id, department_id=department.id) == {"50%_off"}
    assert await names(queries, world, search="JOSE av") == {"José Ávila"}
    assert await names(queries, world, search="9999-0002") == set()
    assert await names(queries, world, search="99990001") == {"José Ávila"}
    assert await names(queries, world, search="+55 11 99999-0001") == {"José Ávila"}
    assert await names(queries, world, search="zzz") == set()


async def test_sql_and_rule_agree_on_what_a_reader_sees(world: World, queries: PostgresQueries) -> None:
    ours, theirs = await world.add_department(), await world.add_department()
    me, mate = await world.add_user(), await world.add_user()
    for department in (None, ours, theirs):
        for holder in (None, me, mate):
            c = await world.conversation(customer_name="x", department_id=department.id if department else None)
            if holder:
                async with world.uow() as uow:
                    loaded = await uow.conversations.get(c.id)
                    loaded.assign(holder.id, None, NOW, "test")
                    await uow.conversations.save([loaded])
                    await uow.commit()
    everything = (await queries.conversations(world.tenant.id, ALL, ConversationFilter(), 100, None)).items
    assert len(everything) == 9
    for sight in (ALL, Sight(me.id), Sight(me.id, ours.id), Sight(mate.id, theirs.id)):
        page = await queries.conversations(world.tenant.id, sight, ConversationFilter(), 100, None)
        assert {c.id for c in page.items} == {c.id for c in everything if is_in(sight, c)}
        for c in everything:
            if is_in(sight, c):
                assert (await queries.conversation(world.tenant.id, sight, c.id)).id == c.id
            else:
                with pytest.raises(NotFound):
                    await queries.conversation(world.tenant.id, sight, c.id)


async def test_messages_come_newest_page_first_ascending_inside(world: World, queries: PostgresQueries) -> None:
    conversation = await world.conversation()
    await world.enqueue(conversation, *(f"m{n}" for n in range(5)))
    first = await queries.messages(world.tenant.id, conversation.id, 2, None)
    assert [m.content.text for m in first.items] == ["m3", "m4"]
    second = await queries.messages(world.tenant.id, conversation.id, 2, first.next_cursor)
    assert [m.content.text for m in second.items] == ["m1", "m2"]
    last = await queries.messages(world.tenant.id, conversation.id, 2, second.next_cursor)
    assert ([m.content.text for m in last.items], last.next_cursor) == (["m0"], None)
    empty = await world.conversation()
    assert list((await queries.messages(world.tenant.id, empty.id, 2, None)).items) == []


async def test_a_page_of_very_long_messages_ends_early_and_none_is_left_out(
    world: World, queries: PostgresQueries
) -> None:
    """A hundred of WhatsApp's longest were 26 MB: half a second in which nobody else was answered."""
    conversation = await world.conversation()
    texts = [f"{n:02}" + "\U0001f600" * 65_534 for n in range(20)]
    for text in texts:
        await world.inbound(conversation, content=Text(text))
    seen: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    while True:
        page = await queries.messages(world.tenant.id, conversation.id, 100, cursor)
        seen = [m.content.text for m in page.items] + seen
        sizes.append(len(page.items))
        if (cursor := page.next_cursor) is None:
            break
    assert (seen, sizes) == (texts, [9, 9, 2])
    newest = (await queries.messages(world.tenant.id, conversation.id, 1, None)).items[0]
    stretch = await queries.messages_around(world.tenant.id, conversation.id, newest.id, 100)
    assert (stretch.items[-1].id, len(stretch.items), stretch.older is not None) == (newest.id, 9, True)


async def test_single_reads(world: World, queries: PostgresQueries) -> None:
    department = await world.add_department()
    user = await world.add_user(department_id=department.id)
    conversation = await world.conversation("5511912345678")
    tenant_id = world.tenant.id
    assert (await queries.contact_of(tenant_id, conversation.id)).phone_number == "5511912345678"
    assert (await queries.users(tenant_id, UserFilter(department_id=department.id, active=True), 50, None)).items == [
        user
    ]
    assert (await queries.users(tenant_id, UserFilter(online_status=OnlineStatus.BUSY), 50, None)).items == []
    assert await queries.user(tenant_id, user.id) == user
    assert (await queries.departments(tenant_id, 50, None)).items == [department]
    assert (await queries.sessions(tenant_id, 50, None)).items == [world.session]
    assert (await queries.queue(tenant_id, ALL, department.id, 50, None)).items == []
    async with world.uow() as uow:
        c = await uow.conversations.get(conversation.id)
        c.queue(department.id, NOW, timedelta(minutes=1), "test")
        await uow.conversations.save([c])
        await uow.commit()
    assert [c.id for c in (await queries.queue(tenant_id, ALL, department.id, 50, None)).items] == [conversation.id]


async def test_targets_are_found_by_route_at_once_however_often_they_were_looked_for_before(world: World) -> None:
    """What comes for a session that was just made is not parked for an operator."""
    directory, route = world.hub.directory, f"phone:{new_id()}"
    assert await directory.targets("META", [route]) == {route: []}
    session = await world.add_session("META", settings={"token": "t", "routes": [route]})
    answers = await asyncio.gather(*(directory.targets("META", [route, "phone:none"]) for _ in range(20)))
    assert {a[route][0].session_id for a in answers} == {session.id}
    assert answers[0][route][0].settings == {"token": "t", "routes": [route]}
    assert answers[0]["phone:none"] == []
    assert (await directory.target(session.id)).key == session.key
    assert await directory.target(new_id()) is None
    assert session.id in {t.session_id for t in await directory.all_targets("META")}


async def test_the_directory_knows_people_by_email(world: World) -> None:
    user = await world.add_user(email="who@example.com")
    found = await world.hub.directory.credentials(" WHO@example.com ")
    assert (found.user, found.tenant) == (user, world.tenant)
    assert await world.hub.directory.credentials("nobody@example.com") is None
    assert not await world.hub.directory.has_master()
    assert world.tenant in await world.hub.directory.tenants()
    with pytest.raises(Conflict):
        await world.hub.directory.add_tenant(world.tenant)


async def test_a_phone_shows_what_it_got_and_sends_receipts(world: World) -> None:
    phones = PostgresSandboxPhones(world.hub.database, world.hub.woken)
    ref = SessionRef(world.session.id, world.tenant.id, world.session.key, "SANDBOX", {})
    shown = ShownMessage("m1", "olá", "OUTBOUND", NOW)
    receipt = RawUpdate((), "m1:DELIVERED", "c", b"{}")
    world.hub.woken.take()
    for _ in range(2):
        await phones.deliver(ref, "5511", shown, [receipt], MessageId(new_id()))
    assert await phones.messages(ref, "5511") == [shown, shown]
    assert await phones.messages(ref, "5512") == []
    assert world.hub.woken.take()[Work.INBOX] == 2
    async with world.uow() as uow:
        assert [i.body for i in (await uow.inbox.claim(10)).items] == [b"{}"]
