"""The list of conversations: one compiled statement per combination of filters.

A list is the merge of ordered index scans: one per status, and for readers who do not see everything one per reason to
see a conversation. Each scan is in the list's order and ends with the page, so that a page costs the same however many
conversations there are. (One condition with OR or with a set of statuses would scan all rows.)

Composed with SQLAlchemy Core, compiled once per shape for asyncpg, run as hub_app: row-level security bounds it to the
tenant whatever is composed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from whatsapp_hub.adapters.postgres.queries.cursors import Newer
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.domain.conversations.conversation import ConversationStatus

OPEN, ASSIGNED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED
_ACCENTS = ("áàâãäåéèêëíìîïóòôõöúùûüçñýÿ", "aaaaaaeeeeiiiiooooouuuucnyy")
_uuid, _text, _int = postgresql.UUID(as_uuid=True), sa.Text(), sa.Integer()
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "tenant_id": _uuid,
    "session_id": _uuid,
    "department_id": _uuid,
    "assigned_user_id": _uuid,
    "id": _uuid,
    "updated_at": sa.DateTime(timezone=True),
}
_table = sa.table(
    "conversations", *(sa.column(name, _TYPES.get(name, _text)) for name in conversations.COLUMNS.split(", "))
)
_c = _table.c


def _bound(name: str, kind: sa.types.TypeEngine[Any] = _text) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "department_id": _c.department_id == _bound("department_id", _uuid),
    "assigned_user_id": _c.assigned_user_id == _bound("assigned_user_id", _uuid),
    "session_id": _c.session_id == _bound("session_id", _uuid),
    "breached": _c.breaches.is_not(None),
    "at": sa.tuple_(_c.updated_at, _c.id) < sa.tuple_(_bound("at", _TYPES["updated_at"]), _bound("before", _uuid)),
}


@dataclass(frozen=True)
class _Reason:
    """Why a reader sees a conversation. `without`: a status that the table's checks rule out for it."""

    condition: sa.ColumnElement[bool]
    without: ConversationStatus | None = None


_own = _Reason(_c.assigned_user_id == _bound("reader", _uuid), without=OPEN)
_departments = _Reason(_c.department_id == _bound("readers_department", _uuid))
_unassigned = _Reason(sa.and_(_c.assigned_user_id.is_(None), _c.department_id.is_(None)), without=ASSIGNED)
_SIGHTS: dict[str, tuple[_Reason, ...]] = {
    "everything": (_Reason(sa.true()),),
    "a person's": (_own, _unassigned),
    "a department's": (_own, _departments, _unassigned),
}


@dataclass(frozen=True)
class _Shape:
    """The parts that a statement's text depends on."""

    sight: str
    statuses: tuple[ConversationStatus, ...]
    conditions: frozenset[str]
    limit: int
    """A literal: for a parameter the planner assumes a tenth of all rows, and would plan each call anew."""
    among: int | None


def _scans(shape: _Shape) -> Iterator[sa.Select[Any]]:
    conditions = [_CONDITIONS[name] for name in sorted(shape.conditions)]
    for reason in _SIGHTS[shape.sight]:
        # with one status the scan may match nothing, but there must be a statement
        for status in shape.statuses:
            if status is not reason.without or len(shape.statuses) == 1:
                # a literal, or the planner does not know how few are live
                is_status = _c.status == sa.literal_column(f"'{status}'", _text)
                yield _newest(
                    _table.select().where(_c.tenant_id == _bound("tenant", _uuid), is_status),
                    _c,
                    shape.among or shape.limit,
                ).where(reason.condition, *conditions)


def _newest(rows: sa.Select[Any], columns: Any, limit: int) -> sa.Select[Any]:
    return rows.order_by(columns.updated_at.desc(), columns.id.desc()).limit(sa.literal_column(str(limit), _int))


def _merged(shape: _Shape) -> sa.Select[Any]:
    scans = list(_scans(shape))
    if len(scans) == 1:
        return scans[0]
    seen = sa.union_all(*(sa.select(scan.subquery()) for scan in scans)).subquery()
    rows = sa.select(seen)
    if shape.sight == "a department's":  # where the scans of own and department often overlap
        rows = rows.distinct(seen.c.updated_at, seen.c.id)
    return _newest(rows, seen.c, shape.among or shape.limit)


def _matching(looked_at: sa.Subquery, limit: int) -> sa.Select[Any]:
    name = sa.func.translate(sa.func.lower(looked_at.c.customer_name), *_ACCENTS)
    matches = sa.or_(name.like(_bound("name")), looked_at.c.customer_phone.like(_bound("number")))
    return _newest(sa.select(looked_at).where(matches), looked_at.c, limit)


@lru_cache(maxsize=512)
def _compiled(shape: _Shape) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Compile the statement of a shape; return its text, the order of its parameters, and its constants."""
    merged = _merged(shape)
    statement = _matching(merged.subquery(), shape.limit) if shape.among else merged
    compiled = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call] # of SQLAlchemy
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), tuple(compiled.positiontup or ()), constants


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


def statement(
    tenant_id: object,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    after: Newer | None = None,
    patterns: NamePatterns | None = None,
) -> tuple[str, list[object]]:
    """Return the SQL of a list and its arguments."""
    bound: dict[str, object] = {
        "department_id": filter.department_id,
        "assigned_user_id": filter.assigned_user_id,
        "session_id": filter.session_id,
        "breached": filter.breached or None,
        "at": after and after.at,
    }
    shape = _Shape(
        _sight(sight),
        tuple(status for status in ConversationStatus if status in filter.statuses or not filter.statuses),
        frozenset(name for name, value in bound.items() if value is not None),
        limit,
        patterns.among if patterns else None,
    )
    sql, order, constants = _compiled(shape)
    bound |= {"tenant": tenant_id, "reader": sight.user_id, "readers_department": sight.department_id}
    bound["before"] = after and after.id
    if patterns:
        bound |= {"name": patterns.name, "number": patterns.number}
    values = constants | bound
    return sql, [values[name] for name in order]
