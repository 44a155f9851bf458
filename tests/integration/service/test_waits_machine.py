"""No order of messages of every kind, clocks, departments and people leaves a conversation that waits unseen.

The desk's machine, in companies with a root department, without one and without any, with the hub's menu or a bot.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests import contents
from tests.integration.conftest import new_id
from tests.integration.service.conftest import make_desk
from tests.integration.service.test_desk_machine import LIVE, Desks, customers, people, play, words
from whatsapp_hub.application.accounts.departments import DeleteDepartment, DepartmentChanges, UpdateDepartment
from whatsapp_hub.application.handling.hand_off_conversation import HandOffConversation
from whatsapp_hub.application.ports.provider.events import ChatKind, Origin
from whatsapp_hub.application.receiving.timing import written_at
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.messaging.content import Content, Image, MessageType, Reaction, Text
from whatsapp_hub.domain.service.service_level import ServiceLevel

EXAMPLES = int(os.environ.get("WAITS_EXAMPLES", "20"))
COMPANIES = st.sampled_from(["a root", "no root", "no department"])
KINDS = st.sampled_from([*MessageType])
SKEWS = st.sampled_from([-3 * 24 * 60, -20, -11, -9, 0, 0, 3, 6, 10**7])
"""Minutes by which the provider's time differs from ours."""

GROUPS = {
    ChatKind.GROUP: "12036302@g.us",
    ChatKind.BROADCAST: "155511@broadcast",
    ChatKind.STATUS: "status@broadcast",
    ChatKind.NEWSLETTER: "12036399@newsletter",
}
TEXT, CHOICE = Text("Oi"), Text("1")
OPENINGS: dict[str, list[tuple[Content, dict[str, Any]]]] = {
    "text": [(TEXT, {})],
    "choice": [(TEXT, {}), (CHOICE, {})],
    "misses": [(TEXT, {})] * 4,
    "old": [(TEXT, {"late": timedelta(minutes=12)})],
    "history": [(TEXT, {"origin": Origin.HISTORY})],
    "reaction": [(Reaction("x"), {})],
    "from the phone": [(TEXT, {"from_me": True}), (TEXT, {})],
    "album": [(Image(), {})] * 3,
}
"""How a customer's round begins."""


class Waits(Desks):
    """Departments come and go; two people of each of the first two, where there are some."""

    @initialize(
        company=COMPANIES,
        has_bot=st.sampled_from([False, False, True]),
        openings=st.lists(st.sampled_from(sorted(OPENINGS)), min_size=5, max_size=5),
    )
    def open_the_desk(self, company: str, has_bot: bool, openings: list[str]) -> None:  # type: ignore[override] # more
        self.do(self._found(company, has_bot))
        for phone, opening in zip(self.phones, openings, strict=True):
            for content, more in OPENINGS[opening]:
                late = more.get("late", timedelta())
                rest = {name: value for name, value in more.items() if name != "late"}
                self.do(self.desk.sees(phone, content, at=self.desk.clock.now - late, **rest))

    async def _found(self, company: str, has_bot: bool) -> None:
        desk = self.desk = await make_desk(self.hub)
        self.departments: list[Department] = []
        if company != "no department":
            self.sales = await desk.department("Vendas")
            self.support = await desk.department("Suporte", is_root=company == "a root", response_timeout_minutes=3)
            self.departments = [self.sales, self.support]
        self.people = [
            await desk.person(self.departments[n // 2] if self.departments else None, max_conversations=1 + n % 2)
            for n in range(4)
        ]
        self.admin = await desk.person(None, OnlineStatus.OFFLINE, role=Role.ADMIN)
        self.phones = [f"551198{new_id().int % 10**6:06d}{n}" for n in range(5)]
        await desk.sets(ServiceLevel(2, 20, asks_rating=True))
        if has_bot:
            await desk.binds_bot()

    @rule(
        customer=customers,
        kind=KINDS,
        text=words,
        skew=SKEWS,
        from_me=st.sampled_from([False, False, False, True]),
        via_api=st.booleans(),
        origin=st.sampled_from([Origin.LIVE, Origin.LIVE, Origin.HISTORY]),
        edits=st.sampled_from([{}, {}, {}, {"edits": "x"}]),
    )
    def something_comes(
        self,
        customer: int,
        kind: MessageType,
        text: str,
        skew: int,
        from_me: bool,
        via_api: bool,
        origin: Origin,
        edits: dict[str, object],
    ) -> None:
        now = self.desk.clock.now
        more = {"from_me": from_me, "via_api": from_me and via_api, "origin": origin}
        at = written_at(now + timedelta(minutes=skew), now)
        said = contents.content(kind, text if kind is MessageType.TEXT else "", **edits)
        self.do(self.desk.sees(self.phones[customer], said, at=at, **more))

    @rule(kind=st.sampled_from(sorted(GROUPS)), skew=SKEWS, from_me=st.booleans())
    def something_comes_in_a_group(self, kind: ChatKind, skew: int, from_me: bool) -> None:
        now = self.desk.clock.now
        at = written_at(now + timedelta(minutes=skew), now)
        content = Text("1")
        self.do(self.desk.sees(GROUPS[kind], content, kind=kind, at=at, from_me=from_me))

    @rule(is_root=st.booleans())
    def a_department_comes(self, is_root: bool) -> None:
        async def coming() -> None:
            with suppress(Conflict):
                self.departments.append(await self.desk.department(f"D{len(self.departments)}", is_root=is_root))

        self.do(coming())

    @rule(place=st.integers(0, 5))
    def a_department_goes(self, place: int) -> None:
        """Its people leave it first; what is live in it keeps it."""

        async def going() -> None:
            if not self.departments:
                return
            gone = self.departments[place % len(self.departments)]
            async with self.hub.storage.tenant(self.desk.id) as uow:
                for person in self.people:
                    user = await uow.users.get(person.id)
                    if user.department_id == gone.id:
                        user.department_id = None
                        await uow.users.save([user])
                await uow.commit()
            with suppress(Conflict):
                await DeleteDepartment(self.hub.storage)(self.desk.as_(self.admin), gone.id)
                self.departments.remove(gone)

        self.do(going())

    @rule(place=st.integers(0, 5), is_root=st.booleans())
    def the_root_changes(self, place: int, is_root: bool) -> None:
        async def changing() -> None:
            if self.departments:
                department = self.departments[place % len(self.departments)]
                with suppress(Conflict):
                    change = UpdateDepartment(self.hub.storage)
                    await change(self.desk.as_(self.admin), department.id, DepartmentChanges(is_root=is_root))

        self.do(changing())

    @rule(person=people, place=st.integers(0, 5))
    def somebody_comes_to_a_department(self, person: int, place: int) -> None:
        async def coming() -> None:
            async with self.hub.storage.tenant(self.desk.id) as uow:
                user = await uow.users.get(self.people[person].id)
                if user.department_id is None and self.departments:
                    user.department_id = self.departments[place % len(self.departments)].id
                    await uow.users.save([user])
                    await uow.commit()

        self.do(coming())

    @rule(customer=customers, hands_over=st.booleans())
    def a_program_answers(self, customer: int, hands_over: bool) -> None:
        async def answering() -> None:
            with suppress(KeyError, Conflict, NotFound, Invalid):
                one = await self.desk.round(self.phones[customer])
                if hands_over:
                    over = HandOffConversation(self.hub.storage, self.desk.clock, new_id)
                    await over(self.desk.as_(self.admin), one.id)
                    return
                async with self.hub.storage.tenant(self.desk.id) as uow:
                    stored = await uow.conversations.get(one.id)
                    if stored.is_live and not stored.is_with_people:
                        stored.program_wrote(self.desk.clock.now)
                        await uow.conversations.save([stored])
                        await uow.commit()

        self.do(answering())

    @rule(customer=customers)
    def a_supervisor_answers_without_taking_it(self, customer: int) -> None:
        async def answering() -> None:
            with suppress(KeyError):
                one = await self.desk.round(self.phones[customer])
                async with self.hub.storage.tenant(self.desk.id) as uow:
                    stored = await uow.conversations.get(one.id)
                    if stored.is_live:
                        stored.person_wrote(self.desk.clock.now)
                        if stored.assigned_user_id is None:
                            stored.silence()
                        stored.take_events()
                        await uow.conversations.save([stored])
                        await uow.commit()

        self.do(answering())

    async def _work(self, user: User, what: str) -> None:
        if not what.startswith("to "):
            await super()._work(user, what)
        elif self.departments:
            for one in (await self._held(user))[:1]:
                target = self.departments[0 if what == "to sales" else -1]
                await self.desk.transfer(self.desk.as_(user), one.id, target.id)

    async def _live(self) -> list[Conversation]:
        """Those of people."""
        return [c for c in await self._all() if c.status in LIVE and c.chat in self.phones]

    async def _told_of(self) -> dict[object, object]:
        """When supervisors were last notified of each conversation that waits."""
        rows = await self.hub.owner.fetch(
            """SELECT conversation_id, max(created_at) AS at FROM pooled.notifications
               WHERE tenant_id = $1 AND user_id = $2
                 AND kind IN ('conversation.unrouted', 'conversation.timed_out') GROUP BY 1""",
            self.desk.id,
            self.admin.id,
        )
        return {row["conversation_id"]: row["at"] for row in rows}

    async def _sweep(self) -> None:
        """At each time-out something happens: somebody has it, a queue, another time runs, or supervisors know."""
        now = self.desk.clock.now
        await self.desk.sweeps()
        told = await self._told_of()
        for c in await self._live():
            if c.timeout_at is not None and c.timeout_at <= now:
                assert c.told_timeout == c.timeout_at, f"time is out and nothing happened: {c}"
                assert c.id in told, f"nobody was told: {c}"

    def teardown(self) -> None:
        """Whatever was begun comes to its time-out."""
        if hasattr(self, "phones"):
            for minutes in (4, 20, 24 * 60):
                self.desk.clock.pass_(minutes=minutes)
                self.do(self._sweep())
            self.do(self._check())

    async def _check(self) -> None:
        told = await self._told_of()
        for c in await self._all():
            if c.chat not in self.phones:
                assert (c.status, c.timeout_at, c.id in told) == (ConversationStatus.OPEN, None, False), c
                assert not await self.desk.said(c), f"a group is answered: {c}"
            elif c.status in LIVE and c.waiting_since is not None:
                answered_by_bot = c.bot_part is BotPart.TALKING and c.timeout_at is None
                at = told.get(c.id)
                is_told = at is not None and at >= c.waiting_since  # type: ignore[operator] # a datetime
                assert c.timeout_at is not None or is_told or answered_by_bot, f"waits unseen: {c}"
            if c.is_queued:
                assert c.timeout_at is not None, f"queued without a time-out: {c}"
            assert not (c.dialogue.asks and (c.dialogue.silenced or c.timeout_at is None or not c.is_unrouted)), (
                f"asks in vain: {c}"
            )


def test_nobody_waits_unseen(database_url: str) -> None:
    play(Waits, database_url, EXAMPLES)
