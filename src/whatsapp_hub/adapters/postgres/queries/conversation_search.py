"""A page of the list of conversations, searched by name or number.

A frequent name is found soonest in the list itself, a rare one by its n-grams (hub.search_keys). So the newest of the
list are scanned first; where they do not fill the page the index is asked; and where the index has too many matches,
more of the list is scanned, which such a name soon fills.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whatsapp_hub.adapters.postgres.queries import conversation_list
from whatsapp_hub.adapters.postgres.queries.conversation_list import NamePatterns
from whatsapp_hub.adapters.postgres.queries.conversation_orders import Place, read_place
from whatsapp_hub.adapters.postgres.queries.cursors import Newer
from whatsapp_hub.adapters.postgres.repositories import conversations
from whatsapp_hub.application.reading.conversation_filter import (
    COUNTED,
    ConversationFilter,
    Counts,
    InboxView,
    Reader,
    viewed,
)
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.conversations.conversation import LIVE
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.numbers.phones import search_parts
from whatsapp_hub.domain.text import fold

INDEXED, NAME_PIECE, NUMBER_PIECE, PIECES = 3, 4, 5, 12
"""Shorter words are in no index; the next two are search_keys' piece sizes; that many pieces are selective enough."""

FIRST, FURTHER = 500, 20_000
"""How many of the list are scanned before the index is asked, and where it has too many matches or no pieces."""

ENOUGH = 5_000
"""More matches than this are too many to sort."""

MOST_COUNTED = 20_000
"""Live conversations beyond so many are not counted."""

_SEARCH = "SELECT complete, ids FROM search_conversations($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
_FOUND = f"""
    SELECT {conversations.COLUMNS} FROM conversations WHERE id = ANY($1) ORDER BY updated_at DESC, id DESC"""


async def listed(
    connection: Any, tenant_id: TenantId, sight: Sight, filter: ConversationFilter, limit: int, cursor: str | None
) -> tuple[Sequence[Any], Any]:
    """Return at most `limit + 1` rows, of which the last shows that there are more; else, where not all could be
    looked at, the row at which the page stopped, or None. Raises Invalid for a foreign cursor."""
    after = read_place(filter.order, cursor)
    words = fold(filter.search or "")
    if words:
        return await _searched(connection, tenant_id, sight, filter, limit + 1, after, words), None
    rows = await _fetched(connection, tenant_id, sight, filter, limit + 1, after)
    if len(rows) > limit or not conversation_list.is_narrowed(filter):
        return rows, None
    sql, arguments = conversation_list.edge(tenant_id, sight, filter, limit + 1, after)
    return rows, await connection.fetchrow(sql, *arguments)


async def counted(connection: Any, tenant_id: TenantId, sight: Sight, reader: Reader) -> Counts:
    """Count each view among the newest live conversations, and the reader's own among theirs."""
    live, found = ConversationFilter(LIVE), {view: viewed(view, reader, ConversationFilter()) for view in COUNTED}
    views = {view.value: part for view, part in found.items() if part is not None}
    own = {name: part for name, part in views.items() if part.assigned_user_id is not None}
    rest = {name: part for name, part in views.items() if name not in own}
    asked = [(live, rest)]
    if own:
        asked.append((replace(live, assigned_user_id=reader.user_id), own))
    counts, is_complete = dict.fromkeys(COUNTED, 0), True
    for scanned, parts in asked:
        sql, arguments = conversation_list.counts(tenant_id, sight, scanned, parts, MOST_COUNTED)
        row = await connection.fetchrow(sql, *arguments)
        is_complete &= row["looked_at"] < MOST_COUNTED
        counts |= {InboxView(name): row[name] for name in parts}
    return Counts(counts, is_complete)


async def _searched(
    connection: Any,
    tenant_id: TenantId,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    after: Place | None,
    words: str,
) -> Sequence[Any]:
    patterns = _patterns(words)
    rows = await _fetched(connection, tenant_id, sight, filter, limit, after, patterns)
    if len(rows) == limit:
        return rows
    keys = _keys(words)
    # breached ones are few, and the index has none of what narrows
    if keys and isinstance(after, Newer | None) and not (filter.breached or conversation_list.is_narrowed(filter)):
        asked = patterns.name, patterns.number, keys, limit, ENOUGH, *_bounds(sight, filter, after)
        complete, ids = await connection.fetchrow(_SEARCH, *asked)
        if complete:
            return await connection.fetch(_FOUND, ids) if ids else ()
    return await _fetched(connection, tenant_id, sight, filter, limit, after, replace(patterns, among=FURTHER))


async def _fetched(
    connection: Any,
    tenant_id: TenantId,
    sight: Sight,
    filter: ConversationFilter,
    limit: int,
    after: Place | None,
    patterns: NamePatterns | None = None,
) -> Sequence[Any]:
    sql, arguments = conversation_list.statement(tenant_id, sight, filter, limit, after, patterns)
    rows: Sequence[Any] = await connection.fetch(sql, *arguments)
    return rows


def _digits(words: str) -> str:
    return "".join(c for c in words if c.isdigit() and c.isascii())


def _patterns(words: str) -> NamePatterns:
    """Build patterns: names by their folded text, numbers by their digits; nothing to escape."""
    number, name = search_parts(_digits(words)), f"%{'%'.join(words.split())}%"
    return NamePatterns(None if _is_a_number(words) else name, f"%{'%'.join(number)}%" if number else None, FIRST)


def _is_a_number(words: str) -> bool:
    """Check for a number in groups of one or two digits, which are in no index."""
    digits = _digits(words)
    return len(digits) >= INDEXED and digits == words.replace(" ", "") and max(map(len, words.split())) < INDEXED


def _keys(words: str) -> str | None:
    """Build the tsquery of the words' index keys; None if the index lacks one. Nothing to escape."""
    number, long = search_parts(_digits(words)), [word for word in words.split() if len(word) >= INDEXED]
    if not long and not _is_a_number(words):
        return None
    name = [f"'{piece}'" for word in long for piece in _pieces(word, NAME_PIECE)]
    parts = [part for part in number if len(part) >= INDEXED]
    numbered = [_prefix(piece) for part in parts for piece in _pieces(part, NUMBER_PIECE)]
    return " | ".join(" & ".join(some[:PIECES]) for some in (name, numbered) if some)


def _pieces(word: str, size: int) -> list[str]:
    """Split a word into the fewest pieces that cover it."""
    return [*(word[place : place + size] for place in range(0, len(word) - size, size)), word[-size:]]


def _prefix(digits: str) -> str:
    """Turn an incomplete piece into a prefix match."""
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
