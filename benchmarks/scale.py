"""Lists and search on many rows, as hub_app: `make bench-scale` (SCALE=0.01 for a hundredth).

Makes a tenant of 1,000,000 conversations and 10,000,000 messages beside one of 1,000 and 10,000, and compares: a page
of the list with each filter (median, and buffers touched), and message search over the large one (p99). Where the small
tenant has less than a page of something, the comparison is of unlike pages. Words are drawn as in a language: a few are
in every tenth message, most are rare. Indexes are dropped while rows are made and built again, so that it takes
minutes. Writes build/bench-scale.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from benchmarks.stack import Stack, stack
from whatsapp_hub.adapters.postgres.queries import PostgresQueries, conversation_list
from whatsapp_hub.adapters.postgres.queries.search import PostgresMessageSearch
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.accounts.tenants import CreateTenant
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.domain.conversation import ConversationStatus
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.main.container import Part, make_container
from whatsapp_hub.main.settings import Settings

SMALL, LARGE, PER_CONVERSATION = 1_000, 1_000_000, 10
VOCABULARY = 20_000
ROUNDS, SEARCHES = 40, 300
ALL = Sight(everything=True)
PAGE = 50

_SYLLABLES = [consonant + vowel for consonant in "bcdlmnprst" for vowel in "aei"]
_NAMES = ("Ana", "João", "Márcia", "Paulo", "Beatriz", "Antônio", "Cecília", "Davi", "Íris", "Luís")


@dataclass(frozen=True)
class Company:
    """One tenant of the comparison, with ids that its rows refer to."""

    id: TenantId
    departments: tuple[UUID, ...]
    users: tuple[UUID, ...]
    session: UUID


def vocabulary() -> list[str]:
    rng = random.Random(7)
    return ["".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 5))) for _ in range(VOCABULARY)]


async def fill(owner: Any, company: Company, conversations: int, words: list[str]) -> None:
    """Contacts, conversations and messages of one tenant, made by the server itself."""
    await owner.execute(
        """INSERT INTO pooled.contacts (id, tenant_id, is_group, created_at)
           SELECT md5($1::uuid::text || 'c' || n)::uuid, $1, false, now() FROM generate_series(1, $2::int) AS n""",
        company.id, conversations, timeout=3600,
    )  # fmt: skip
    await owner.execute(
        """INSERT INTO pooled.conversations (id, tenant_id, session_id, contact_id, chat, customer_phone, customer_name,
             status, flow_state, department_id, assigned_user_id, routed_at, created_at, updated_at)
           SELECT md5($1::uuid::text || 'v' || n)::uuid, $1, $3, md5($1::uuid::text || 'c' || n)::uuid, n::text,
             '5511' || (900000000 + n), ($6::text[])[1 + n % 10] || ' ' || n, s.status,
             CASE s.status WHEN 'OPEN' THEN 'DEPARTMENT_SELECTED' WHEN 'ASSIGNED' THEN 'ASSIGNED' ELSE 'RESOLVED' END,
             ($4::uuid[])[1 + n % 10], CASE WHEN s.status <> 'OPEN' THEN ($5::uuid[])[1 + n % 50] END,
             now() - n * interval '1 s', now() - n * interval '1 s', now() - (n * 7919 % $2::int) * interval '1 s'
           FROM generate_series(1, $2::int) AS n, LATERAL (SELECT (ARRAY['RESOLVED', 'RESOLVED', 'RESOLVED', 'RESOLVED',
             'RESOLVED', 'RESOLVED', 'RESOLVED', 'ARCHIVED', 'OPEN', 'ASSIGNED'])[1 + n / 10 % 10] AS status) AS s""",
        company.id, conversations, company.session, list(company.departments), list(company.users), list(_NAMES),
        timeout=3600,
    )  # fmt: skip
    word = f"($2::text[])[1 + floor(power(random(), 3) * {len(words)})::int]"
    text = " || ' ' || ".join([word] * 8)
    await owner.execute(
        f"""INSERT INTO pooled.messages (id, tenant_id, session_id, conversation_id, contact_id, chat, direction, type,
             content, status, timestamp, created_at)
           SELECT gen_random_uuid(), $1, $3, c.id, c.contact_id, c.chat, 'INBOUND', 'TEXT', {text}, 'DELIVERED',
             c.created_at, c.created_at
           FROM generate_series(1, {PER_CONVERSATION}) AS s, pooled.conversations c WHERE c.tenant_id = $1""",
        company.id, words, company.session, timeout=7200,
    )  # fmt: skip


async def without_indexes(owner: Any) -> list[str]:
    """Drop what can be built again; how."""
    rows = await owner.fetch(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index
           WHERE indrelid IN ('pooled.messages'::regclass, 'pooled.conversations'::regclass) AND NOT indisprimary"""
    )
    for row in rows:
        await owner.execute(f"DROP INDEX {row['name']}")
    return [row["made"] for row in rows]


async def measured(made: Stack, scale: float) -> list[dict[str, Any]]:
    container = make_container(Settings.from_environment(made.environment).completed(), Part.TOOL)
    owner = await asyncpg.connect(made.postgres.dsn)
    try:
        companies = [await _company(container) for _ in range(2)]
        words, indexes, began = vocabulary(), await without_indexes(owner), time.monotonic()
        for company, size in zip(companies, (SMALL, int(LARGE * scale)), strict=True):
            await fill(owner, company, size, words)
        for made_by in indexes:
            await owner.execute(made_by, timeout=7200)
        await owner.execute("ANALYZE pooled.contacts, pooled.conversations, pooled.messages", timeout=3600)
        rows = [_row("rows made", time.monotonic() - began, "s", None, None)]
        storage: PostgresStorage = await container.get(PostgresStorage)
        return rows + await _lists(storage, companies) + await _search(storage, companies[1], words)
    finally:
        await owner.close()
        await container.close()


async def _company(container: Any) -> Company:
    slug = f"scale_{uuid4().hex[:12]}"
    tenant = await (await container.get(CreateTenant))(slug, slug)
    return Company(tenant.id, tuple(uuid4() for _ in range(10)), tuple(uuid4() for _ in range(50)), uuid4())


def _filters(company: Company) -> dict[str, tuple[Sight, ConversationFilter]]:
    open_ = frozenset({ConversationStatus.OPEN, ConversationStatus.ASSIGNED})
    department, user = DepartmentId(company.departments[3]), UserId(company.users[7])
    return {
        "everything": (ALL, ConversationFilter()),
        "status": (ALL, ConversationFilter(open_)),
        "department": (ALL, ConversationFilter(department_id=department)),
        "department and status": (ALL, ConversationFilter(open_, department_id=department)),
        "assigned user": (ALL, ConversationFilter(assigned_user_id=user)),
        "assigned user and status": (ALL, ConversationFilter(open_, assigned_user_id=user)),
        "session": (ALL, ConversationFilter(session_id=SessionId(company.session))),
        "name and number": (ALL, ConversationFilter(search="marcia 772")),
        "frequent name": (ALL, ConversationFilter(search="Ana")),
        "an agent's own": (Sight(user, department), ConversationFilter(open_)),
    }


async def _lists(storage: PostgresStorage, companies: list[Company]) -> list[dict[str, Any]]:
    queries, rows = PostgresQueries(storage), []
    for name in _filters(companies[0]):
        took: list[float] = []
        buffers: list[int] = []
        for company in companies:
            sight, filter = _filters(company)[name]
            each = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                await queries.conversations(company.id, sight, filter, PAGE, None)
                each.append(time.perf_counter() - began)
            took.append(statistics.median(each) * 1000)
            buffers.append(await _buffers(storage, company, sight, filter))
        rows.append(_row(f"list, {name}: p50", took[1], "ms", None, None))
        rows.append(_row(f"list, {name}: p50 against the small tenant", took[1] / took[0], "x", 1.5, 1.1))
        rows.append(_row(f"list, {name}: buffers against the small tenant", buffers[1] / buffers[0], "x", 1.5, 1.1))
    return rows


async def _buffers(storage: PostgresStorage, company: Company, sight: Sight, filter: ConversationFilter) -> int:
    """Touched by the statement and, before it, by the search."""
    asked = conversation_list.search_arguments(filter.search)
    async with storage.connection(company.id) as connection:
        touched, found = 0, None
        if asked:
            statement = "SELECT search_conversations($1, $2, $3)"
            touched += await _touched(connection, statement, list(asked))
            found = [row[0] for row in await connection.fetch(statement, *asked)]
        sql, arguments = conversation_list.statement(company.id, sight, filter, PAGE + 1, None, found)
        return touched + await _touched(connection, sql, arguments)


async def _touched(connection: Any, sql: str, arguments: list[object]) -> int:
    [plan] = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments))
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])


async def _search(storage: PostgresStorage, company: Company, words: list[str]) -> list[dict[str, Any]]:
    search, rng, took = PostgresMessageSearch(storage), random.Random(11), []
    for n in range(SEARCHES):
        picked = [words[int(rng.random() ** 3 * len(words))] for _ in range(1 + n % 2)]
        began = time.perf_counter()
        await search.messages(company.id, ALL, " ".join(picked), None, PAGE, None)
        took.append(time.perf_counter() - began)
    took.sort()
    return [
        _row("message search: p50", took[len(took) // 2] * 1000, "ms", None, None),
        _row("message search: p99", took[int(len(took) * 0.99)] * 1000, "ms", 100, 30),
    ]


def _row(name: str, value: float, unit: str, reach: float | None, stretch: float | None) -> dict[str, Any]:
    met = None if reach is None else value <= reach
    return {"name": name, "value": round(value, 3), "unit": unit, "reach": reach, "stretch": stretch, "met": met}


async def main(scale: float) -> None:
    async with stack() as made:
        rows = await measured(made, scale)
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench-scale.json").write_text(json.dumps({"scale": scale, "rows": rows}, indent=2) + "\n")
    for row in rows:
        mark = {None: " ", True: "+", False: "-"}[row["met"]]
        print(f"{mark} {row['name']:<64} {row['value']:>10} {row['unit']}")


if __name__ == "__main__":
    asyncio.run(main(float(os.environ.get("SCALE", "1"))))
