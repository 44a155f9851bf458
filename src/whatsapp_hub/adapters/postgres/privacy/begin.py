"""The transaction that begins the erasure of a customer: see `Erasures.begin`.

Locks are taken in the order of a worker that receives the customer's messages: the chats' advisory locks
(hub.claim_updates), then the contact. So a message is either processed before, and erased with all the rest, or belongs
to a new contact.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.audit import acting
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.application.ports.operations.privacy import Begun, Erasure
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ContactId, ErasureId
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.numbers.phones import written_forms

_COLUMNS = "id, tenant_id, contact_id, caller, user_id, begun_at, finished_at, counts"
_SELECT = f"SELECT {_COLUMNS} FROM hub.contact_erasures"
_OF = f"{_SELECT} WHERE tenant_id = hub.tenant() AND contact_id = $1"
_NEWEST = f"""
    {_SELECT} WHERE tenant_id = hub.tenant() AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $1"""

# Off the record of changes: an entry would identify the customer.
_SILENT = "SELECT set_config('app.caller', '', true), set_config('lock_timeout', '5s', true)"
CHATS = "SELECT session_id, chat, id FROM conversations WHERE contact_id = $1 ORDER BY session_id, chat, id"
_LOCK_CHATS = """
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(c.session_id::text || c.chat, 3) AS key
      FROM unnest($1::uuid[], $2::text[]) AS c(session_id, chat) ORDER BY 1) AS locks"""
_LOCK = "SELECT is_group FROM contacts WHERE id = $1 FOR UPDATE"
# An identity that another contact has by now was this one's until it was left.
NAMES = """
    SELECT kind, value, address, NULL::timestamptz AS until FROM contact_identities WHERE contact_id = $1
    UNION ALL SELECT kind, value, value, until FROM left_identities WHERE contact_id = $1"""
_ADD = """
    INSERT INTO hub.contact_erasures (id, tenant_id, contact_id, caller, user_id, begun_at, names, untils,
      chat_sessions, chats, conversations)
    VALUES ($1, hub.tenant(), $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
_AUDIT = """
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, after)
    SELECT hub.tenant(), w ->> 'key', (w ->> 'user')::uuid, w ->> 'email', w ->> 'from', w ->> 'doing', 'create',
      'contact_erasure', $2::uuid::text, jsonb_build_object('erasure_id', $3::uuid)
    FROM (SELECT $1::text::jsonb AS w) AS who WHERE w IS NOT NULL"""

_OURS = "SELECT id FROM conversations WHERE contact_id = $1"
# In a chat of several contacts (a reassigned number) only this contact's messages leave the lane.
_LEAVE = f"UPDATE messages SET queue_seq = NULL WHERE queue_seq IS NOT NULL AND conversation_id IN ({_OURS})"
_LOCK_LANES = """
    SELECT FROM hub.lanes WHERE (session_id, chat) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
    ORDER BY session_id, chat FOR NO KEY UPDATE"""
_EMPTY_LANES = """
    UPDATE hub.lanes l SET
      attempt_message = NULL, attempt_at = NULL, lease_until = NULL, awaits = NULL, slot_at = NULL, typing_for = NULL,
      tries = 0, fence = fence + 1, next_at = (SELECT now FROM hub.time),
      queued = (SELECT count(*) FROM messages m WHERE m.session_id = l.session_id AND m.chat = l.chat
                  AND m.queue_seq IS NOT NULL)
    WHERE (session_id, chat) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
      AND NOT EXISTS (SELECT FROM messages m WHERE m.id = l.attempt_message AND m.contact_id <> $3)"""
_UNPROCESSED = """
    WITH gone AS (
      DELETE FROM hub.inbox i USING unnest($1::uuid[], $2::text[]) AS c(session_id, chat)
      WHERE i.tenant_id = hub.tenant() AND i.state = 'pending' AND i.session_id = c.session_id AND i.chat = c.chat
      RETURNING i.source, i.dedupe_key),
    kept AS (
      INSERT INTO hub.erased_updates (source, digest, tenant_id)
      SELECT source, sha256(convert_to(dedupe_key, 'UTF8')), hub.tenant() FROM gone ON CONFLICT DO NOTHING)
    UPDATE hub.contact_erasures SET counts = jsonb_build_object('hub.inbox deleted', (SELECT count(*) FROM gone))
    WHERE id = $3"""
_UNASSIGN = f"""
    UPDATE assignments SET unassigned_at = $2 WHERE unassigned_at IS NULL AND conversation_id IN ({_OURS})"""
_ARCHIVE = """
    UPDATE conversations SET status = 'ARCHIVED', assigned_user_id = NULL, customer_name = NULL, customer_phone = NULL,
      profile_name = NULL, chat = '', labels = '{}', unread_count = 0, bot_part = 'none', silenced = true, asks = false,
      timeout_at = NULL, routed_at = NULL, waiting_since = NULL, target_look_at = NULL, updated_at = $2
    WHERE contact_id = $1"""
_NAMELESS = "UPDATE contacts SET name = NULL, profile_pic = NULL, own = NULL WHERE id = $1"
_IDENTITIES = (
    "DELETE FROM contact_identities WHERE contact_id = $1",
    "DELETE FROM left_identities WHERE contact_id = $1",
    "DELETE FROM hub.contact_exports WHERE contact_id = $1",
    "DELETE FROM hub.scheduled WHERE contact_id = $1",
    "DELETE FROM hub.campaign_recipients WHERE contact_id = $1",
)

Names = dict[str, datetime | None]
"""Names of the contact, each with the time when it was left."""
Chats = tuple[list[Any], list[str]]


def erasure_of(row: Any) -> Erasure:
    """Build an erasure from a row of `hub.contact_erasures`."""
    values = dict(row)
    values["counts"] = json.loads(values["counts"])
    return Erasure(**values)


class PostgresErasures:
    """Implements `Erasures`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def of(self, contact_id: ContactId) -> Erasure | None:
        """Return the contact's erasure, or None."""
        row = await self._connection.fetchrow(_OF, contact_id)
        return erasure_of(row) if row else None

    async def get(self, erasure_id: ErasureId) -> Erasure:
        """Return an erasure. Raises NotFound."""
        row = await self._connection.fetchrow(f"{_SELECT} WHERE id = $1", erasure_id)
        if row is None:
            raise NotFound("erasure", erasure_id)
        return erasure_of(row)

    async def newest(self, limit: int, before: ErasureId | None) -> list[Erasure]:
        """List erasures, the newest first."""
        return [erasure_of(row) for row in await self._connection.fetch(_NEWEST, limit, before)]

    async def require(self, contact_id: ContactId) -> None:
        """Check that the contact exists. Raises NotFound."""
        if await self._connection.fetchrow("SELECT id FROM contacts WHERE id = $1", contact_id) is None:
            raise NotFound("contact", contact_id)

    async def begin(self, erasure: Erasure) -> Begun:
        """Lock all that belongs to the contact, remove it from sight, and write down what the sweep must find."""
        who = acting()
        await self._connection.fetchrow(_SILENT)
        rounds = await self._locked(erasure.contact_id)
        names = names_of(await self._connection.fetch(NAMES, erasure.contact_id))
        chats = chats_of(rounds, names)
        await self._remember(erasure, names, chats, [row["id"] for row in rounds])
        await self._connection.execute(_AUDIT, who, erasure.contact_id, erasure.id)
        await self._take_away(erasure, chats)
        return Begun(erasure, [(row["session_id"], row["id"]) for row in rounds])

    async def _locked(self, contact_id: ContactId) -> list[Any]:
        """Lock the contact and its chats; return its conversations."""
        before = await self._connection.fetch(CHATS, contact_id)
        await self._connection.fetch(_LOCK_CHATS, *chats_of(before, {}))
        if await self._connection.fetchrow(_LOCK, contact_id) is None or await self.of(contact_id) is not None:
            raise NotFound("contact", contact_id)
        rounds: list[Any] = await self._connection.fetch(CHATS, contact_id)
        return rounds

    async def _remember(self, erasure: Erasure, names: Names, chats: Chats, conversations: list[Any]) -> None:
        by = (erasure.id, erasure.contact_id, erasure.caller, erasure.user_id, erasure.begun_at)
        await self._connection.execute(_ADD, *by, list(names), list(names.values()), *chats, conversations)

    async def _take_away(self, erasure: Erasure, chats: Chats) -> None:
        contact_id = erasure.contact_id
        await self._connection.execute(_LEAVE, contact_id)
        await self._connection.fetch(_LOCK_LANES, *chats)
        await self._connection.execute(_EMPTY_LANES, *chats, contact_id)
        await self._connection.execute(_UNPROCESSED, *chats, erasure.id)
        await self._connection.execute(_UNASSIGN, contact_id, erasure.begun_at)
        await self._connection.execute(_ARCHIVE, contact_id, erasure.begun_at)
        await self._connection.execute(_NAMELESS, contact_id)
        for statement in _IDENTITIES:
            await self._connection.execute(statement, contact_id)


def chats_of(rounds: Iterable[Any], names: Names) -> Chats:
    """Return sessions and chats, pairwise, without those of a number that the contact left: another may have it."""
    pairs = dict.fromkeys((row["session_id"], row["chat"]) for row in rounds)
    ours = [(session_id, chat) for session_id, chat in pairs if names.get(user_of(chat)) is None]
    return [session_id for session_id, _ in ours], [chat for _, chat in ours]


def user_of(chat: str) -> str:
    """Return the user part of a JID, or the digits of a number."""
    return chat.partition("@")[0].partition(":")[0].removeprefix("+")


def names_of(rows: Iterable[Any]) -> Names:
    """List the contact's identities in every notation; a current one outweighs the same one left before."""
    found: Names = {}
    for row in sorted(rows, key=lambda row: (row["until"] is None, row["until"])):
        for text in (row["value"], row["address"]):
            written = written_forms(text) if row["kind"] == IdentityKind.PHONE else {text, user_of(text)}
            found |= dict.fromkeys(filter(None, written), row["until"])
    return found
