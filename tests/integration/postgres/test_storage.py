"""Entities come back as they went in; a transaction that is not committed leaves nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import HAPPENED
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState, Priority
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.rating import Rating
from whatsapp_hub.domain.conversations.service_clock import ServiceClock
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import DepartmentId, TenantId, UserId
from whatsapp_hub.domain.menu.burst import BurstEntry
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Location
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus, Outcome
from whatsapp_hub.domain.service.deadlines import Deadline, Deadlines, Target
from whatsapp_hub.domain.sessions.session import SessionStatus

from .conftest import NOW, World, new_id


async def test_a_message_comes_back_as_it_went_in(world: World) -> None:
    conversation = await world.conversation()
    message = world.make_message(
        conversation,
        direction=Direction.INBOUND,
        content=Location("aqui é", latitude=-23.5, extra={"deep": {"ñ": [1, None]}}),
        status=MessageStatus.PENDING,
        whatsapp_message_id="wamid.1",
        sender_id=UserId(new_id()),
        is_bot=True,
        outcome=Outcome.UNKNOWN,
        error=Failure("odd", "Odd", "very odd", retryable=True),
        reply_to="wamid.0",
        author="5511@s.whatsapp.net",
        timestamp=NOW - timedelta(hours=1),
    )
    async with world.uow() as uow:
        await uow.messages.add([message])
        await uow.commit()
    async with world.uow() as uow:
        assert await uow.messages.get(message.id) == message
        key = (world.session.id, "wamid.1")
        assert await uow.messages.known([key, (world.session.id, "other")]) == [message]
        message.advance(MessageStatus.DELIVERED, NOW)
        await uow.messages.save([message])
        await uow.commit()
    async with world.uow() as uow:
        assert (await uow.messages.by_id([message.id]))[message.id] == message


async def test_a_conversation_comes_back_as_it_went_in(world: World) -> None:
    conversation = await world.conversation(
        customer_phone="5511999998888",
        customer_name="Zoë",
        flow_state=FlowState.AWAITING_ROUTING_CONFIRMATION,
        department_id=DepartmentId(new_id()),
        timeout_at=NOW,
        greeting_sent_at=NOW,
        last_attendant_id=UserId(new_id()),
        unread_count=3,
        dialogue=Dialogue(menu_tries=1, confirm_tries=2, silenced=True, texts=(NOW, NOW + timedelta(seconds=1))),
    )
    async with world.uow() as uow:
        assert await uow.conversations.get(conversation.id) == conversation


async def test_a_session_comes_back_with_its_settings_and_they_are_sealed(world: World) -> None:
    session = await world.add_session(settings={"token": "s3cret", "routes": ["phone:1"]}, qr_code="2@x")
    async with world.uow() as uow:
        loaded = await uow.sessions.get(session.id)
        assert loaded == session
        assert loaded.settings == {"token": "s3cret", "routes": ["phone:1"]}
    sealed = await world.hub.owner.fetchval("SELECT settings FROM hub.sessions WHERE id = $1", session.id)
    assert b"s3cret" not in sealed


async def test_users_and_departments_come_back(world: World) -> None:
    department = await world.add_department(is_root=True, response_timeout_minutes=7)
    user = await world.add_user(department_id=department.id, max_conversations=3, last_heartbeat=NOW)
    async with world.uow() as uow:
        assert await uow.departments.get(department.id) == department
        assert await uow.users.get(user.id) == user
        assert await uow.users.count(department.id) == 1
        [candidate] = await uow.users.candidates(department.id)
        assert (candidate.user, candidate.load) == (user, 0)
        user.set_presence(OnlineStatus.ONLINE, NOW)
        await uow.users.save([user])
        await uow.commit()
    assert (await world.hub.directory.user(user.id)).online_status is OnlineStatus.ONLINE


async def test_nothing_stays_without_a_commit(world: World) -> None:
    conversation = await world.conversation()
    message = world.make_message(conversation)
    world.hub.woken.take()
    async with world.uow() as uow:
        await uow.messages.add([message])
        await uow.lanes.enqueue([message], "SANDBOX")
    assert not world.hub.woken.take()
    async with world.uow() as uow:
        with pytest.raises(NotFound):
            await uow.messages.get(message.id)


async def test_a_commit_wakes_the_readers_of_what_was_written(world: World) -> None:
    conversation = await world.conversation()
    message = world.make_message(conversation)
    world.hub.woken.take()
    async with world.uow() as uow:
        await uow.messages.add([message])
        await uow.lanes.enqueue([message], "SANDBOX")
        conversation.opened(NOW)
        await uow.conversations.save([conversation])
        await uow.commit()
    assert world.hub.woken.take() == {Work.EVENTS: 1, Work.LANES: 1}


async def test_the_events_of_stored_entities_are_written_once_in_the_order_taken(world: World) -> None:
    conversation, user = await world.conversation(), await world.add_user()
    async with world.uow() as uow:
        conversation.opened(NOW)
        await uow.conversations.save([conversation])
        user.set_presence(OnlineStatus.ONLINE, NOW)
        uow.publish([conversation.event(EventType.NOTIFICATION_CREATED, NOW)])
        conversation.resolve(NOW)
        await uow.users.save([user])
        await uow.conversations.save([conversation])
        await uow.conversations.save([conversation])
        await uow.commit()
    rows = await world.hub.owner.fetch(f"SELECT type FROM {HAPPENED} WHERE tenant_id = $1 ORDER BY n", world.tenant.id)
    happened = ["conversation.opened", "notification.created", "user.presence", "conversation.resolved"]
    assert [row["type"] for row in rows] == happened


async def test_an_unknown_tenant_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        async with world.hub.storage.tenant(TenantId(new_id())):
            pass


async def test_a_contact_has_one_live_conversation_a_session(world: World) -> None:
    conversation = await world.conversation("5511988887777")
    async with world.uow() as uow:
        contact = await uow.contacts.get(conversation.contact_id)
        await uow.conversations.add([world.make_conversation(contact)])
        with pytest.raises(Conflict, match="open conversation"):
            await uow.commit()
    async with world.uow() as uow:
        first = await uow.conversations.get(conversation.id)
        first.resolve(NOW)
        await uow.conversations.save([first])
        second = world.make_conversation(contact)
        second.created_at = NOW + timedelta(minutes=1)
        await uow.conversations.add([second])
        pair = (world.session.id, contact.id)
        assert (await uow.conversations.latest([pair]))[pair].id == second.id
        await uow.commit()


async def test_assignments_begin_and_end_with_the_conversation(world: World) -> None:
    bea, cid = await world.add_user(), await world.add_user()
    conversation = await world.conversation()
    for user in (bea, cid):
        async with world.uow() as uow:
            c = await uow.conversations.get(conversation.id)
            c.assign(user.id, None, NOW, f"for {user.name}")
            await uow.conversations.save([c])
            await uow.conversations.save([c])
            await uow.commit()
    async with world.uow() as uow:
        c = await uow.conversations.get(conversation.id)
        c.resolve(NOW + timedelta(hours=1))
        await uow.conversations.save([c])
        assert [a.user_id for a in await uow.assignments.of(c.id)] == [bea.id, cid.id]
        await uow.commit()
    ends = await world.hub.owner.fetch(
        "SELECT unassigned_at FROM pooled.assignments WHERE conversation_id = $1 ORDER BY id", conversation.id
    )
    assert [row[0] for row in ends] == [NOW, NOW + timedelta(hours=1)]


async def test_timed_out_and_queued_conversations_are_found_once(world: World) -> None:
    department = await world.add_department()
    conversation = await world.conversation()
    async with world.uow() as uow:
        c = await uow.conversations.get(conversation.id)
        c.queue(department.id, NOW, timedelta(minutes=1), "nobody free")
        late = world.make_conversation(await uow.contacts.get(c.contact_id), await world.add_session())
        late.timeout_at, late.dialogue = datetime.now(UTC) - timedelta(seconds=1), Dialogue(asks=True)
        await uow.conversations.save([c])
        await uow.conversations.add([late])
        await uow.commit()
    async with world.uow() as uow, world.uow() as other:
        assert [c.id for c in await uow.conversations.flows_timed_out(datetime.now(UTC), 10)] == [late.id]
        assert await other.conversations.flows_timed_out(datetime.now(UTC), 10) == []
        assert [c.id for c in await uow.conversations.queued(department.id, 10)] == [conversation.id]
        assert await other.conversations.queued(department.id, 10) == []
    async with world.uow() as uow:
        assert [c.id for c in await uow.conversations.queued(department.id, 10)] == [conversation.id]


async def test_department_rules_come_back_as_conflicts(world: World) -> None:
    root = await world.add_department(is_root=True, slug="root")
    with pytest.raises(Conflict, match="root"):
        await world.add_department(is_root=True)
    with pytest.raises(Conflict, match="slug"):
        await world.add_department(slug="root")
    await world.add_user(department_id=root.id)
    async with world.uow() as uow:
        with pytest.raises(Conflict, match="users"):
            await uow.departments.remove(root.id)


async def test_an_email_is_taken_in_any_tenant(world: World, new_world: Any) -> None:
    await world.add_user(email="one@example.com")
    other = await new_world()
    with pytest.raises(Conflict):
        await other.add_user(email="ONE@example.com")


async def test_a_session_on_another_provider_takes_new_routes(world: World) -> None:
    session = await world.add_session("META", settings={"routes": ["phone:77"]})
    assert [t.session_id for t in (await world.hub.directory.targets("META", ["phone:77"]))["phone:77"]] == [session.id]
    async with world.uow() as uow:
        s = await uow.sessions.get(session.id)
        s.provider, s.settings = "WAHA", {"routes": ["name:x77"]}
        await uow.sessions.save(s)
        await uow.commit()
    routes = await world.hub.owner.fetch(
        "SELECT provider, route FROM hub.session_routes WHERE session_id=$1", session.id
    )
    assert [tuple(row) for row in routes] == [("WAHA", "name:x77")]


async def test_a_session_that_cannot_send_is_on_hold(world: World) -> None:
    async def held() -> bool:
        answer: bool = await world.hub.owner.fetchval(
            "SELECT hold_until = 'infinity' FROM hub.paces WHERE session_id = $1", session.id
        )
        return answer

    session = await world.add_session(connected=False)
    assert await held()
    for status, expected in ((SessionStatus.CONNECTED, False), (SessionStatus.FAILED, True)):
        async with world.uow() as uow:
            s = await uow.sessions.get(session.id)
            s.is_active = True
            s.move(status, NOW)
            await uow.sessions.save(s)
            await uow.commit()
        assert await held() is expected


async def test_a_copy_of_the_tenant_is_given(world: World) -> None:
    async with world.uow() as uow:
        assert uow.tenant == replace(world.tenant)


async def test_a_group_and_a_person_come_back(world: World) -> None:
    async with world.uow() as uow:
        met, _ = await uow.contacts.find_or_create(
            [
                Sighting((Identity.chat("1@g.us"),), "Family", is_group=True),
                Sighting((Identity.phone("551188887777"), Identity.lid("77")), "Ana"),
            ],
            NOW,
        )
        assert [new for _, new in met] == [True, True]
        await uow.commit()
    async with world.uow() as uow:
        for contact, _ in met:
            loaded = await uow.contacts.get(contact.id)
            assert loaded == contact
        assert loaded.phone_number == "551188887777"


async def test_a_round_remembers_status(world: World) -> None:
    conversation = await world.conversation()
    async with world.uow() as uow:
        assert (await uow.conversations.get(conversation.id)).status is ConversationStatus.OPEN


async def test_a_session_that_was_read_in_this_version_is_read_anew_once_it_changed(world: World) -> None:
    id = world.session.id

    async def name() -> str:
        async with world.uow() as uow:
            sessions: Any = uow.sessions
            version = "SELECT xmin::text::bigint FROM hub.sessions WHERE id = $1"
            sessions.saw(id, await sessions._connection.fetchval(version, id))
            return (await uow.sessions.peek([id]))[id].name

    before = await name()
    assert await name() == before
    async with world.uow() as uow:
        session = await uow.sessions.get(id)
        session.name = f"{before}, renamed"
        await uow.sessions.save(session)
        assert (await uow.sessions.peek([id]))[id].name == session.name
        await uow.commit()
    assert await name() == f"{before}, renamed"


async def test_whatever_changes_in_a_conversation_is_stored(world: World) -> None:
    """Talk is written with fewer columns: each other field must be noticed, alone, and together with talk."""
    conversation = await world.conversation()
    user, department = await world.add_user(), await world.add_department()
    others: dict[str, object] = {
        "chat": "another@chat",
        "customer_phone": "5511988887777",
        "customer_name": "Zoë",
        "profile_name": "Zoë in the wild",
        "flow_state": FlowState.DEPARTMENT_SELECTED,
        "department_id": department.id,
        "told_timeout": NOW,
        "told_at": NOW,
        "dialogue": Dialogue(
            True, 3, 2, BurstEntry(NOW, NOW + timedelta(seconds=1)), True, (NOW, NOW + timedelta(seconds=1))
        ),
        "routed_at": NOW,
        "greeting_sent_at": NOW,
        "last_department_id": department.id,
        "last_attendant_id": user.id,
        "routing_reason": "because",
        "bot_part": BotPart.TALKING,
        "priority": Priority.URGENT,
        "labels": ("vip", 'with "quotes"'),
        "clock": ServiceClock(
            NOW, NOW, Deadlines(Deadline(NOW, NOW), Deadline(NOW, None), (Target.RESOLUTION,), ((NOW, NOW),))
        ),
        "rating": Rating(NOW, 4, NOW, user.id),
        "status": ConversationStatus.RESOLVED,
        "assigned_user_id": user.id,
        "assigned_at": NOW,
        "resolved_at": NOW,
        "resolve_reason": "Sold",
        "snoozed_until": NOW,
        "thread_holder": "another app",
    }
    fixed = {"id", "tenant_id", "session_id", "contact_id", "created_at"}
    said = {"updated_at", "last_message_at", "unread_count", "waiting_since", "timeout_at", "window_closes_at"}
    assert {f.name for f in fields(Conversation) if f.compare} == fixed | said | others.keys()
    for number, (name, value) in enumerate(others.items()):
        at = NOW + timedelta(minutes=number)
        async with world.uow() as uow:
            c = await uow.conversations.get(conversation.id)
            c.customer_wrote(at, timedelta(minutes=5))
            await uow.conversations.save([c])
            setattr(c, name, value)
            await uow.conversations.save([c])
            c.customer_wrote(at, None)
            await uow.conversations.save([c])
            await uow.commit()
        async with world.uow() as uow:
            stored = await uow.conversations.peek(conversation.id)
        assert stored == c, name
        assert getattr(stored, name) == (None if name == "snoozed_until" else value)  # talk wakes it
        assert stored.unread_count == 2 * (number + 1)
