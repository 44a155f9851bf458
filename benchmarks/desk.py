"""Assignment under load: many customers at once, several worker processes, one department.

    python -m benchmarks.desk --agents 50 --conversations 5000 --workers 4
    python -m benchmarks.desk … --capacity 80      (more customers than the agents' capacity: the rest must wait)

Each customer says hello and names the department; real workers (processes of their own) receive, answer and assign,
while an administrator assigns conversations by hand. The invariants are counted in the database afterwards, into
`build/desk.json`. No agent leaves and nothing is resolved, so final loads are the highest loads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from dishka import AsyncContainer

from whatsapp_hub.adapters.providers.sandbox.inbound import customer_wrote
from whatsapp_hub.adapters.security.clock import new_id, system_clock
from whatsapp_hub.application.accounts.departments import CreateDepartment, DepartmentChanges
from whatsapp_hub.application.accounts.tenants import CreateTenant
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.errors import Conflict, Contention
from whatsapp_hub.domain.ids import ConversationId, UserId
from whatsapp_hub.domain.sessions.session import Session
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

DEPARTMENT = "Vendas"
KIND = "SANDBOX"


@dataclass(frozen=True)
class Plan:
    """Size of a run. `capacity` None: unbounded. `by_hand`: how often the administrator tries to assign one."""

    agents: int = 50
    conversations: int = 5000
    workers: int = 4
    capacity: int | None = None
    by_hand: int = 0
    patience_s: float = 600.0


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run. `spread`: agents by load; `doubled`: conversations that had two agents at one time."""

    assigned: int
    waiting: int
    doubled: int
    over_capacity: int
    by_hand: int
    refused_by_hand: int
    spread: dict[int, int]
    took_s: float

    def flaws(self, plan: Plan) -> list[str]:
        """Return the broken invariants."""
        room = plan.conversations if plan.capacity is None else min(plan.conversations, plan.agents * plan.capacity)
        apart = max(self.spread) - min(self.spread)
        found = (
            ("conversations with two agents", self.doubled),
            ("agents over their bound", self.over_capacity),
            ("free places while somebody waits", room - self.assigned),
            ("conversations lost", plan.conversations - self.assigned - self.waiting),
            ("difference of loads beyond one", max(0, apart - 1) if not plan.by_hand else 0),
        )
        return [f"{count} {what}" for what, count in found if count]


async def run(environment: dict[str, str], plan: Plan) -> Outcome:
    """Run on the migrated servers of `environment`. Raises TimeoutError if the workers do not finish."""
    settings = Settings.from_environment({**environment, "SANDBOX_ENABLED": "true"}).completed()
    container = make_container(settings, Part.TOOL)
    try:
        return await _run(container, settings, environment, plan)
    finally:
        await container.close()


async def _run(container: AsyncContainer, settings: Settings, environment: dict[str, str], plan: Plan) -> Outcome:
    admin, session, agents = await _stage(container, plan)
    await _everybody_writes(container, session, plan)
    owner = await asyncpg.connect(settings.database_url)
    began = time.monotonic()
    try:
        async with _workers(environment, plan.workers):
            by_hand = asyncio.create_task(_gives_by_hand(container, owner, admin, agents, plan))
            await _through(owner, admin, plan)
            by_hand.cancel()
            [done] = await asyncio.gather(by_hand, return_exceptions=True)
        given, refused = (0, 0) if isinstance(done, BaseException) else done
        return await _counted(owner, admin, agents, plan, (given, refused), time.monotonic() - began)
    finally:
        await owner.close()


async def _stage(container: AsyncContainer, plan: Plan) -> tuple[Caller, Session, list[UserId]]:
    """Create a company with one department, its agents, and a sandbox number."""
    slug = f"desk_{uuid4().hex[:12]}"
    tenant = await (await container.get(CreateTenant))(slug, slug)
    admin = Caller(tenant.id, Role.ADMIN, "benchmark")
    make = await container.get(CreateDepartment)
    sales = await make(admin, DEPARTMENT, "vendas", DepartmentChanges(max_agents=1000, response_timeout_minutes=1440))
    now = system_clock()
    storage: Storage = await container.get(Storage)
    agents = []
    for n in range(plan.agents):
        name, email = f"Agent {n:03}", f"{slug}-{n}@example.com"
        user = User(UserId(new_id()), tenant.id, email, name, "-", Role.AGENT, now, department_id=sales.id)
        user.max_conversations = plan.capacity
        user.set_presence(OnlineStatus.ONLINE, now)
        user.last_heartbeat = now + timedelta(days=1)  # no heartbeats here
        async with storage.tenant(tenant.id) as uow:
            await uow.users.add(user)
            await uow.commit()
        agents.append(user.id)
    session = await (await container.get(CreateSession))(admin, NewSession("desk", KIND))
    return admin, await (await container.get(InitSession))(admin, session.id), agents


async def _everybody_writes(container: AsyncContainer, session: Session, plan: Plan) -> None:
    """Fill the inbox before the first worker starts: the hardest case."""
    inbox: InboxAppender = await container.get(InboxAppender)
    now = system_clock()
    for start in range(0, plan.conversations, 500):
        rows = []
        for n in range(start, min(start + 500, plan.conversations)):
            for text in ("Oi", DEPARTMENT):
                update = customer_wrote(f"5511{900_000_000 + n}", f"desk.{new_id()}", text, now, f"Customer {n}")
                row = (KIND, update.dedupe_key, update.chat, update.body, session.tenant_id, session.id)
                rows.append(NewUpdate(*row))
        await inbox.append(rows)


@asynccontextmanager
async def _workers(environment: dict[str, str], count: int) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "whatsapp_hub", "worker")
    whole = {**os.environ, "LOG_LEVEL": "ERROR", "SANDBOX_ENABLED": "true", **environment}
    processes = [
        await asyncio.create_subprocess_exec(*command, env=whole, stdin=asyncio.subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _gives_by_hand(
    container: AsyncContainer, owner: Any, admin: Caller, agents: list[UserId], plan: Plan
) -> tuple[int, int]:
    """Assign any conversation to any agent, at capacity or not, until cancelled."""
    assign, given, refused = await container.get(AssignConversation), 0, 0
    try:
        while given + refused < plan.by_hand:
            query = "SELECT id FROM pooled.conversations WHERE tenant_id = $1 ORDER BY random() LIMIT 1"
            async with asyncio.timeout(plan.patience_s):
                conversation_id = await _one(owner, query, admin.tenant_id)
            if conversation_id is None:
                await asyncio.sleep(0.05)
                continue
            try:
                await assign(admin, ConversationId(conversation_id), random.choice(agents))
                given += 1
            except (Conflict, Contention):
                refused += 1
    except asyncio.CancelledError:
        pass
    return given, refused


_asking = asyncio.Lock()


async def _one(owner: Any, query: str, *arguments: object) -> Any:
    """One connection, shared by two tasks."""
    async with _asking:
        return await owner.fetchval(query, *arguments)


async def _through(owner: Any, admin: Caller, plan: Plan) -> None:
    """Wait until every customer is assigned or queued."""
    query = """SELECT count(*) FROM pooled.conversations WHERE tenant_id = $1
                 AND (status = 'ASSIGNED' OR status = 'OPEN' AND flow_state = 'DEPARTMENT_SELECTED')"""
    async with asyncio.timeout(plan.patience_s):
        while await _one(owner, query, admin.tenant_id) < plan.conversations:
            await asyncio.sleep(0.2)


async def _counted(
    owner: Any, admin: Caller, agents: list[UserId], plan: Plan, by_hand: tuple[int, int], took_s: float
) -> Outcome:
    rows = await owner.fetch(
        """SELECT assigned_user_id AS id, count(*) AS load FROM pooled.conversations
           WHERE tenant_id = $1 AND status = 'ASSIGNED' GROUP BY 1""",
        admin.tenant_id,
    )
    loads = {row["id"]: row["load"] for row in rows}
    doubled = await owner.fetchval(
        """SELECT count(DISTINCT a.conversation_id) FROM pooled.assignments a JOIN pooled.assignments b
             ON b.conversation_id = a.conversation_id AND b.id > a.id
           WHERE a.tenant_id = $1 AND (a.unassigned_at IS NULL OR b.assigned_at < a.unassigned_at)""",
        admin.tenant_id,
    )
    queued = "SELECT count(*) FROM pooled.conversations WHERE tenant_id = $1 AND status = 'OPEN'"
    bound = plan.capacity if plan.capacity is not None else plan.conversations
    return Outcome(
        assigned=sum(loads.values()),
        waiting=await owner.fetchval(queued, admin.tenant_id),
        doubled=doubled,
        over_capacity=sum(load > bound for load in loads.values()),
        by_hand=by_hand[0],
        refused_by_hand=by_hand[1],
        spread=dict(sorted(Counter(loads.get(agent, 0) for agent in agents).items())),
        took_s=round(took_s, 1),
    )


async def _main(plan: Plan) -> int:
    from benchmarks.stack import stack

    async with stack() as made:
        environment = {**made.environment, "HUB_DATA_DIR": str(made.folder / "data")}
        outcome = await run(environment, plan)
    build = Path("build")
    build.mkdir(exist_ok=True)
    flaws = outcome.flaws(plan)
    document = {"plan": asdict(plan), "outcome": asdict(outcome), "flaws": flaws}
    (build / "desk.json").write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))
    return 1 if flaws else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--conversations", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--capacity", type=int)
    parser.add_argument("--by-hand", type=int, default=0)
    given = parser.parse_args()
    sys.exit(asyncio.run(_main(Plan(given.agents, given.conversations, given.workers, given.capacity, given.by_hand))))
