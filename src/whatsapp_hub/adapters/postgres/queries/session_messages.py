"""The SessionMessages port: messages of one session, with their contacts."""

from whatsapp_hub.adapters.postgres.engine.pages import is_cut
from whatsapp_hub.adapters.postgres.queries.cursors import Older, encode_cursor, read_older
from whatsapp_hub.adapters.postgres.repositories import contacts, messages
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.application.reading.sessions import MessageWith
from whatsapp_hub.domain.ids import SessionId, TenantId

_MESSAGES = messages.within_a_page(
    f"{messages.SELECT} WHERE session_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3", "seq DESC"
)
_CONTACTS = f"SELECT {contacts.COLUMNS} FROM contacts WHERE id = ANY($1::uuid[])"


class PostgresSessionMessages:
    """Implements `SessionMessages`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def __call__(
        self, tenant_id: TenantId, session_id: SessionId, limit: int, cursor: str | None
    ) -> Page[MessageWith]:
        before = read_older(cursor).seq if cursor is not None else 2**63 - 1
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(_MESSAGES, session_id, before, limit + 1)
            ids = list({row["contact_id"] for row in rows[:limit]})
            known = await contacts.contacts_of(connection, await connection.fetch(_CONTACTS, ids))
        items = [MessageWith(messages.message_of(row), known[row["contact_id"]]) for row in rows[:limit]]
        last = rows[: len(items)][-1:]
        return Page(items, encode_cursor(Older(last[0]["seq"])) if is_cut(rows, limit) else None)
