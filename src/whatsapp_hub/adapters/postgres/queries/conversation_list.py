"""The list of conversations: one compiled statement per combination of filters.

A list is the merge of ordered index scans: one per status, and for readers who do not see everything one per reason to
see a conversation. Each scan is in the list's order and ends with the page, so that a page costs the same however many
conversations there are. (One condition with OR or with a set of statuses would scan all rows.)

What no index has (a label, unread, who waits …) is looked for among the first LOOKED_AT of the list: a page that holds
fewer than were asked for then says where to go on. In the other orders, which have indexes over live conversations
alone, that is so of every condition.

Composed with SQLAlchemy Core, compiled once per shape for asyncpg, run as hub_app: row-level security bounds it to the
tenant whatever is composed here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from whatsapp_hub.adapters.postgres.queries.conversation_orders import Place, keys_of, values_of
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.application.reading.conversation_filter import ConversationFilter, Order
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.conversations.conversation import LIVE, ConversationStatus

OPEN, ASSIGNED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED
_ACCENTS = ("áàâãäåéèêëíìîïóòôõöúùûüçñýÿ", "aaaaaaeeeeiiiiooooouuuucnyy")
_uuid, _text, _int = postgresql.UUID(as_uuid=True), sa.Text(), sa.Integer()
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "tenant_id": _uuid,
    "session_id": _uuid,
    "department_id": _uuid,
    "assigned_user_id": _uuid,
    "id": _uuid,
    **dict.fromkeys(("updated_at", "waiting_since", "snoozed_until", "window_closes_at"), sa.DateTime(timezone=True)),
    "unread_count": _int,
    "priority": sa.SmallInteger(),
    "labels": postgresql.ARRAY(_text),
}
_table = sa.table(
    "conversations", *(sa.column(name, _TYPES.get(name, _text)) for name in conversations.COLUMNS.split(", "))
)
_c = _table.c


def _bound(name: str, kind: sa.types.TypeEngine[Any] = _text) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


_PLACE = {
    "priority": _bound("rank", sa.SmallInteger()),
    "updated_at": _bound("at", _TYPES["updated_at"]),
    "sort_at": _bound("at", _TYPES["updated_at"]),
    "id": _bound("before", _uuid),
}


LOOKED_AT = 10_000
"""How many conversations a page with conditions that no index has looks at, at most."""

_NOW = sa.literal_column("(SELECT now FROM hub.time)", _TYPES["updated_at"])
_SOON = sa.literal_column("(SELECT now FROM hub.time) + interval '2 hours'", _TYPES["updated_at"])
_Columns = Any
_INDEXED: dict[str, Callable[[_Columns], sa.ColumnElement[bool]]] = {
    "department_id": lambda c: c.department_id == _bound("department_id", _uuid),
    "assigned_user_id": lambda c: c.assigned_user_id == _bound("assigned_user_id", _uuid),
    "session_id": lambda c: c.session_id == _bound("session_id", _uuid),
    "breached": lambda c: c.breaches.is_not(None),
}
_NARROWING: dict[str, Callable[[_Columns], sa.ColumnElement[bool]]] = {
    "unassigned": lambda c: c.assigned_user_id.is_(None),
    "unread": lambda c: c.unread_count > 0,
    "waiting": lambda c: c.waiting_since.is_not(None),
    "label": lambda c: _bound("label") == sa.any_(c.labels),
    "priority": lambda c: c.priority == _bound("priority", sa.SmallInteger()),
    "bot": lambda c: c.bot_part == "talking",
    "no bot": lambda c: c.bot_part != "talking",
    "snoozed": lambda c: sa.and_(c.snoozed_until.is_not(None), c.snoozed_until > _NOW),
    "awake": lambda c: sa.or_(c.snoozed_until.is_(None), c.snoozed_until <= _NOW),
    "open": lambda c: sa.or_(c.window_closes_at.is_(None), c.window_closes_at > _SOON),
    "closing": lambda c: sa.and_(c.window_closes_at > _NOW, c.window_closes_at <= _SOON),
    "closed": lambda c: c.window_closes_at <= _NOW,
}


@dataclass(frozen=True)
class _Reason:
    """Why a reader sees a conversation. `without`: a status that the table's checks rule out for it."""

    condition: Callable[[_Columns], sa.ColumnElement[bool]]
    without: ConversationStatus | None = None


_own = _Reason(lambda c: c.assigned_user_id == _bound("reader", _uuid), without=OPEN)
_departments = _Reason(lambda c: c.department_id == _bound("readers_department", _uuid))
_unassigned = _Reason(lambda c: sa.and_(c.assigned_user_id.is_(None), c.department_id.is_(None)), without=ASSIGNED)
_everything = _Reason(lambda c: sa.true())
_SIGHTS: dict[str, tuple[_Reason, ...]] = {
    "everything": (_everything,),
    "a person's": (_own, _unassigned),
    "a department's": (_own, _departments, _unassigned),
}


@dataclass(frozen=True)
class _Compiled:
    """A statement's text, the order of its parameters, its constants."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, object]

    def asked(self, values: Mapping[str, object]) -> tuple[str, list[object]]:
        """Return the text and its arguments in order."""
        known = {**self.constants, **values}
        return self.sql, [known[name] for name in self.names]


@dataclass(frozen=True)
class _Shape:
    """The parts that a statement's text depends on."""

    sight: str
    statuses: tuple[ConversationStatus, ...]
    order: Order
    conditions: frozenset[str]
    narrowing: frozenset[str]
    is_after: bool
    limit: int
    """A literal: for a parameter the planner assumes a tenth of all rows, and would plan each call anew."""
    among: int | None
    names: bool = False

    @property
    def looked_at(self) -> int:
        """How many rows are read in order."""
        return self.among or self.limit


def _scans(shape: _Shape) -> Iterator[sa.Select[Any]]:
    for reason in _SIGHTS[shape.sight] if shape.order is Order.NEWEST else (_everything,):
        # with one status the scan may match nothing, but there must be a statement
        for status in shape.statuses:
            if status is not reason.without or len(shape.statuses) == 1:
                yield _scan(shape, reason, status)


def _scan(shape: _Shape, reason: _Reason, status: ConversationStatus) -> sa.Select[Any]:
    keys = keys_of(shape.order)
    rows = sa.select(*_c, *(key.label(name) for name, key in keys.computed.items()))
    # a literal, or the planner does not know how few are live
    is_status = _c.status == sa.literal_column(f"'{status}'", _text)
    rows = rows.where(_c.tenant_id == _bound("tenant", _uuid), is_status, reason.condition(_c))
    if shape.order is Order.NEWEST:
        rows = rows.where(*(_INDEXED[name](_c) for name in sorted(shape.conditions)))
    by = keys.of_table(_c)
    if shape.is_after:
        here, place = sa.tuple_(*by), sa.tuple_(*(_PLACE[name] for name in keys.columns))
        rows = rows.where(here > place if keys.is_rising else here < place)
    ordered = rows.order_by(*(key if keys.is_rising else key.desc() for key in by))
    return _first(ordered, shape.looked_at)


def _first(rows: sa.Select[Any], count: int) -> sa.Select[Any]:
    return rows.limit(sa.literal_column(str(count), _int))


def _merged(shape: _Shape) -> sa.Select[Any]:
    scans = list(_scans(shape))
    if len(scans) == 1:
        return scans[0]
    seen = sa.union_all(*(sa.select(scan.subquery()) for scan in scans)).subquery()
    rows = sa.select(seen)
    if len(scans) > 1 and shape.order is Order.NEWEST and shape.sight == "a department's":
        rows = rows.distinct(seen.c.updated_at, seen.c.id)  # where the scans of own and department often overlap
    return _first(keys_of(shape.order).sorted(rows, seen.c), shape.looked_at)


def _matching(looked_at: sa.Subquery, shape: _Shape) -> sa.Select[Any]:
    columns = looked_at.c
    rows = sa.select(*(columns[c.name] for c in _c)).where(
        *(_NARROWING[name](columns) for name in sorted(shape.narrowing))
    )
    if shape.order is not Order.NEWEST:
        rows = rows.where(*(_INDEXED[name](columns) for name in sorted(shape.conditions)))
        rows = rows.where(sa.or_(*(reason.condition(columns) for reason in _SIGHTS[shape.sight])))
    if shape.names:
        name = sa.func.translate(sa.func.lower(columns.customer_name), *_ACCENTS)
        rows = rows.where(sa.or_(name.like(_bound("name")), columns.customer_phone.like(_bound("number"))))
    return _first(keys_of(shape.order).sorted(rows, columns), shape.limit)


@lru_cache(maxsize=512)
def _compiled(shape: _Shape) -> _Compiled:
    """Compile the statement of a shape."""
    merged = _merged(shape)
    return _text_of(_matching(merged.subquery(), shape) if shape.among else merged)


@lru_cache(maxsize=512)
def _compiled_edge(shape: _Shape) -> _Compiled:
    """Compile what finds the last of those that a page looked at."""
    merged = _merged(shape).subquery()
    rows = keys_of(shape.order).sorted(sa.select(*(merged.c[c.name] for c in _c)), merged.c)
    return _text_of(_first(rows, 1).offset(sa.literal_column(str(shape.looked_at - 1), _int)))


@lru_cache(maxsize=64)
def _compiled_counts(
    shape: _Shape, counted: tuple[tuple[str, tuple[ConversationStatus, ...], frozenset[str]], ...]
) -> _Compiled:
    """Compile counts among the first of a list, each by its statuses and conditions."""
    columns = _merged(shape).subquery().c
    known = _INDEXED | _NARROWING
    counts = [
        sa.func.count()
        .filter(
            columns.status.in_([sa.literal_column(f"'{s}'", _text) for s in statuses]),
            *(known[one](columns) for one in sorted(conditions)),
        )
        .label(name)
        for name, statuses, conditions in counted
    ]
    return _text_of(sa.select(sa.func.count().label("looked_at"), *counts))


def _text_of(statement: sa.Select[Any]) -> _Compiled:
    compiled = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call] # of SQLAlchemy
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return _Compiled(str(compiled), tuple(compiled.positiontup or ()), constants)


@dataclass(frozen=True)
class NamePatterns:
    """LIKE patterns of names and numbers, matched among the first `among` of the list."""

    name: str | None
    number: str | None
    among: int


def _sight(sight: Sight) -> str:
    if sight.everything:
        return "everything"
    return "a person's" if sight.department_id is None else "a department's"


def is_narrowed(filter: ConversationFilter) -> bool:
    """Whether a page has conditions that no index has."""
    return bool(_narrowing(filter)) or filter.order is not Order.NEWEST


def statement(
    tenant_id: object,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    after: Place | None = None,
    patterns: NamePatterns | None = None,
) -> tuple[str, list[object]]:
    """Return the SQL of a list and its arguments."""
    shape = _shape(sight, filter, limit, after, patterns)
    return _compiled(shape).asked(_values(tenant_id, sight, filter, after, patterns))


def edge(
    tenant_id: object, sight: Sight, filter: ConversationFilter, limit: int, after: Place | None
) -> tuple[str, list[object]]:
    """Return the SQL of the last conversation that a page looked at, if it looked at as many as it may."""
    shape = _shape(sight, filter, limit, after, None)
    return _compiled_edge(shape).asked(_values(tenant_id, sight, filter, after, None))


def counts(
    tenant_id: object, sight: Sight, filter: ConversationFilter, parts: Mapping[str, ConversationFilter], most: int
) -> tuple[str, list[object]]:
    """Return the SQL that counts, among the first `most` of a list, those that pass each part (`looked_at`: all)."""
    shape = _shape(sight, filter, most, None, None)
    counted = tuple((name, _statuses(part), _indexed(part) | _narrowing(part)) for name, part in parts.items())
    values = _values(tenant_id, sight, filter, None, None)
    for part in parts.values():
        values |= {name: value for name, value in _of_filter(part).items() if value is not None}
    return _compiled_counts(shape, counted).asked(values)


def _shape(
    sight: Sight, filter: ConversationFilter, limit: int, after: Place | None, patterns: NamePatterns | None
) -> _Shape:
    among = patterns.among if patterns else LOOKED_AT if is_narrowed(filter) else None
    parts = (filter.order, _indexed(filter), _narrowing(filter), after is not None)
    return _Shape(_sight(sight), _statuses(filter), *parts, limit, among, patterns is not None)


def _statuses(filter: ConversationFilter) -> tuple[ConversationStatus, ...]:
    everything = LIVE if filter.order is not Order.NEWEST else frozenset(ConversationStatus)
    wanted = filter.statuses or everything
    if filter.unassigned:  # which the table's checks rule out for one that is ASSIGNED
        wanted = wanted - {ASSIGNED} or wanted
    return tuple(status for status in ConversationStatus if status in wanted)


def _indexed(filter: ConversationFilter) -> frozenset[str]:
    return frozenset(name for name, value in _of_filter(filter).items() if value is not None and name in _INDEXED)


def _narrowing(filter: ConversationFilter) -> frozenset[str]:
    names = {name for name in ("unassigned", "unread", "waiting") if getattr(filter, name)}
    names |= {name for name in ("label", "priority") if getattr(filter, name) is not None}
    if filter.bot is not None:
        names.add("bot" if filter.bot else "no bot")
    if filter.snoozed is not None:
        names.add("snoozed" if filter.snoozed else "awake")
    return frozenset(names | {filter.window.value} if filter.window else names)


def _of_filter(filter: ConversationFilter) -> dict[str, object]:
    return {
        "department_id": filter.department_id,
        "assigned_user_id": filter.assigned_user_id,
        "session_id": filter.session_id,
        "breached": filter.breached or None,
        "label": filter.label,
        "priority": filter.priority,
    }


def _values(
    tenant_id: object,
    sight: Sight,
    filter: ConversationFilter,
    after: Place | None,
    patterns: NamePatterns | None,
) -> dict[str, object]:
    values = _of_filter(filter) | dict(values_of(after))
    values |= {"tenant": tenant_id, "reader": sight.user_id, "readers_department": sight.department_id}
    return values | ({"name": patterns.name, "number": patterns.number} if patterns else {})
