"""A page of the list of conversations, and who is found in it by name or number.

A frequent name is found soonest in the list itself, a rare one by its pieces (hub.search_keys). So the newest of the
list are looked through first; where they do not fill the page the index is asked; and where the index knows too many,
more of the list is looked through, which such a name soon fills.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whatsapp_hub.adapters.postgres.queries import conversation_list
from whatsapp_hub.adapters.postgres.queries.conversation_list import Looked
from whatsapp_hub.adapters.postgres.queries.cursors import Newer, read_newer
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.numbers.phones import search_parts
from whatsapp_hub.domain.text import fold

INDEXED, NAME_PIECE, NUMBER_PIECE, PIECES = 3, 4, 5, 12
"""What is shorter than the first no index has; see search_keys for the next two. So many pieces say enough."""

FIRST, FURTHER = 500, 20_000
"""How many of the list are looked through before the index is asked, and where it knows too many or has no pieces."""

ENOUGH = 5_000
"""More matches than this are too many to be put in order."""

_SEARCH = "SELECT complete, ids FROM search_conversations($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
_FOUND = f"""
    SELECT {conversations.COLUMNS} FROM conversations WHERE id = ANY($1) ORDER BY updated_at DESC, id DESC"""


async def listed(
    connection: Any, tenant_id: TenantId, sight: Sight, filter: ConversationFilter, limit: int, cursor: str | None
) -> Sequence[Any]:
    """Rows, at most `limit`. Raises Invalid for a cursor that is not ours."""
    after = read_newer(cursor) if cursor is not None else None
    words = fold(filter.search or "")
    if not words:
        return await _fetched(connection, tenant_id, sight, filter, limit, after)
    looked = _looked(words)
    rows = await _fetched(connection, tenant_id, sight, filter, limit, after, looked)
    if len(rows) == limit:
        return rows
    keys = _keys(words)
    if keys and not filter.breached:  # of which there are few
        asked = looked.name, looked.number, keys, limit, ENOUGH, *_bounds(sight, filter, after)
        complete, ids = await connection.fetchrow(_SEARCH, *asked)
        if complete:
            return await connection.fetch(_FOUND, ids) if ids else ()
    return await _fetched(connection, tenant_id, sight, filter, limit, after, replace(looked, among=FURTHER))


async def _fetched(
    connection: Any,
    tenant_id: TenantId,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    after: Newer | None,
    looked: Looked | None = None,
) -> Sequence[Any]:
    sql, arguments = conversation_list.statement(tenant_id, sight, filter, limit, after, looked)
    rows: Sequence[Any] = await connection.fetch(sql, *arguments)
    return rows


def _digits(words: str) -> str:
    return "".join(c for c in words if c.isdigit() and c.isascii())


def _looked(words: str) -> Looked:
    """Names by their folded text, numbers by their digits: letters and digits, nothing to escape."""
    number, name = search_parts(_digits(words)), f"%{'%'.join(words.split())}%"
    return Looked(None if _is_a_number(words) else name, f"%{'%'.join(number)}%" if number else None, FIRST)


def _is_a_number(words: str) -> bool:
    """Written in groups of one or two digits, which no index has."""
    digits = _digits(words)
    return len(digits) >= INDEXED and digits == words.replace(" ", "") and max(map(len, words.split())) < INDEXED


def _keys(words: str) -> str | None:
    """The tsquery of what the index has of them; None if it lacks some of it. Letters and digits: nothing to escape."""
    number, long = search_parts(_digits(words)), [word for word in words.split() if len(word) >= INDEXED]
    if not long and not _is_a_number(words):
        return None
    name = [f"'{piece}'" for word in long for piece in _pieces(word, NAME_PIECE)]
    parts = [part for part in number if len(part) >= INDEXED]
    numbered = [_begun(piece) for part in parts for piece in _pieces(part, NUMBER_PIECE)]
    return " | ".join(" & ".join(some[:PIECES]) for some in (name, numbered) if some)


def _pieces(word: str, size: int) -> list[str]:
    """No more than cover it."""
    return [*(word[place : place + size] for place in range(0, len(word) - size, size)), word[-size:]]


def _begun(digits: str) -> str:
    """A piece that is not whole is the beginning of one."""
    return f"'#{digits}'" if len(digits) == NUMBER_PIECE else f"'#{digits}':*"


def _bounds(sight: Sight, filter: ConversationFilter, after: Newer | None) -> tuple[object, ...]:
    return (
        sorted(filter.statuses) or None,
        filter.department_id,
        filter.assigned_user_id,
        filter.session_id,
        sight.everything,
        sight.user_id,
        sight.department_id,
        after and after.at,
        after and after.id,
    )
