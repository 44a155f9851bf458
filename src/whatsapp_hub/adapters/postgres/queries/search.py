"""Full-text search of messages: Portuguese stems, no accents, in a function that row-level security does not slow."""

import re

from whatsapp_hub.adapters.postgres.engine.pages import is_cut
from whatsapp_hub.adapters.postgres.queries import glances
from whatsapp_hub.adapters.postgres.queries.cursors import Older, encode_cursor, read_older
from whatsapp_hub.adapters.postgres.repositories import messages
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import Page, Sight
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ConversationId, TenantId
from whatsapp_hub.domain.messaging.message import Message

# What an index is asked for: T where the words do not say (`-boleto`: all messages but some)
_ASKED = "SELECT querytree(websearch_to_tsquery('hub.portuguese', $1))"
# The rows are read as hub_app: whatever the function found, none is another tenant's.
_FOUND = messages.within_a_page(
    f"""{messages.SELECT}
    WHERE id = ANY(ARRAY(
      SELECT id FROM search_messages(websearch_to_tsquery('hub.portuguese', $1), $2, $3, $4, $5, $6, $7)))""",
    "seq DESC",
)


NEGATIONS = 20
"""PostgreSQL's parser stacks 32 operators without an operand, and fails at the next."""


_SEVERAL = re.compile(r"(?<!\S)-(?:\s*-)+")
"""Dashes before a word: each negates the one after it."""


def _bounded(query: str) -> str:
    """Let dashes before a word cancel each other, and replace those beyond the first few by spaces: each may be a NOT
    operator."""
    pieces = _SEVERAL.sub(lambda found: "-" * (found[0].count("-") % 2), query).split("-")
    return " ".join(["-".join(pieces[: NEGATIONS + 1]), *pieces[NEGATIONS + 1 :]])


class PostgresMessageSearch:
    """Implements `MessageSearch`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def messages(
        self,
        tenant_id: TenantId,
        sight: Sight,
        query: str,
        conversation_id: ConversationId | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Message]:
        """Search by the index of stems; what the reader may not see is left out inside the function. Raises Invalid:
        the words only say what is left out, so that every message would be read."""
        before = read_older(cursor).seq if cursor is not None else 2**62
        seen = (sight.everything, sight.user_id, sight.department_id)
        async with self._storage.reading(tenant_id) as connection:
            if await connection.fetchval(_ASKED, _bounded(query)) == "T":
                raise Invalid.field("query", "must have a word to look for, beside those to leave out")
            rows = await connection.fetch(_FOUND, _bounded(query), conversation_id, before, limit + 1, *seen)
            page = [messages.message_of(row) for row in rows[:limit]]
            await glances.quote(connection, page)
        last = rows[: len(page)][-1:]
        return Page(page, encode_cursor(Older(last[0]["seq"])) if is_cut(rows, limit) else None)
