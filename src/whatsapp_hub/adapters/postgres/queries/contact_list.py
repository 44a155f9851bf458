"""The list of contacts, by the index on (tenant, id): ids are ordered by time."""

from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.queries.cursors import Id, encode_cursor, read_id
from whatsapp_hub.adapters.postgres.repositories import contacts, conversations
from whatsapp_hub.adapters.postgres.repositories.people.cards import FOLDED, LABELS, label_pattern
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.contacts import ContactFilter
from whatsapp_hub.application.reading.queries import Page, Sight
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.numbers.phones import search_parts
from whatsapp_hub.domain.text import fold

LOOKED_AT = 10_000
"""How many contacts a page looks at, at most: no index has parts of names or labels. See docs/decisions/0033."""
_PAGE = ending_early(
    f"""
    SELECT {contacts.COLUMNS} FROM (
      SELECT * FROM contacts WHERE tenant_id = hub.tenant() AND id < $1 ORDER BY id DESC LIMIT {LOOKED_AT}) c
    WHERE ($2::text IS NULL AND $3::text IS NULL OR {FOLDED.format("c.name")} LIKE $2
        OR {FOLDED.format("c.own ->> 'name'")} LIKE $2 OR lower(c.own ->> 'username') LIKE $2
        OR c.own IS NOT NULL AND EXISTS (SELECT FROM {LABELS} WHERE {FOLDED.format("l.label")} LIKE $2)
        OR EXISTS (
        SELECT FROM contact_identities i WHERE i.contact_id = c.id AND (i.value LIKE $3 OR i.address LIKE $3)))
      AND ($5::text IS NULL OR EXISTS (SELECT FROM {LABELS} WHERE {FOLDED.format("l.label")} LIKE $5))
      AND ($6::bool IS NULL OR (c.own ->> 'blocked_at' IS NOT NULL) = $6)
      AND ($7::bool IS NULL OR c.is_group = $7)
      AND ($8::bool IS NULL OR (c.own -> 'opted_out' IS NOT NULL) = $8)
    ORDER BY c.id DESC LIMIT $4""",
    "id DESC",
)
_EDGE = f"""
    SELECT id FROM contacts WHERE tenant_id = hub.tenant() AND id < $1 ORDER BY id DESC
    LIMIT 1 OFFSET {LOOKED_AT - 1}"""
_CARDS = f"""
    SELECT id, own -> 'fields' AS fields FROM contacts
    WHERE tenant_id = hub.tenant() AND own IS NOT NULL AND id < $1 ORDER BY id DESC LIMIT {LOOKED_AT}"""
_FIELD_NAMES = f"""
    SELECT (array_agg(c.id ORDER BY c.id))[1] AS last, count(DISTINCT c.id) AS looked_at,
      array_agg(DISTINCT f.name) FILTER (WHERE f.name IS NOT NULL) AS names
    FROM ({_CARDS}) c LEFT JOIN LATERAL jsonb_object_keys(c.fields) AS f (name) ON true"""
MOST_NAMES = 200
_ONE = f"SELECT {contacts.COLUMNS} FROM contacts WHERE id = $1"
# Along the index `rounds`, once for each number of the company. Who sees what: `application/reading/visibility.py`.
_ROUNDS = ending_early(
    f"""
    SELECT {conversations.COLUMNS} FROM conversations
    WHERE session_id = ANY (ARRAY(SELECT id FROM hub.sessions WHERE tenant_id = hub.tenant())) AND contact_id = $1
      AND id < $2
      AND ($3 OR assigned_user_id = $4 OR department_id = $5
        OR (assigned_user_id IS NULL AND department_id IS NULL))
    ORDER BY id DESC LIMIT $6""",
    "id DESC",
)
_FIRST = UUID(int=2**128 - 1)


class PostgresContactBook:
    """Implements `ContactBook`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def page(self, tenant_id: TenantId, wanted: ContactFilter, limit: int, cursor: str | None) -> Page[Contact]:
        """Read a page by descending id, with identities, which ends early where cards are long; where LOOKED_AT have
        not filled it, it says where to go on."""
        before = read_id(cursor).id if cursor is not None else _FIRST
        async with self._storage.reading(tenant_id) as connection:
            more = label_pattern(wanted.label), wanted.is_blocked, wanted.is_group, wanted.is_opted_out
            rows = await connection.fetch(_PAGE, before, *_patterns(wanted.search), limit + 1, *more)
            shown, goes_on = cut(rows, limit)
            items = list((await contacts.contacts_of(connection, shown)).values())
            last = items[-1].id if goes_on else await connection.fetchval(_EDGE, before)
        return Page(items, encode_cursor(Id(last)) if last else None)

    async def field_names(self, tenant_id: TenantId) -> list[str]:
        """List the names of all fields, some contacts at a time."""
        names: set[str] = set()
        before, looked_at = _FIRST, LOOKED_AT
        while looked_at == LOOKED_AT:
            async with self._storage.reading(tenant_id) as connection:
                before, looked_at, found = await connection.fetchrow(_FIELD_NAMES, before)
            names.update(found or ())
        return sorted(names)[:MOST_NAMES]

    async def one(self, tenant_id: TenantId, contact_id: ContactId) -> Contact:
        """Read one contact with identities."""
        async with self._storage.reading(tenant_id) as connection:
            row = await connection.fetchrow(_ONE, contact_id)
            if row is None:
                raise NotFound("contact", contact_id)
            return (await contacts.contacts_of(connection, [row]))[contact_id]

    async def rounds(
        self, tenant_id: TenantId, sight: Sight, contact_id: ContactId, limit: int, cursor: str | None
    ) -> Page[Conversation]:
        """Read a page by descending id."""
        before = read_id(cursor).id if cursor is not None else _FIRST
        seen = (sight.everything, sight.user_id, sight.department_id)
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(_ROUNDS, contact_id, before, *seen, limit + 1)
        shown, goes_on = cut(rows, limit)
        items = [conversations.conversation_of(row) for row in shown]
        return Page(items, encode_cursor(Id(items[-1].id)) if goes_on else None)


def _patterns(search: str) -> tuple[str | None, str | None]:
    """Build the LIKE patterns for names and for numbers; letters and digits only, nothing to escape. A search without
    either finds nothing."""
    words = fold(search)
    if not words:
        return ("", None) if search.strip() else (None, None)
    digits = "".join(c for c in words if c.isdigit() and c.isascii())
    number = search_parts(digits)
    return f"%{'%'.join(words.split())}%", f"%{'%'.join(number)}%" if number else None
