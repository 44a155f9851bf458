"""Conversations, assignments, messages, notes and notifications."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.contracts.storage.world import NOW, World, a_phone, new_id, told_since
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState, Priority
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.conversations.service_clock import ServiceClock
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import ConversationId, DepartmentId, MessageId, NoteId, NotificationId, SessionId, UserId
from whatsapp_hub.domain.messaging.annotating import annotate
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Reaction, Text
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus, Outcome
from whatsapp_hub.domain.service.deadlines import Deadline, Deadlines, Target
from whatsapp_hub.domain.sessions.session import Routing

SOON, LATE = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


class ConversationContract:
    async def test_a_conversation_comes_back_as_it_went_in(self, world: World) -> None:
        everything: dict[str, Any] = {
            "customer_phone": "5511999998888", "customer_name": "Zoë", "profile_name": "Z",
            "flow_state": FlowState.AWAITING_ROUTING_CONFIRMATION, "timeout_at": NOW, "unread_count": 3,
            "last_attendant_id": UserId(new_id()), "bot_part": BotPart.TALKING,
            "dialogue": Dialogue(asks=True, menu_tries=1, silenced=True, texts=(NOW, LATE)),
            "priority": Priority.URGENT, "labels": ("vip", "billing"),
            "resolve_reason": "Sold", "snoozed_until": LATE, "window_closes_at": LATE,
            "thread_holder": "ai_agent",
            "clock": ServiceClock(
                NOW, LATE, Deadlines(Deadline(NOW, SOON), Deadline(LATE), (Target.RESOLUTION,), ((SOON, NOW),))
            ),
        }  # fmt: skip
        conversation = await world.conversation(**everything)
        async with world.uow() as uow:
            assert await uow.conversations.get(conversation.id) == conversation
            assert await uow.conversations.peek(conversation.id) == conversation
            with pytest.raises(NotFound):
                await uow.conversations.get(ConversationId(new_id()))

    async def test_a_change_is_saved(self, world: World) -> None:
        conversation = await world.conversation()
        async with world.uow() as uow:
            found = await uow.conversations.get(conversation.id)
            found.customer_wrote(LATE, timedelta(minutes=5))
            found.customer_name, found.labels = "Ana", ("vip",)
            await uow.conversations.save([found])
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.conversations.peek(conversation.id) == found

    async def test_snoozes_that_are_over_come_longest_first_and_skip_locked_ones(self, world: World) -> None:
        times = (LATE, SOON, LATE + timedelta(days=1))
        late, soon, later = [await world.conversation(snoozed_until=at) for at in times]
        async with world.uow() as uow:
            assert [c.id for c in await uow.conversations.snoozed_until(LATE, 1)] == [soon.id]
            async with world.uow() as another:
                assert [c.id for c in await another.conversations.snoozed_until(LATE, 9)] == [late.id]
        async with world.uow() as uow:
            assert later.id not in [c.id for c in await uow.conversations.snoozed_until(LATE, 9)]

    async def test_quiet_rounds_are_those_that_the_company_answered_and_that_the_hub_routes(self, world: World) -> None:
        sales, routed = await world.add_department(), await world.add_session(routing=Routing.DEPARTMENTS)
        quiet: dict[str, Any] = {
            "last_message_at": SOON, "created_at": SOON, "department_id": sales.id, "session": routed,
        }  # fmt: skip
        found = await world.conversation(**quiet)
        gateway = await world.add_session(routing=Routing.NONE)
        for other in (
            {"waiting_since": SOON}, {"snoozed_until": LATE}, {"last_message_at": LATE}, {"created_at": LATE},
            {"status": ConversationStatus.RESOLVED}, {"last_message_at": None}, {"department_id": None},
            {"session": gateway},
        ):  # fmt: skip
            await world.conversation(**{**quiet, **other})
        async with world.uow() as uow:
            assert [c.id for c in await uow.conversations.quiet(sales.id, NOW, 9)] == [found.id]
            assert await uow.conversations.quiet(sales.id, SOON - timedelta(seconds=1), 9) == []
            async with world.uow() as another:
                assert await another.conversations.quiet(sales.id, NOW, 9) == []
        async with world.uow() as uow:
            assert [c.department_id for c in await uow.conversations.quiet(None, NOW, 9)] == [None]

    async def test_a_contact_has_one_live_round_a_session(self, world: World) -> None:
        conversation = await world.conversation()
        async with world.uow() as uow:
            contact = await uow.contacts.get(conversation.contact_id)
        second = world.make_conversation(contact)
        with pytest.raises(Conflict) as refused:
            await world.done(lambda uow: uow.conversations.add([second]))
        assert refused.value.code == "already_open"
        elsewhere = world.make_conversation(contact, await world.add_session())
        await world.done(lambda uow: uow.conversations.add([elsewhere]))
        await world.saved(conversation, status=ConversationStatus.RESOLVED)
        await world.done(lambda uow: uow.conversations.add([second]))
        with pytest.raises(Conflict):
            await world.saved(conversation, status=ConversationStatus.OPEN)

    async def test_of_two_rounds_begun_at_once_one_is_refused(self, world: World) -> None:
        contact = await world.contact(a_phone())
        rounds = [world.make_conversation(contact) for _ in range(2)]

        async def add(conversation: Conversation) -> bool:
            try:
                await world.done(lambda uow: uow.conversations.add([conversation]))
            except Conflict:
                return False
            return True

        assert sorted(await asyncio.gather(*map(add, rounds))) == [False, True]

    async def test_the_latest_round_is_the_live_one_else_the_newest(self, world: World) -> None:
        old = await world.conversation(status=ConversationStatus.RESOLVED)
        pair = (world.session.id, old.contact_id)
        async with world.uow() as uow:
            contact = await uow.contacts.get(old.contact_id)
            newer = world.make_conversation(contact, created_at=LATE, status=ConversationStatus.RESOLVED)
            await uow.conversations.add([newer])
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.conversations.latest([pair]))[pair].id == newer.id
            assert await uow.conversations.live_of(old.contact_id) == []
        await world.saved(old, status=ConversationStatus.OPEN)
        async with world.uow() as uow:
            assert (await uow.conversations.latest([pair, pair]))[pair].id == old.id
            assert [c.id for c in await uow.conversations.live_of(old.contact_id)] == [old.id]

    async def test_assignments_are_recorded_as_they_begin_and_end(self, world: World) -> None:
        first, second = UserId(new_id()), UserId(new_id())
        conversation = await world.conversation()
        for user_id, at in ((first, NOW), (second, LATE)):
            await world.changes(conversation, partial(self._assign, user_id, at))
        await world.changes(conversation, lambda c: c.resolve(LATE + timedelta(minutes=1)))
        async with world.uow() as uow:
            found = await uow.assignments.of(conversation.id)
        assert [(a.user_id, a.assigned_at, a.unassigned_at) for a in found] == [
            (first, NOW, LATE),
            (second, LATE, LATE + timedelta(minutes=1)),
        ]
        assert found[0].reason == f"to {first}"

    def _assign(self, user_id: UserId, at: datetime, conversation: Conversation) -> None:
        conversation.assign(user_id, None, at, f"to {user_id}")


class ConversationSearchContract:
    """Which conversations the schedule and the queues find, in which order."""

    async def test_the_queue_is_by_priority_then_by_time(self, world: World) -> None:
        department = DepartmentId(new_id())
        queued = {"department_id": department, "flow_state": FlowState.DEPARTMENT_SELECTED}
        first = await world.conversation(**queued, routed_at=NOW)
        second = await world.conversation(**queued, routed_at=LATE)
        urgent = await world.conversation(**queued, routed_at=LATE, priority=Priority.URGENT)
        await world.conversation(**queued, routed_at=NOW, status=ConversationStatus.RESOLVED)
        await world.conversation(department_id=DepartmentId(new_id()), routed_at=NOW)
        async with world.uow() as uow:
            assert [c.id for c in await uow.conversations.queued(department, 9)] == [urgent.id, first.id, second.id]
            assert [c.id for c in await uow.conversations.queued(department, 1)] == [urgent.id]

    async def test_what_another_transaction_has_is_skipped(self, world: World) -> None:
        department = DepartmentId(new_id())
        for minute in range(3):
            await world.conversation(department_id=department, routed_at=NOW + timedelta(minutes=minute))
        async with world.uow() as one, world.uow() as two:
            a, b = await one.conversations.queued(department, 2), await two.conversations.queued(department, 2)
            assert (len(a), len(b)) == (2, 1)
            assert {c.id for c in a}.isdisjoint(c.id for c in b)

    async def test_a_menu_that_waited_too_long_is_found(self, world: World) -> None:
        late = await world.conversation(timeout_at=SOON, dialogue=Dialogue(asks=True))
        bots = await world.conversation(timeout_at=SOON - timedelta(minutes=1), bot_part=BotPart.TALKING)
        await world.conversation(timeout_at=LATE, dialogue=Dialogue(asks=True))
        await world.conversation(timeout_at=SOON, dialogue=Dialogue(asks=True), department_id=DepartmentId(new_id()))
        await world.conversation(timeout_at=SOON)
        async with world.uow() as uow:
            assert [c.id for c in await uow.conversations.flows_timed_out(NOW, 9)] == [bots.id, late.id]
            assert [c.id for c in await uow.conversations.flows_timed_out(NOW, 1)] == [bots.id]

    async def test_who_waits_too_long_for_people_is_found_notified_or_not(self, world: World) -> None:
        queued = await world.conversation(timeout_at=SOON, department_id=DepartmentId(new_id()))
        assigned = await world.conversation(
            timeout_at=SOON - timedelta(minutes=1),
            status=ConversationStatus.ASSIGNED,
            assigned_user_id=UserId(new_id()),
        )
        reported = await world.conversation(timeout_at=SOON, told_timeout=SOON, department_id=DepartmentId(new_id()))
        await world.conversation(timeout_at=SOON, dialogue=Dialogue(asks=True))
        async with world.uow() as uow:
            unreported = await uow.conversations.overdue(NOW, 9, notified=False)
            assert [c.id for c in unreported] == [assigned.id, queued.id]
            assert [c.id for c in await uow.conversations.overdue(NOW, 9, notified=True)] == [reported.id]

    async def test_targets_due_are_found_the_earliest_first(self, world: World) -> None:
        def due(at: Any) -> Deadlines:
            return Deadlines(resolution=Deadline(at))

        second = await world.conversation(clock=ServiceClock(targets=due(SOON)))
        first = await world.conversation(clock=ServiceClock(targets=due(SOON - timedelta(minutes=1))))
        await world.conversation(clock=ServiceClock(targets=due(LATE)))
        async with world.uow() as uow:
            assert [c.id for c in await uow.conversations.with_target_due(NOW, 9)] == [first.id, second.id]

    async def test_what_the_hub_assigned_to_a_user_is_found(self, world: World) -> None:
        user, gateway = UserId(new_id()), await world.add_session(routing=Routing.NONE)
        assigned: dict[str, Any] = {"status": ConversationStatus.ASSIGNED, "assigned_user_id": user}
        second = await world.conversation(**assigned, assigned_at=LATE)
        first = await world.conversation(**assigned, assigned_at=NOW)
        await world.conversation(session=gateway, **assigned, assigned_at=NOW)
        handed = await world.conversation(
            session=gateway, **assigned, assigned_at=LATE + timedelta(minutes=1), bot_part=BotPart.HANDED_OVER
        )
        async with world.uow() as uow:
            found = await uow.conversations.routed_to(user, 9)
        assert [c.id for c in found] == [first.id, second.id, handed.id]

    async def test_a_live_round_is_found_by_whoever_it_is_with(self, world: World) -> None:
        phone = a_phone()
        conversation = await world.conversation(phone)
        names = [Identity.lid(a_phone()), Identity.phone(phone)]
        async with world.uow() as uow:
            assert await uow.conversations.live_with(world.session.id, names) == conversation.id
            assert await uow.conversations.live_with(world.session.id, names[:1]) is None
            assert await uow.conversations.live_with(SessionId(new_id()), names) is None
        await world.saved(conversation, status=ConversationStatus.RESOLVED)
        async with world.uow() as uow:
            assert await uow.conversations.live_with(world.session.id, names) is None

    async def test_an_unanswered_customer_starts_to_wait(self, world: World) -> None:
        unseen, answered = [await world.conversation(waiting_since=NOW) for _ in range(2)]
        told = await world.conversation(waiting_since=NOW, told_at=LATE)
        for conversation in (unseen, answered, told):
            await world.inbound(conversation)
        await world.add_message(answered)
        before = await world.hub.log.head()
        await world.done(lambda uow: uow.conversations.start_waiting(world.session.id, LATE, NOW, "unseen"))
        async with world.uow() as uow:
            waits = await uow.conversations.peek(unseen.id)
            assert (waits.timeout_at, waits.routing_reason) == (LATE, "unseen")
            assert (await uow.conversations.peek(answered.id)).timeout_at is None
            assert (await uow.conversations.peek(told.id)).timeout_at is None
        assert await told_since(world, before) == ["conversation.updated"]


class MessageContract:
    async def test_a_message_comes_back_as_it_went_in(self, world: World) -> None:
        conversation = await world.conversation()
        everything: dict[str, Any] = {
            "direction": Direction.INBOUND, "whatsapp_message_id": "wamid.1", "sender_id": UserId(new_id()),
            "is_bot": True, "outcome": Outcome.UNKNOWN, "error": Failure("odd", "Odd", "very odd", retryable=True),
            "reply_to": "wamid.0", "author": "5511@s.whatsapp.net", "timestamp": SOON,
        }  # fmt: skip
        message = await world.add_message(conversation, **everything)
        async with world.uow() as uow:
            assert await uow.messages.get(message.id) == message
            key = (world.session.id, "wamid.1")
            assert await uow.messages.known([key, (world.session.id, "other")]) == [message]
            message.advance(MessageStatus.DELIVERED, NOW)
            await uow.messages.save([message])
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.messages.by_id([message.id, MessageId(new_id())]) == {message.id: message}
            with pytest.raises(NotFound):
                await uow.messages.get(MessageId(new_id()))

    async def test_what_happened_to_a_message_is_stored_with_it(self, world: World) -> None:
        conversation = await world.conversation()
        message = await world.inbound(conversation, whatsapp_message_id="W1", author="1@lid", author_name="Bia")
        change = world.make_message(conversation, content=Reaction("👍", message_id="W1"), whatsapp_message_id="R1")
        message.author_phone = None
        assert annotate(message, change)
        message.content = replace(message.content, text="edited")
        await world.done(lambda uow: uow.messages.annotate([message]))
        async with world.uow() as uow:
            stored = await uow.messages.get(message.id)
        assert (stored.annotations, stored.content.text) == (message.annotations, "edited")
        assert (stored.author_name, stored.status) == ("Bia", message.status)

    async def test_a_change_waits_for_the_message_that_it_names(self, world: World) -> None:
        conversation, key = await world.conversation(), (world.session.id, "W9")
        early = await world.add_message(conversation, content=Reaction("👍", message_id="W9"), whatsapp_message_id="R9")
        await world.done(lambda uow: uow.messages.wait([early]))
        async with world.uow() as uow:
            assert [m.id for m in await uow.messages.known([key])] == [early.id]
        later = await world.inbound(conversation, whatsapp_message_id="W9")
        async with world.uow() as uow:
            assert {m.id for m in await uow.messages.known([key])} == {early.id, later.id}
            await uow.messages.arrived([early])
            await uow.commit()
        async with world.uow() as uow:
            assert [m.id for m in await uow.messages.known([key])] == [later.id]

    async def test_two_customers_may_write_under_one_id_and_each_only_once(self, world: World) -> None:
        ana, bea = await world.conversation(), await world.conversation()
        first = await world.inbound(ana, whatsapp_message_id="3EB0")
        second = await world.inbound(bea, whatsapp_message_id="3EB0")
        async with world.uow() as uow:
            found = await uow.messages.known([(world.session.id, "3EB0")])
            assert [m.id for m in found] == [first.id, second.id]
        with pytest.raises(Exception, match=r"message_of_contact|duplicate|stored already"):
            await world.inbound(ana, whatsapp_message_id="3EB0")

    async def test_a_customers_messages_are_marked_read_oldest_first_each_once(self, world: World) -> None:
        conversation = await world.conversation()
        async with world.uow() as uow:
            assert await uow.messages.newest_inbound(conversation.id) is None
            assert await uow.messages.read_upto(conversation.id) is None
        for number in range(4):
            await world.inbound(conversation, whatsapp_message_id=f"in.{number}", author="ana")
            await world.add_message(conversation, whatsapp_message_id=f"out.{number}")
        async with world.uow() as uow:
            assert await uow.messages.newest_inbound(conversation.id) == "in.3"
            upto = await uow.messages.read_upto(conversation.id)
            assert upto is not None
            first = await uow.messages.unmarked(conversation.id, upto, 2)
            assert [(m.id, m.chat, m.author) for m in first] == [(f"in.{n}", conversation.chat, "ana") for n in (0, 1)]
            assert await uow.messages.unmarked(conversation.id, first[0].place, 9) == first[:1]
        for place in (first[-1].place, first[0].place):
            await world.done(lambda uow, place=place: uow.messages.marked(conversation.id, place))  # type: ignore[misc]
        async with world.uow() as uow:
            assert [m.id for m in await uow.messages.unmarked(conversation.id, upto, 9)] == ["in.2", "in.3"]
        await world.done(lambda uow: uow.messages.marked(conversation.id, upto))
        async with world.uow() as uow:
            assert await uow.messages.read_upto(conversation.id) is None

    async def test_what_may_still_be_echoed_is_found(self, world: World) -> None:
        conversation = await world.conversation()
        sent = await world.add_message(conversation, status=MessageStatus.SENT)
        unknown = await world.add_message(conversation, outcome=Outcome.UNKNOWN)
        reaction = Reaction("👍", message_id="x")
        reacted = await world.add_message(
            conversation, content=reaction, status=MessageStatus.SENT, whatsapp_message_id="wamid.r"
        )
        await world.add_message(conversation)
        await world.add_message(conversation, status=MessageStatus.SENT, whatsapp_message_id="wamid.2")
        await world.inbound(conversation)
        pair = (world.session.id, conversation.contact_id)
        async with world.uow() as uow:
            found = await uow.messages.unmatched([pair], NOW - timedelta(hours=1))
            assert [m.id for m in found[pair]] == [sent.id, unknown.id, reacted.id]
            assert await uow.messages.unmatched([pair], NOW + timedelta(hours=1)) == {}

    async def test_old_messages_of_gateways_are_forgotten_but_unsent_ones(self, world: World) -> None:
        gateway = await world.add_session(routing=Routing.NONE)
        of_gateway, routed = await world.conversation(session=gateway), await world.conversation()
        old = [await world.inbound(of_gateway) for _ in range(2)]
        kept = await world.inbound(routed)
        [unsent] = await world.enqueue(of_gateway, "later")
        assert await world.done(lambda uow: uow.messages.forget(LATE, 1)) == 1
        assert await world.done(lambda uow: uow.messages.forget(LATE, 9)) == 1
        async with world.uow() as uow:
            left = await uow.messages.by_id([*(m.id for m in old), kept.id, unsent.id])
            assert left.keys() == {kept.id, unsent.id}

    async def test_what_a_message_says_by_now_is_stored(self, world: World) -> None:
        message = await world.inbound(await world.conversation(), "oi")
        async with world.uow() as uow:
            stored = await uow.messages.get(message.id)
            stored.content = Text("olá")
            await uow.messages.annotate([stored])
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.messages.get(message.id)).content == Text("olá")


class NotificationContract:
    async def test_supervisors_are_all_administrators_each_with_a_copy(self, world: World) -> None:
        admin, agent = await world.add_user(role=Role.ADMIN), await world.add_user()
        await world.add_user(role=Role.ADMIN, is_active=False)
        conversation, id = await world.conversation(), NotificationId(new_id())
        kind = NotificationKind.UNROUTED
        for_all = Notification(id, world.tenant.id, kind, conversation.id, NOW)
        await world.done(lambda uow: uow.notifications.add([for_all]))
        async with world.uow() as uow:
            assert await uow.notifications.mark_read(admin.id, id, NOW) == 1
            assert await uow.notifications.mark_read(admin.id, id, NOW) == 0
            with pytest.raises(NotFound):
                await uow.notifications.mark_read(agent.id, id, NOW)

    async def test_all_of_a_user_are_marked_read_and_old_ones_trimmed(self, world: World) -> None:
        user, conversation = await world.add_user(), await world.conversation()
        for at in (SOON, LATE):
            told = Notification(
                NotificationId(new_id()), world.tenant.id, NotificationKind.ASSIGNED, conversation.id, at, user.id
            )
            await world.done(lambda uow, n=told: uow.notifications.add([n]))  # type: ignore[misc]
        await world.done(lambda uow: uow.notifications.trim(NOW))
        assert await world.done(lambda uow: uow.notifications.mark_read(user.id, None, NOW)) == 1

    async def test_a_note_is_stored(self, world: World) -> None:
        conversation = await world.conversation()
        note = Note(NoteId(new_id()), world.tenant.id, conversation.id, None, "call back", NOW)
        note.added(conversation.session_id)
        before = await world.hub.log.head()
        await world.done(lambda uow: uow.notes.add(note))
        assert await told_since(world, before) == ["note.added"]

    async def test_a_note_is_changed_and_deleted(self, world: World) -> None:
        user, conversation = await world.add_user(), await world.conversation()
        note = Note(NoteId(new_id()), world.tenant.id, conversation.id, user.id, "call back", NOW)
        await world.done(lambda uow: uow.notes.add(note))
        changed = note.edited("called back", (user.id,), SOON, conversation.session_id)
        before = await world.hub.log.head()
        await world.done(lambda uow: uow.notes.save(changed))
        assert await world.done(lambda uow: uow.notes.get(note.id)) == changed
        changed.deleted(SOON, conversation.session_id)
        await world.done(lambda uow: uow.notes.delete(changed))
        assert await told_since(world, before) == ["note.edited", "note.deleted"]
        async with world.uow() as uow:
            with pytest.raises(NotFound):
                await uow.notes.get(note.id)
