"""Read all stored data of one customer, page by page: see `PersonalData`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from whatsapp_hub.adapters.postgres.media.files import COLUMNS, media_of
from whatsapp_hub.adapters.postgres.privacy.begin import CHATS, NAMES, Names, chats_of, names_of
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.operations.privacy import Part
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.media import Media

AT_ONCE = 500
_FIRST = -(2**62)

# Each page: $1 the contact, $2 its conversations, $3 the place to continue after, $4 the limit; `place` is the next
# page's $3, `line` the exported row (null where it is not about the contact).
_PAGES = {
    "conversations": """
        SELECT n AS place, to_jsonb(c) - 'tenant_id' AS line FROM unnest($2::uuid[]) WITH ORDINALITY AS r(id, n)
        JOIN conversations c ON c.id = r.id WHERE n > $3 AND $1::uuid IS NOT NULL ORDER BY n LIMIT $4""",
    "messages": """
        SELECT seq AS place, to_jsonb(m) - 'tenant_id' AS line FROM messages m
        WHERE conversation_id = ANY ($2::uuid[]) AND seq > $3 AND $1::uuid IS NOT NULL ORDER BY seq LIMIT $4""",
    "notes": """
        SELECT n AS place, line FROM (
          SELECT row_number() OVER (ORDER BY id) AS n, to_jsonb(t) - 'tenant_id' AS line FROM notes t
          WHERE conversation_id = ANY ($2::uuid[])) AS t
        WHERE n > $3 AND $1::uuid IS NOT NULL ORDER BY n LIMIT $4""",
    "assignments": """
        SELECT id AS place, to_jsonb(t) - 'tenant_id' AS line FROM assignments t
        WHERE conversation_id = ANY ($2::uuid[]) AND id > $3 AND $1::uuid IS NOT NULL ORDER BY id LIMIT $4""",
    "campaigns": """
        SELECT n AS place, line FROM (
          SELECT row_number() OVER (ORDER BY c.id) AS n,
            to_jsonb(r) - 'tenant_id' || jsonb_build_object('campaign', c.name) AS line
          FROM hub.campaign_recipients r JOIN hub.campaigns c ON c.id = r.campaign_id
          WHERE r.tenant_id = hub.tenant() AND r.contact_id = $1 AND $2::uuid[] IS NOT NULL) AS t
        WHERE n > $3 ORDER BY n LIMIT $4""",
    "events": """
        SELECT position AS place, CASE WHEN type <> 'event.erased' AND (
            conversation_id = ANY ($2::uuid[]) OR position(convert_to($1::uuid::text, 'UTF8') IN body) > 0)
          THEN jsonb_build_object('position', position, 'type', type, 'occurred_at', occurred_at,
            'data', convert_from(body, 'UTF8')::jsonb) END AS line
        FROM hub.events WHERE tenant_id = hub.tenant() AND position > $3 ORDER BY position LIMIT $4""",
    "changes": """
        SELECT id AS place, CASE WHEN entity_id = ANY ($2::uuid[]::text[] || $1::uuid::text)
            OR before ->> 'conversation_id' = ANY ($2::uuid[]::text[])
            OR after ->> 'conversation_id' = ANY ($2::uuid[]::text[])
          THEN to_jsonb(a) - 'tenant_id' END AS line
        FROM hub.audit a WHERE tenant_id = hub.tenant() AND id > $3 ORDER BY id LIMIT $4""",
    "deliveries": """
        SELECT id AS place, to_jsonb(d) - 'tenant_id' AS line FROM hub.webhook_deliveries d
        WHERE tenant_id = hub.tenant() AND lane = ANY ($2::uuid[]::text[]) AND id > $3 AND $1::uuid IS NOT NULL
        ORDER BY id LIMIT $4""",
}
_ABOUT = "SELECT to_jsonb(c) - 'tenant_id' FROM contacts c WHERE id = $1"
_IN_GROUPS = """
    SELECT m.seq AS place, to_jsonb(m) - 'tenant_id' AS line
    FROM contacts k JOIN conversations c ON c.contact_id = k.id JOIN messages m ON m.conversation_id = c.id
    WHERE k.is_group AND k.tenant_id = hub.tenant() AND m.seq > $2
      AND regexp_replace(m.author, '^[+]|[:@].*$', '', 'g') = ANY ($1::text[])
    ORDER BY m.seq LIMIT $3"""
_SCREENS = """
    SELECT id AS place, to_jsonb(s) - 'tenant_id' AS line FROM hub.sandbox_screens s
    WHERE tenant_id = hub.tenant() AND phone = ANY ($1::text[]) AND id > $2 ORDER BY id LIMIT $3"""
_SOURCES = "SELECT id::text AS source FROM hub.sessions WHERE tenant_id = hub.tenant() ORDER BY 1"
_UPDATES = """
    SELECT dedupe_key, received_at, state, CASE WHEN is_theirs THEN body END AS body FROM (
      SELECT *, (session_id, chat) IN (SELECT * FROM unnest($3::uuid[], $4::text[])) OR EXISTS (
          SELECT FROM unnest($5::text[], $6::timestamptz[]) AS n (name, until)
          WHERE (n.until IS NULL OR received_at <= n.until) AND (
            regexp_replace(chat, '^[+]|[:@].*$', '', 'g') = n.name
            OR length(n.name) > 6 AND position(convert_to(n.name, 'UTF8') IN body) > 0)) AS is_theirs
      FROM hub.inbox WHERE source = $1 AND dedupe_key > $2 ORDER BY dedupe_key LIMIT $7) AS page
    ORDER BY dedupe_key"""
_FILES = f"""
    SELECT {COLUMNS} FROM media WHERE id > $2 AND id IN (
      SELECT media_id FROM messages WHERE conversation_id = ANY ($1::uuid[]) AND media_id IS NOT NULL)
    ORDER BY id LIMIT $3"""


@dataclass(frozen=True, slots=True)
class _Person:
    tenant_id: TenantId
    id: ContactId
    rounds: list[Any]
    names: Names
    sessions: list[Any]
    chats: list[str]


class PostgresPersonalData:
    """Implements `PersonalData`."""

    def __init__(self, storage: PostgresStorage, read_file: ReadFile) -> None:
        self._storage = storage
        self._read_file = read_file

    async def of(self, tenant_id: TenantId, contact_id: ContactId) -> AsyncIterator[Part]:
        """Yield one part a table, in short transactions; a part's rows come page by page."""
        async with self._storage.connection(tenant_id) as connection:
            about = await connection.fetchval(_ABOUT, contact_id)
            rounds = await connection.fetch(CHATS, contact_id)
            seen = await connection.fetch(NAMES, contact_id)
            sources = [row["source"] for row in await connection.fetch(_SOURCES)]
        names = names_of(seen)
        person = _Person(tenant_id, contact_id, [row["id"] for row in rounds], names, *chats_of(rounds, names))
        identities = b",\n".join(msgspec.json.encode(dict(row)) for row in seen)
        yield Part(
            "contact.json", _once(b'{"contact":%b,\n"identities":[%b]}\n' % ((about or "null").encode(), identities))
        )
        for name, page in _PAGES.items():
            yield Part(f"{name}.jsonl", self._lines(tenant_id, page, person.id, person.rounds))
        for name, page in (("messages-in-groups", _IN_GROUPS), ("sandbox", _SCREENS)):
            yield Part(f"{name}.jsonl", self._lines(tenant_id, page, list(names)))
        yield Part("updates.jsonl", self._updates(person, sources))
        async for file in self._files(person):
            yield Part(f"media/{file.id}-{file.file_name}", self._read_file(file))

    async def _lines(self, tenant_id: TenantId, page: str, *filters: object) -> AsyncIterator[bytes]:
        place = _FIRST
        while True:
            async with self._storage.connection(tenant_id) as connection:
                rows = await connection.fetch(page, *filters, place, AT_ONCE)
            if lines := [row["line"] for row in rows if row["line"] is not None]:
                yield "".join(f"{line}\n" for line in lines).encode()
            if len(rows) < AT_ONCE:
                return
            place = rows[-1]["place"]

    async def _updates(self, person: _Person, sources: list[str]) -> AsyncIterator[bytes]:
        theirs = (person.sessions, person.chats, list(person.names), list(person.names.values()))
        for source in sources:
            key = ""
            while True:
                async with self._storage.connection(person.tenant_id) as connection:
                    rows = await connection.fetch(_UPDATES, source, key, *theirs, AT_ONCE)
                if found := [row for row in rows if row["body"] is not None]:
                    yield b"".join(_update(source, row) for row in found)
                if len(rows) < AT_ONCE:
                    break
                key = rows[-1]["dedupe_key"]

    async def _files(self, person: _Person) -> AsyncIterator[Media]:
        after: Any = "00000000-0000-0000-0000-000000000000"
        while True:
            async with self._storage.connection(person.tenant_id) as connection:
                rows = await connection.fetch(_FILES, person.rounds, after, AT_ONCE)
            for row in rows:
                yield media_of(row)
            if len(rows) < AT_ONCE:
                return
            after = rows[-1]["id"]


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _update(source: str, row: Any) -> bytes:
    """Encode an update's body as text where it is UTF-8, else as base64."""
    try:
        body: object = row["body"].decode()
    except UnicodeDecodeError:
        body = row["body"]
    shown = {"session_id": source, "received_at": row["received_at"], "state": row["state"], "body": body}
    return msgspec.json.encode(shown) + b"\n"
