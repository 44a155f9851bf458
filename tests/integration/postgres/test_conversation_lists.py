"""Pages of the list of conversations among many: right, whole, and of a cost that does not grow (as hub_app)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.queries import PostgresQueries, conversation_list, conversation_search
from whatsapp_hub.adapters.postgres.queries.conversation_orders import NEVER
from whatsapp_hub.application.reading.conversation_filter import (
    COUNTED,
    ConversationFilter,
    InboxView,
    Order,
    Reader,
    Window,
    viewed,
)
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import LIVE, Conversation, ConversationStatus, Priority
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import DepartmentId, SessionId, TenantId, UserId
from whatsapp_hub.domain.text import fold

ALL = Sight(everything=True)
COUNT, PAGE = 4_000, 50
SOON = timedelta(hours=2)
RESOLVED = frozenset({ConversationStatus.RESOLVED})

# Some are nobody's, some a department's, some a person's; few are live; every fortieth is Bea.
_ROWS = f"""
    INSERT INTO pooled.conversations (id, tenant_id, session_id, contact_id, chat, customer_phone, customer_name,
      status, flow_state, department_id, assigned_user_id, created_at, updated_at, unread_count, labels, priority,
      waiting_since, routed_at, bot_part, snoozed_until, window_closes_at, first_response_due_at, resolution_due_at)
    SELECT gen_random_uuid(), $1, ($2::uuid[])[1 + n / 5 % 2], gen_random_uuid(), n::text,
      '5511' || (900000000 + n * 7919),
      CASE WHEN n % 40 = 7 THEN 'Béa ' ELSE 'Ana ' END || n, s.status, 'RESOLVED',
      CASE WHEN n % 3 > 0 OR s.status = 'ASSIGNED' THEN ($3::uuid[])[1 + n / 7 % 3] END,
      CASE WHEN n % 3 = 1 AND s.status <> 'OPEN' OR s.status = 'ASSIGNED' THEN ($4::uuid[])[1 + n / 11 % 3] END,
      now() - n * interval '1 minute', now() - (n * 7919 % {COUNT} / 2) * interval '11 minutes',
      (n % 13 = 1)::int, CASE WHEN n % 17 < 3 THEN '{{vip,late}}'::text[] ELSE '{{}}' END, n * 31 % 5 % 4 - 1,
      CASE WHEN n % 19 < 8 THEN now() - n * 37 % 500 * interval '1 minute' END,
      CASE WHEN n % 2 = 0 THEN now() - n * 53 % 500 * interval '1 minute' END,
      CASE WHEN n % 11 < 3 THEN 'talking' ELSE 'none' END,
      CASE n % 14 WHEN 0 THEN now() + interval '1 day' WHEN 1 THEN now() - interval '1 day' END,
      CASE WHEN n % 3 < 2 THEN now() + (n * 29 % 48 - 24) * interval '1 hour' + interval '30 minutes' END,
      CASE WHEN n % 7 < 3 THEN now() + n * 41 % 700 * interval '1 minute' END,
      CASE WHEN n % 5 < 2 THEN now() + n * 43 % 700 * interval '1 minute' END
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


NARROWED: tuple[dict[str, object], ...] = (
    {"unread": True},
    {"label": "vip"},
    {"label": "vip", "unread": True, "statuses": LIVE},
    {"priority": Priority.URGENT},
    {"unassigned": True, "statuses": LIVE},
    {"waiting": True},
    {"bot": True},
    {"bot": False, "snoozed": False, "statuses": LIVE},
    {"snoozed": True},
    {"window": Window.OPEN, "statuses": LIVE},
    {"window": Window.CLOSING},
    {"window": Window.CLOSED},
)


def is_narrow(conversation: Conversation, filter: ConversationFilter, now: datetime) -> bool:
    c = conversation
    closes = c.window_closes_at or datetime.max.replace(tzinfo=UTC)
    window = Window.CLOSED if closes <= now else Window.CLOSING if closes <= now + SOON else Window.OPEN
    return all(
        (
            not filter.unread or c.unread_count > 0,
            filter.label is None or filter.label in c.labels,
            filter.priority in (None, c.priority),
            not filter.unassigned or c.assigned_user_id is None,
            not filter.waiting or c.waiting_since is not None,
            filter.bot in (None, c.bot_part is BotPart.TALKING),
            filter.snoozed in (None, c.snoozed_until is not None and c.snoozed_until > now),
            filter.window in (None, window),
        )
    )


async def test_what_no_index_has_is_found_wherever_it_stands(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that looks at a few only is short, or empty, and says where to go on."""
    monkeypatch.setattr(conversation_list, "LOOKED_AT", 700)
    everything, now = await many.walked(ALL, ConversationFilter()), datetime.now(UTC)
    for sight, more in product(sights(many)[::2], NARROWED):
        filter = ConversationFilter(**more)  # type: ignore[arg-type] # of several types
        expected = [c.id for c in everything if is_in(sight, c) and passes(c, filter) and is_narrow(c, filter, now)]
        assert expected, more
        assert [c.id for c in await many.walked(sight, filter)] == expected, (sight, more)


def _waits(c: Conversation) -> datetime:
    return c.waiting_since or (NEVER if c.assigned_user_id else c.routed_at or c.created_at)


def _due(c: Conversation) -> datetime:
    return min((at for at in (c.targets.first_response.due_at, c.targets.resolution.due_at) if at), default=NEVER)


async def test_each_order_is_whole_and_right(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_list, "LOOKED_AT", 60)
    live = await many.walked(ALL, ConversationFilter(LIVE))
    sorted_by = {
        Order.WAITING: sorted(live, key=lambda c: (_waits(c), c.id)),
        Order.DUE: sorted(live, key=lambda c: (_due(c), c.id)),
        Order.PRIORITY: sorted(live, key=lambda c: (c.priority, c.updated_at, c.id), reverse=True),
    }
    department = DepartmentId(many.departments[0])
    for (order, expected), sight, more in product(
        sorted_by.items(), sights(many), ({}, {"department_id": department}, {"search": "ana 1"}, {"unread": True})
    ):
        filter = ConversationFilter(order=order, **more)  # type: ignore[arg-type] # of several types
        found = [c.id for c in await many.walked(sight, filter, 30)]
        now = datetime.now(UTC)
        wanted = [c.id for c in expected if is_in(sight, c) and passes(c, filter) and is_narrow(c, filter, now)]
        assert wanted, (order, more)
        assert found == wanted, (order, sight, more)


async def test_no_order_reads_more_than_its_page_or_sorts(many: Many) -> None:
    for order in set(Order) - {Order.NEWEST}:
        for node in await many.plans(ALL, ConversationFilter(order=order)):
            assert node["Node Type"] not in ("Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan"), (order, node)
            if node["Node Type"] == "Index Scan":
                assert node["Actual Rows"] <= 2 * (PAGE + 1), (order, node)


async def test_a_cursor_of_another_order_is_refused(many: Many) -> None:
    waiting = await many.queries.conversations(many.tenant_id, ALL, ConversationFilter(order=Order.WAITING), 5, None)
    for order in (Order.DUE, Order.NEWEST):
        with pytest.raises(Invalid):
            await many.queries.conversations(
                many.tenant_id, ALL, ConversationFilter(order=order), 5, waiting.next_cursor
            )


async def test_counts_are_what_the_views_list_for_each_reader(many: Many) -> None:
    """Of an agent's, what the agent may see; and what is shown of a view is what is counted of it."""
    user, department = UserId(many.users[0]), DepartmentId(many.departments[0])
    for sight in sights(many):
        for reader in (Reader(user, department), Reader(user, None), Reader(None, None)):
            counts = await many.queries.conversation_counts(many.tenant_id, sight, reader)
            assert counts.is_complete
            for view in COUNTED:
                filter = viewed(view, reader, ConversationFilter())
                listed = await many.walked(sight, filter) if filter else []
                assert counts.views[view] == len(listed), (view, sight, reader)


async def test_counting_stops_at_a_bound_and_says_so(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_search, "MOST_COUNTED", 20)
    counts = await many.queries.conversation_counts(many.tenant_id, ALL, Reader(None, None))
    assert (counts.views[InboxView.ALL], counts.is_complete) == (20, False)
