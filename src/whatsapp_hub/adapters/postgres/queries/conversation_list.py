"""The list of conversations: any combination of filters, one compiled statement each.

Composed with SQLAlchemy Core, compiled once a shape for asyncpg, run as hub_app: row-level security bounds it to the
tenant whatever is composed here.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from whatsapp_hub.adapters.postgres import conversations
from whatsapp_hub.adapters.postgres.queries.cursors import read_newer
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.domain.conversation import LIVE
from whatsapp_hub.domain.texts import fold

INDEXED = 3
"""Trigrams find nothing shorter."""

MOST_FOUND = 2_000
_ACCENTS = ("áàâãäåéèêëíìîïóòôõöúùûüçñýÿ", "aaaaaaeeeeiiiiooooouuuucnyy")
_uuid, _text = postgresql.UUID(as_uuid=True), sa.Text()
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


_name = sa.func.translate(sa.func.lower(_c.customer_name), *_ACCENTS)
_own = _c.assigned_user_id == _given("user", _uuid)
_nobodys = _c.assigned_user_id.is_(None)
_CONDITIONS: dict[str, sa.ColumnElement[bool] | sa.TextClause] = {
    "statuses": _c.status == sa.any_(_given("statuses", postgresql.ARRAY(_text))),
    # in so many words, or the planner does not see that an index of live ones serves
    "live": sa.text("status IN ('OPEN', 'ASSIGNED')"),
    "department_id": _c.department_id == _given("department_id", _uuid),
    "assigned_user_id": _c.assigned_user_id == _given("assigned_user_id", _uuid),
    "session_id": _c.session_id == _given("session_id", _uuid),
    "name": _name.like(_given("name")),
    "found": _c.id == sa.any_(_given("found", postgresql.ARRAY(_uuid))),
    "cursor": sa.tuple_(_c.updated_at, _c.id) < sa.tuple_(_given("at", _TYPES["updated_at"]), _given("before", _uuid)),
}


# What an agent sees, in parts that have no row in common: each is read in order from an index of its own, and a page of
# their union costs what three pages cost. As one OR it would be looked for among all rows.
_nobody_and_nowhere = sa.and_(_nobodys, _c.department_id.is_(None))
_SIGHTS: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
    "sight_own": (_own, _nobody_and_nowhere),
    "sight_department": (
        _own,
        sa.and_(
            _c.department_id == _given("sight_department", _uuid),
            _c.assigned_user_id.is_distinct_from(_given("user", _uuid)),
        ),
        _nobody_and_nowhere,
    ),
}


def _page(shape: frozenset[str], *more: sa.ColumnElement[bool]) -> sa.Select[Any]:
    conditions = (_CONDITIONS[name] for name in sorted(shape & _CONDITIONS.keys()))
    return (
        sa.select(_table)
        .where(_c.tenant_id == _given("tenant", _uuid), *conditions, *more)
        .order_by(_c.updated_at.desc(), _c.id.desc())
        .limit(_given("limit", sa.Integer()))
    )


def _united(shape: frozenset[str], parts: tuple[sa.ColumnElement[bool], ...]) -> sa.Select[Any]:
    seen = sa.union_all(*(sa.select(_page(shape, part).subquery()) for part in parts)).subquery()
    newest = seen.c.updated_at.desc(), seen.c.id.desc()
    return sa.select(seen).order_by(*newest).limit(_given("limit", sa.Integer()))


@lru_cache(maxsize=512)
def _compiled(shape: frozenset[str]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The statement for these conditions, the order of its parameters, and its constants."""
    sight = next((parts for name, parts in _SIGHTS.items() if name in shape), None)
    statement = _united(shape, sight) if sight else _page(shape)
    compiled = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call] # of SQLAlchemy
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), tuple(compiled.positiontup or ()), constants


def _sight(sight: Sight) -> dict[str, object]:
    if sight.everything:
        return {}
    if sight.department_id is None:
        return {"sight_own": True, "user": sight.user_id}
    return {"sight_department": sight.department_id, "user": sight.user_id}


def search_arguments(text: str | None) -> tuple[str, str | None, int] | None:
    """What `search_conversations` is asked: names by their folded text, numbers by their digits. None: too short for
    its index; the list itself then looks through names, the most recently changed first."""
    words = fold(text or "")
    digits = "".join(c for c in words if c.isdigit() and c.isascii())
    if not any(len(word) >= INDEXED for word in words.split()) and len(digits) < INDEXED:
        return None
    return _pattern(words), f"%{digits}%" if len(digits) >= INDEXED else None, MOST_FOUND


def _pattern(words: str) -> str:
    return f"%{'%'.join(words.split())}%"  # letters and digits: nothing to escape


def _search(text: str | None, found: Sequence[object] | None) -> dict[str, object]:
    words = fold(text or "")
    if found is not None:
        return {"found": list(found)}
    return {"name": _pattern(words)} if words else {}


def statement(
    tenant_id: object,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    cursor: str | None,
    found: Sequence[object] | None = None,
) -> tuple[str, list[object]]:
    """SQL and its arguments; `found` are the ids that a search gave. Raises Invalid for a cursor that is not ours."""
    given: dict[str, object] = {**_sight(sight), **_search(filter.search, found)}
    if filter.statuses:
        given["statuses"] = sorted(filter.statuses)
        given |= {"live": True} if filter.statuses <= LIVE else {}
    for name in ("department_id", "assigned_user_id", "session_id"):
        if (value := getattr(filter, name)) is not None:
            given[name] = value
    if cursor is not None:
        last = read_newer(cursor)
        given |= {"cursor": True, "at": last.at, "before": last.id}
    shape = frozenset(given) & (_CONDITIONS.keys() | _SIGHTS.keys())
    sql, order, constants = _compiled(shape)
    values = constants | given | {"tenant": tenant_id, "limit": limit}
    return sql, [values[name] for name in order]
