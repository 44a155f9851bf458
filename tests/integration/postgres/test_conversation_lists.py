"""Pages of the list of conversations among many: right, whole, and of a cost that does not grow (as hub_app)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.queries import PostgresQueries, conversation_list, conversation_search
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.conversations.conversation import LIVE, Conversation, ConversationStatus
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.text import fold

ALL = Sight(everything=True)
COUNT, PAGE = 4_000, 50
RESOLVED = frozenset({ConversationStatus.RESOLVED})

# Some are nobody's, some a department's, some a person's; few are live; every fortieth is Bea.
_ROWS = f"""
    INSERT INTO pooled.conversations (id, tenant_id, session_id, contact_id, chat, customer_phone, customer_name,
      status, flow_state, department_id, assigned_user_id, created_at, updated_at)
    SELECT gen_random_uuid(), $1, ($2::uuid[])[1 + n / 5 % 2], gen_random_uuid(), n::text,
      '5511' || (900000000 + n * 7919),
      CASE WHEN n % 40 = 7 THEN 'Béa ' ELSE 'Ana ' END || n, s.status, 'RESOLVED',
      CASE WHEN n % 3 > 0 OR s.status = 'ASSIGNED' THEN ($3::uuid[])[1 + n / 7 % 3] END,
      CASE WHEN n % 3 = 1 AND s.status <> 'OPEN' OR s.status = 'ASSIGNED' THEN ($4::uuid[])[1 + n / 11 % 3] END,
      now(), now() - (n * 7919 % {COUNT} / 2) * interval '11 minutes'
    FROM generate_series(1, {COUNT}) AS n, LATERAL (SELECT CASE n % 25
      WHEN 0 THEN 'OPEN' WHEN 1 THEN 'ASSIGNED' WHEN 2 THEN 'ARCHIVED' ELSE 'RESOLVED' END AS status) AS s"""


@dataclass(frozen=True)
class Many:
    hub: Any
    tenant_id: TenantId
    sessions: list[UUID]
    departments: list[UUID]
    users: list[UUID]

    @property
    def queries(self) -> PostgresQueries:
        return PostgresQueries(self.hub.storage)

    async def walked(self, sight: Sight, filter: ConversationFilter, limit: int = 200) -> list[Conversation]:
        seen: list[Conversation] = []
        cursor = None
        while True:
            page = await self.queries.conversations(self.tenant_id, sight, filter, limit, cursor)
            seen += page.items
            if (cursor := page.next_cursor) is None:
                return seen

    async def plans(self, sight: Sight, filter: ConversationFilter) -> list[dict[str, Any]]:
        """The nodes of the plan of a page, as it was carried out."""
        sql, arguments = conversation_list.statement(self.tenant_id, sight, filter, PAGE + 1)
        async with self.hub.storage.connection(self.tenant_id) as connection:
            assert await connection.fetchval("SELECT current_user") == "hub_app"
            told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
        return list(_nodes(json.loads(told)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(hub: Any) -> AsyncIterator[Many]:
    tenant = await hub.tenant()
    made = Many(hub, tenant.id, *([uuid4() for _ in range(count)] for count in (2, 3, 3)))
    async with hub.owner.transaction():
        await hub.owner.execute("SET LOCAL session_replication_role = replica")  # rows without all they refer to
        await hub.owner.execute(_ROWS, tenant.id, made.sessions, made.departments, made.users)
    await hub.owner.execute("VACUUM (ANALYZE) pooled.conversations")
    yield made


def sights(many: Many) -> list[Sight]:
    user, department = UserId(many.users[0]), DepartmentId(many.departments[0])
    return [ALL, Sight(user), Sight(user, department)]


def filters(many: Many) -> Iterator[ConversationFilter]:
    for statuses, department, user, session in product(
        (frozenset(), LIVE, RESOLVED), (None, many.departments[0]), (None, many.users[0]), (None, many.sessions[0])
    ):
        yield ConversationFilter(
            statuses,
            DepartmentId(department) if department else None,
            UserId(user) if user else None,
            SessionId(session) if session else None,
        )


def passes(conversation: Conversation, filter: ConversationFilter) -> bool:
    return (
        (not filter.statuses or conversation.status in filter.statuses)
        and filter.department_id in (None, conversation.department_id)
        and filter.assigned_user_id in (None, conversation.assigned_user_id)
        and filter.session_id in (None, conversation.session_id)
        and is_found(conversation, fold(filter.search or ""))
    )


def is_found(conversation: Conversation, words: str) -> bool:
    """Parts of the name in their order, however short; or the digits of all, if at least three, together in the number.

    A number in groups of one or two digits is no name.
    """
    digits = "".join(re.findall("[0-9]", words))
    in_groups = len(digits) > 2 and re.fullmatch("[0-9]{1,2}( [0-9]{1,2})*", words)
    named = not in_groups and re.search(".*".join(words.split()), fold(conversation.customer_name or ""))
    return bool(named) or (len(digits) > 2 and digits in (conversation.customer_phone or ""))


async def test_every_list_is_what_the_rule_says_in_order_and_whole(many: Many) -> None:
    everything = await many.walked(ALL, ConversationFilter())
    assert len(everything) == COUNT
    assert everything == sorted(everything, key=lambda c: (c.updated_at, c.id), reverse=True)
    for sight, filter in product(sights(many), filters(many)):
        expected = [c.id for c in everything if is_in(sight, c) and passes(c, filter)]
        assert [c.id for c in await many.walked(sight, filter)] == expected, (sight, filter)


async def test_no_list_reads_more_than_its_page_or_sorts(many: Many) -> None:
    for sight, filter in product(sights(many), filters(many)):
        both = filter.department_id is not None and filter.assigned_user_id is not None
        for node in await many.plans(sight, filter):
            kind = node["Node Type"]
            assert kind not in ("Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan"), (sight, filter, node)
            if kind == "Index Scan" and not both:  # of a person's one department nearly all is theirs, but not here
                passed_over = node.get("Rows Removed by Filter", 0)
                assert node["Actual Rows"] + passed_over <= 4 * (PAGE + 1), (sight, filter, node)


SEARCHES = (
    *("bea", "ANA 39", "ana", "éa 1", "na 12", "Bea 1007", "9000", "nobody at all"),
    *("5511900007919", "+55 (11) 90000-7919", "900007919", "7919", "919", "0079", "00791", "11 90 00 07 91 9", "39 x"),
)


@pytest.mark.parametrize(("first", "enough"), [(500, 5_000), (3, 5_000), (3, 20)])
async def test_a_search_is_the_same_wherever_it_is_found(
    many: Many, monkeypatch: pytest.MonkeyPatch, first: int, enough: int
) -> None:
    """In the list itself, by the indexes, and in more of the list where they know too many."""
    monkeypatch.setattr(conversation_search, "FIRST", first)
    monkeypatch.setattr(conversation_search, "ENOUGH", enough)
    everything = await many.walked(ALL, ConversationFilter())
    for text, sight in product(SEARCHES, sights(many)):
        for more in ({}, {"statuses": LIVE}, {"department_id": DepartmentId(many.departments[0])}):
            filter = ConversationFilter(search=text, **more)  # type: ignore[arg-type] # of several types
            expected = [c.id for c in everything if is_in(sight, c) and passes(c, filter)]
            assert [c.id for c in await many.walked(sight, filter)] == expected, (text, sight, more)


@pytest.mark.parametrize(
    ("index", "condition"),
    [
        (
            "conversations_searched_closed",
            """status IN ('RESOLVED', 'ARCHIVED') AND tenant_id = $1
               AND date_bin('3 days', updated_at, '2000-01-01 00:00+00') = '2026-03-03 00:00+00'
               AND hub.search_keys(customer_name, customer_phone) @@ 'bea | #90000 & #07919'::tsquery""",
        ),
        (
            "conversations_searched_live",
            """status IN ('OPEN', 'ASSIGNED') AND tenant_id::text = $1::uuid::text
               AND (translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy')
                 LIKE '%bea%' OR customer_phone LIKE '%900007919%')""",
        ),
    ],
)
async def test_a_rare_name_is_found_by_its_index(many: Many, index: str, condition: str) -> None:
    """As the function asks, by its owner: row-level security would keep such operators from an index."""
    async with many.hub.owner.transaction():
        await many.hub.owner.execute("SET LOCAL ROLE hub_search; SET LOCAL enable_seqscan = off")
        plan = await many.hub.owner.fetch(
            f"EXPLAIN SELECT id FROM pooled.conversations WHERE {condition}", many.tenant_id
        )
    assert any(index in row[0] for row in plan), plan
