"""No order of customers' messages, agents' doings, time and crashes leaves anybody stuck, doubled or forgotten.

The real use cases on a real database, under a clock that the machine moves. "A crash" is the first transaction of an
action without what should follow it; the schedule makes up for it.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.fakes.providers import PlainPlugin
from tests.integration.conftest import HAPPENED, Hub, PlainBox, Woken, new_id
from tests.integration.service.conftest import Desk, make_desk
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.service.service_level import ServiceLevel

PEOPLE, CUSTOMERS = 4, 5
EXAMPLES = int(os.environ.get("DESK_EXAMPLES", "12"))
people = st.integers(0, PEOPLE - 1)
customers = st.integers(0, CUSTOMERS - 1)
words = st.sampled_from(["Oi", "Vendas", "Suporte", "1", "sim", "não", "hm", "nota 5"])
doings = st.sampled_from(["answer", "read", "resolve", "unassign", "archive", "to sales", "to support"])
LIVE = (ConversationStatus.OPEN, ConversationStatus.ASSIGNED)


class Desks(RuleBasedStateMachine):
    """Two departments, Suporte being the root, two people each with bounds of 1 and 2."""

    url: str
    loop: asyncio.AbstractEventLoop
    hub: Hub

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def open_the_desk(self) -> None:
        self.do(self._open())

    async def _open(self) -> None:
        self.desk: Desk = await make_desk(self.hub)
        self.sales = await self.desk.department("Vendas")
        self.support = await self.desk.department("Suporte", is_root=True, response_timeout_minutes=3)
        self.people: list[User] = []
        for n in range(PEOPLE):
            department = (self.sales, self.support)[n // 2]
            bound = 1 + n % 2
            self.people.append(await self.desk.person(department, OnlineStatus.ONLINE, max_conversations=bound))
        self.admin = await self.desk.person(None, OnlineStatus.OFFLINE, role=Role.ADMIN)
        self.phones = [f"551198{new_id().int % 10**6:06d}{n}" for n in range(CUSTOMERS)]
        await self.desk.sets(ServiceLevel(2, 20, asks_rating=True))
        for phone in self.phones[:3]:
            await self.desk.writes(phone, "Oi", "Vendas")

    async def _all(self) -> list[Conversation]:
        rows = await self.hub.owner.fetch("SELECT id FROM pooled.conversations WHERE tenant_id = $1", self.desk.id)
        async with self.hub.storage.tenant(self.desk.id) as uow:
            return [await uow.conversations.peek(row["id"]) for row in rows]

    async def _live(self) -> list[Conversation]:
        return [c for c in await self._all() if c.status in LIVE]

    async def _held(self, user: User) -> list[Conversation]:
        found = await self._all()
        return [c for c in found if c.status is ConversationStatus.ASSIGNED and c.assigned_user_id == user.id]

    @rule(customer=customers, text=words)
    def a_customer_writes(self, customer: int, text: str) -> None:
        self.do(self.desk.writes(self.phones[customer], text))

    @rule(seconds=st.sampled_from([1, 30, 70, 130, 200, 400]), beats=st.booleans())
    def time_passes(self, seconds: int, beats: bool) -> None:
        async def passing() -> None:
            self.desk.clock.pass_(seconds=seconds)
            for person in self.people if beats else ():
                await self.desk.heartbeat(self.desk.as_(person))

        self.do(passing())

    @rule(person=people, status=st.sampled_from(OnlineStatus))
    def somebody_changes_presence(self, person: int, status: OnlineStatus) -> None:
        self.do(self.desk.goes(self.people[person], status))

    @rule(person=people)
    def somebody_leaves_and_the_process_dies(self, person: int) -> None:
        async def leaving() -> None:
            async with self.hub.storage.tenant(self.desk.id) as uow:
                user = await uow.users.get(self.people[person].id)
                user.set_presence(OnlineStatus.OFFLINE, self.desk.clock.now)
                await uow.users.save([user])
                await uow.commit()

        self.do(leaving())

    @rule(
        person=people,
        what=st.sampled_from(["answer", "read", "resolve", "unassign", "archive", "to sales", "to support"]),
    )
    def somebody_works(self, person: int, what: str) -> None:
        self.do(self._work(self.people[person], what))

    async def _work(self, user: User, what: str) -> None:
        desk, held = self.desk, await self._held(user)
        if not held:
            return
        one, caller = held[0], desk.as_(user)
        match what:
            case "answer":
                await desk.answers(user, one)
            case "read":
                async with self.hub.storage.tenant(desk.id) as uow:
                    stored = await uow.conversations.get(one.id)
                    stored.unread_count = 0
                    await uow.conversations.save([stored])
                    await uow.commit()
            case "to sales":
                await desk.transfer(caller, one.id, self.sales.id)
            case "to support":
                await desk.transfer(caller, one.id, self.support.id)
            case _:
                await {"resolve": desk.resolve, "unassign": desk.unassign, "archive": desk.archive}[what](
                    caller, one.id
                )

    @rule(person=people)
    def somebody_resolves_and_the_process_dies(self, person: int) -> None:
        async def resolving() -> None:
            for one in (await self._held(self.people[person]))[:1]:
                async with self.hub.storage.tenant(self.desk.id) as uow:
                    stored = await uow.conversations.get(one.id)
                    changes = Changes(uow, new_id, self.desk.clock.now)
                    stored.resolve(changes.now)
                    changes.conversation(stored)
                    await changes.write()
                    await uow.commit()

        self.do(resolving())

    @rule(person=people, customer=customers)
    def somebody_takes_a_conversation(self, person: int, customer: int) -> None:
        async def taking() -> None:
            live = await self._live()
            if live:
                user = self.people[person]
                with suppress(Conflict, NotFound):
                    await self.desk.assign(self.desk.as_(user), live[customer % len(live)].id)

        self.do(taking())

    @rule(customer=customers)
    def the_last_round_is_reopened(self, customer: int) -> None:
        async def reopening() -> None:
            with suppress(KeyError, Conflict):
                last = await self.desk.round(self.phones[customer])
                await self.desk.reopen(self.desk.as_(self.admin), last.id)

        self.do(reopening())

    @rule()
    def the_schedule_runs(self) -> None:
        self.do(self._sweep())

    async def _sweep(self) -> None:
        await self.desk.sweeps()
        now, found = self.desk.clock.now, await self._all()
        users = {p.id: await self.desk.user(p) for p in self.people}
        loads = {
            id: sum(c.assigned_user_id == id and c.status is ConversationStatus.ASSIGNED for c in found) for id in users
        }
        free = [u for u in users.values() if Candidate(u, loads[u.id]).is_free]
        for c in found:
            if c.status not in LIVE:
                continue
            assert c.target_look_at is None or c.target_look_at >= now, f"late and nobody was told: {c}"
            if c.is_queued:
                assert not [u for u in free if u.department_id == c.department_id], (
                    f"waits though somebody is free: {c}"
                )
            if c.timeout_at is not None and c.timeout_at <= now:
                assert not [u for u in free if u.id != c.assigned_user_id], f"overdue though somebody is free: {c}"
                assert c.told_timeout == c.timeout_at, f"overdue and nobody was told: {c}"
            if c.assigned_user_id in users:
                assert users[c.assigned_user_id].online_status is not OnlineStatus.OFFLINE or await self._was_given(c)

    async def _was_given(self, c: Conversation) -> bool:
        """Taken or reopened by hand while OFFLINE: that is the taker's own will."""
        return "taken by" in (c.routing_reason or "")

    @invariant()
    def what_always_holds(self) -> None:
        if hasattr(self, "phones"):
            self.do(self._check())

    async def _check(self) -> None:
        found = await self._all()
        for c in found:
            assert (c.status is ConversationStatus.ASSIGNED) == (c.assigned_user_id is not None) or c.status not in LIVE
            if c.is_queued:
                assert c.timeout_at is not None, f"queued without a time-out: {c}"
            if c.status is ConversationStatus.ASSIGNED and c.waiting_since:
                assert c.timeout_at is not None, f"unanswered without a time-out: {c}"
            if c.status is ConversationStatus.OPEN and c.department_id is None and not c.dialogue.silenced:
                assert c.timeout_at is not None, f"with the bot without a time-out: {c}"
            assert c.department_id is None or c.targets.resolution.due_at is not None, f"without a target: {c}"
        for person in self.people:
            bound = person.max_conversations
            assert bound is not None
            assert len(await self._held(person)) <= bound
        told = await self.hub.owner.fetch(
            f"""SELECT conversation_id, type, convert_from(body, 'UTF8')::json ->> 'target' AS target, count(*) AS n
               FROM {HAPPENED} WHERE tenant_id = $1
                 AND type IN ('conversation.target_warned', 'conversation.target_breached', 'conversation.rated')
               GROUP BY 1, 2, 3""",
            self.desk.id,
        )
        assert all(row["n"] == 1 for row in told), f"told twice: {[dict(row) for row in told]}"
        missed = {(row["conversation_id"], row["target"]) for row in told if row["type"].endswith("breached")}
        assert missed == {(c.id, target.value) for c in found for target in c.targets.breaches}
        rated = {row["conversation_id"] for row in told if row["type"].endswith("rated")}
        assert rated == {c.id for c in found if c.rating.value is not None}
        doubled = await self.hub.owner.fetchval(
            """SELECT count(*) FROM pooled.assignments a JOIN pooled.assignments b
                 ON b.conversation_id = a.conversation_id AND b.id > a.id
               WHERE a.tenant_id = $1 AND (a.unassigned_at IS NULL OR b.assigned_at < a.unassigned_at)""",
            self.desk.id,
        )
        assert doubled == 0
        held = await self.hub.owner.fetch(
            "SELECT conversation_id, user_id FROM pooled.assignments WHERE tenant_id = $1 AND unassigned_at IS NULL",
            self.desk.id,
        )
        assigned = {(c.id, c.assigned_user_id) for c in found if c.status is ConversationStatus.ASSIGNED}
        assert {tuple(row) for row in held} == assigned, "what somebody has is counted by these rows"

    def teardown(self) -> None:
        if hasattr(self, "phones"):
            self.do(self._sweep())


def play(machine: type[Desks], database_url: str, examples: int) -> None:
    """Run a machine on a database."""
    loop = asyncio.new_event_loop()

    async def begin() -> Hub:
        database = Database(database_url, app_connections=4)
        await database.open()
        plugins: Any = {"SANDBOX": PlainPlugin("SANDBOX")}
        host: Any = None
        vault = SettingsVault(PlainBox(), Providers(plugins, host))
        directory, woken = PostgresDirectory(database, vault), Woken()
        storage = PostgresStorage(database, directory, vault, woken, new_id)
        owner = await asyncpg.connect(database_url)
        return Hub(database_url, database, vault, directory, storage, woken, owner)

    hub = loop.run_until_complete(begin())
    try:
        how = settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step is several transactions: no shrinking
        )
        run_state_machine_as_test(type(machine.__name__, (machine,), {"loop": loop, "hub": hub}), settings=how)
    finally:
        loop.run_until_complete(hub.owner.close())
        loop.run_until_complete(hub.database.close())
        loop.close()


def test_nobody_is_stuck_doubled_or_forgotten(database_url: str) -> None:
    play(Desks, database_url, EXAMPLES)
