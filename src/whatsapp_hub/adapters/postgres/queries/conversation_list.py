"""The list of conversations: any combination of filters, one compiled statement each.

A list is the merge of ordered index scans: one a status, and for those who do not see everything one a reason to see a
conversation. Each scan is in the list's order and ends with the page, so that a page costs the same however many
conversations there are. (As one condition with OR or with a set of statuses it would be looked for among all rows.)

Composed with SQLAlchemy Core, compiled once a shape for asyncpg, run as hub_app: row-level security bounds it to the
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


def _given(name: str, kind: sa.types.TypeEngine[Any] = _text) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "department_id": _c.department_id == _given("department_id", _uuid),
    "assigned_user_id": _c.assigned_user_id == _given("assigned_user_id", _uuid),
    "session_id": _c.session_id == _given("session_id", _uuid),
    "breached": _c.breaches.is_not(None),
    "at": sa.tuple_(_c.updated_at, _c.id) < sa.tuple_(_given("at", _TYPES["updated_at"]), _given("before", _uuid)),
}


@dataclass(frozen=True)
class _Reason:
    """Why a reader sees a conversation, and in which statuses there can be such ones (the table's own checks)."""

    condition: sa.ColumnElement[bool]
    without: ConversationStatus | None = None


_own = _Reason(_c.assigned_user_id == _given("reader", _uuid), without=OPEN)
_departments = _Reason(_c.department_id == _given("readers_department", _uuid))
_nobodys = _Reason(sa.and_(_c.assigned_user_id.is_(None), _c.department_id.is_(None)), without=ASSIGNED)
_SIGHTS: dict[str, tuple[_Reason, ...]] = {
    "everything": (_Reason(sa.true()),),
    "a person's": (_own, _nobodys),
    "a department's": (_own, _departments, _nobodys),
}


@dataclass(frozen=True)
class _Shape:
    """What a statement's text depends on."""

    sight: str
    statuses: tuple[ConversationStatus, ...]
    conditions: frozenset[str]
    limit: int
    """In so many words: of a parameter the planner supposes a tenth of all rows, and would plan each call anew."""
    among: int | None


def _scans(shape: _Shape) -> Iterator[sa.Select[Any]]:
    conditions = [_CONDITIONS[name] for name in sorted(shape.conditions)]
    for reason in _SIGHTS[shape.sight]:
        # of one status nothing may be left to read, but a statement there must be
        for status in shape.statuses:
            if status is not reason.without or len(shape.statuses) == 1:
                # the status in so many words, or the planner does not know how few are live
                is_status = _c.status == sa.literal_column(f"'{status}'", _text)
                yield _newest(
                    _table.select().where(_c.tenant_id == _given("tenant", _uuid), is_status),
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
    if shape.sight == "a department's":  # where one's own and one's department's are often the same
        rows = rows.distinct(seen.c.updated_at, seen.c.id)
    return _newest(rows, seen.c, shape.among or shape.limit)


def _matching(looked_at: sa.Subquery, limit: int) -> sa.Select[Any]:
    name = sa.func.translate(sa.func.lower(looked_at.c.customer_name), *_ACCENTS)
    matches = sa.or_(name.like(_given("name")), looked_at.c.customer_phone.like(_given("number")))
    return _newest(sa.select(looked_at).where(matches), looked_at.c, limit)


@lru_cache(maxsize=512)
def _compiled(shape: _Shape) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The statement of this shape, the order of its parameters, and its constants."""
    merged = _merged(shape)
    statement = _matching(merged.subquery(), shape.limit) if shape.among else merged
    compiled = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call] # of SQLAlchemy
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), tuple(compiled.positiontup or ()), constants


@dataclass(frozen=True)
class Looked:
    """Names and numbers like these, among the first `among` of the list."""

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
    looked: Looked | None = None,
) -> tuple[str, list[object]]:
    """SQL and its arguments."""
    given: dict[str, object] = {
        "department_id": filter.department_id,
        "assigned_user_id": filter.assigned_user_id,
        "session_id": filter.session_id,
        "breached": filter.breached or None,
        "at": after and after.at,
    }
    shape = _Shape(
        _sight(sight),
        tuple(status for status in ConversationStatus if status in filter.statuses or not filter.statuses),
        frozenset(name for name, value in given.items() if value is not None),
        limit,
        looked.among if looked else None,
    )
    sql, order, constants = _compiled(shape)
    given |= {"tenant": tenant_id, "reader": sight.user_id, "readers_department": sight.department_id}
    given["before"] = after and after.id
    if looked:
        given |= {"name": looked.name, "number": looked.number}
    values = constants | given
    return sql, [values[name] for name in order]
