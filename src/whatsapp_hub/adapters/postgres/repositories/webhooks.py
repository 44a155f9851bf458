"""A tenant's webhook subscriptions and their delivery log."""

import logging
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, SubscriptionHealth
from whatsapp_hub.domain.errors import Conflict, Expired, NotFound
from whatsapp_hub.domain.ids import SessionId, WebhookId
from whatsapp_hub.domain.integrations.delivery import GIVE_UP_AFTER_S, DeliveryState
from whatsapp_hub.domain.integrations.headers import Headers
from whatsapp_hub.domain.integrations.secret_urls import is_shown, shown
from whatsapp_hub.domain.integrations.subscription import Secret, Webhook, WebhookFormat

T = TypeVar("T")

log = logging.getLogger(__name__)

_NAMES = (
    *("id", "tenant_id", "session_id", "of_session", "url", "format", "events"),
    *("is_active", "ended_reason", "created_at", "updated_at", "of_bot", "moves"),
)
# `url` is the address as shown; `sealed_url` the whole one, where a part is hidden.
COLUMNS = ", ".join((*_NAMES, "secrets", "headers", "sealed_url"))
_PLACES = ", ".join(f"${n}" for n in range(1, len(_NAMES) + 4))
_SELECT = f"SELECT {COLUMNS} FROM hub.webhooks"
_HEALTH = """
    failures, nullif(open_until, '-infinity') AS open_until, cursor,
    (SELECT count(*) FROM hub.webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'pending') AS pending"""
_HEAD = "(SELECT coalesce(max(position), 0) FROM hub.events)"
_ADD = f"INSERT INTO hub.webhooks ({COLUMNS}, cursor) VALUES ({_PLACES}, {_HEAD})"
# A subscription switched on again starts at the log's end.
_SAVE = f"""
    UPDATE hub.webhooks w SET ({COLUMNS}) = ROW({_PLACES}),
      cursor = CASE WHEN w.is_active OR NOT $8 THEN w.cursor ELSE greatest(w.cursor, {_HEAD}) END,
      failures = CASE WHEN w.moves = $13 THEN w.failures ELSE 0 END,
      failed_at = CASE WHEN w.moves = $13 THEN w.failed_at END,
      open_until = CASE WHEN w.moves = $13 THEN w.open_until ELSE '-infinity' END,
      due_at = (SELECT now FROM hub.time)
    WHERE id = $1"""
_WHY_OFF = "SELECT coalesce(ended_reason, 'switched off') FROM hub.webhooks WHERE id = $1 AND NOT is_active"
# The worker that holds it does the same on release, for deliveries that failed at the old address meanwhile.
_MOVED = """
    UPDATE hub.webhook_deliveries SET next_at = (SELECT now FROM hub.time)
    WHERE webhook_id = $1 AND state = 'pending' AND next_at > (SELECT now FROM hub.time)
      AND ($3 OR (SELECT moves FROM hub.webhooks WHERE id = $1) <> $2)"""
_REMOVE = "DELETE FROM hub.webhooks WHERE id = $1"

_RECORD = "id, webhook_id, position, type, state, tries, next_at, created_at, finished_at, attempts::text AS attempts"
_DELIVERIES = f"""
    SELECT {_RECORD} FROM hub.webhook_deliveries
    WHERE webhook_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR position < $3)
    ORDER BY position DESC LIMIT $4"""
_TO_REPLAY = """
    SELECT d.state, d.position, w.id AS webhook_id, w.is_active,
      EXISTS (SELECT FROM hub.events e WHERE e.position = d.position) AS is_kept
    FROM hub.webhook_deliveries d JOIN hub.webhooks w ON w.id = d.webhook_id WHERE d.id = $1 FOR UPDATE OF d"""
_AGAIN = """
    state = 'pending', tries = 0, finished_at = NULL, next_at = (SELECT now FROM hub.time),
    expires_at = (SELECT now FROM hub.time) + $2 * interval '1 second'"""
_REPLAY = f"UPDATE hub.webhook_deliveries SET {_AGAIN} WHERE id = $1 RETURNING {_RECORD}"
_WAKE = "UPDATE hub.webhooks SET due_at = least(due_at, greatest((SELECT now FROM hub.time), open_until)) WHERE id = $1"

WANTS = """
    (w.session_id IS NULL OR w.session_id = e.session_id)
    AND (w.events = '{}' OR e.type = ANY (w.events) OR '*' = ANY (w.events)
      OR split_part(e.type, '.', 1) || '.*' = ANY (w.events)
      OR w.format <> 'standard' AND e.type IN ('message.reaction', 'message.edited', 'message.updated')
        AND 'message.received' = ANY (w.events))"""
"""Which events a webhook gets. Gateways' formats tell a reaction, an edit and a vote as messages."""
LANE = "coalesce(e.conversation_id::text, e.session_id::text, '')"
_RANGE = f"""
    WITH found AS (
      SELECT w.id AS webhook_id, e.* FROM hub.webhooks w JOIN hub.events e ON e.tenant_id = w.tenant_id
      WHERE w.id = $1 AND e.position > $3 AND e.position <= $4 AND {WANTS} ORDER BY e.position LIMIT $5),
    again AS (
      INSERT INTO hub.webhook_deliveries (webhook_id, tenant_id, position, type, lane, expires_at)
      SELECT webhook_id, tenant_id, position, type, {LANE}, (SELECT now FROM hub.time) + $2 * interval '1 second'
      FROM found AS e ORDER BY position
      ON CONFLICT (webhook_id, position) DO UPDATE SET {_AGAIN} WHERE webhook_deliveries.state <> 'pending'
      RETURNING position)
    SELECT (SELECT count(*) FROM again) AS replayed, count(*) AS found, max(position) AS upto FROM found"""


def webhook_of(row: Any, box: SecretBox) -> Webhook:
    """Build a webhook from a row (`COLUMNS`), opening its sealed values."""
    values = {name: row[name] for name in _NAMES}
    values["format"], values["events"] = WebhookFormat(values["format"]), tuple(values["events"])
    values["url"] = _address(row, box)
    secrets = _opened(box, row["secrets"], f"webhook:{row['id']}", tuple[Secret, ...])
    return Webhook(**values, secrets=secrets, headers=_opened(box, row["headers"], _of_headers(row["id"]), Headers))


def _address(row: Any, box: SecretBox) -> str:
    """Open the address; with a wrong key return the shown one, which cannot be posted to."""
    url: str = row["url"]
    if not row["sealed_url"]:
        return url
    try:
        whole = box.open(row["sealed_url"], of_url(row["id"])).decode()
    except ValueError:
        log.error("webhook.address_unreadable", extra={"webhook_id": str(row["id"])})
        return url
    return whole if shown(whole) == url else url


def _opened(box: SecretBox, sealed: bytes | None, context: str, kind: type[T]) -> T:
    """Open a sealed value; empty with a wrong key: one webhook's lost secret must not disturb the others."""
    try:
        return msgspec.json.decode(box.open(sealed, context) if sealed else b"[]", type=kind)
    except (ValueError, msgspec.MsgspecError):
        log.error("webhook.secret_unreadable", extra={"context": context})
        return msgspec.json.decode(b"[]", type=kind)


def sealed_url(box: SecretBox, webhook_id: UUID, url: str) -> bytes | None:
    """Seal the address; None where it has nothing to hide."""
    return None if shown(url) == url or is_shown(url) else box.seal(url.encode(), of_url(webhook_id))


def of_url(webhook_id: UUID) -> str:
    """Return the sealing context of a webhook's address."""
    return f"webhook-url:{webhook_id}"


def _of_headers(webhook_id: UUID) -> str:
    return f"webhook-headers:{webhook_id}"


class PostgresWebhooks:
    """Implements `Webhooks`."""

    def __init__(self, connection: Any, box: SecretBox) -> None:
        self._connection = connection
        self._box = box
        self._read: dict[UUID, tuple[Webhook, bytes, bytes | None, bytes | None]] = {}

    async def all(self) -> "list[tuple[Webhook, SubscriptionHealth]]":
        """Read all with the health of their receivers."""
        statement = f"SELECT {COLUMNS}, {_HEALTH} FROM hub.webhooks w ORDER BY created_at, id"
        rows = await self._connection.fetch(statement)
        return [(webhook_of(row, self._box), _health(row)) for row in rows]

    async def get(self, webhook_id: WebhookId) -> Webhook:
        """Read one; its address is decrypted. Raises NotFound."""
        return self._found(await self._row("id", webhook_id), webhook_id)

    async def of_session(self, session_id: SessionId) -> Webhook | None:
        """Read the session's own, or None."""
        row = await self._row("of_session AND session_id", session_id)
        return self._found(row, row["id"]) if row else None

    async def _row(self, key: str, value: UUID) -> Any:
        return await self._connection.fetchrow(f"{_SELECT} WHERE {key} = $1 FOR NO KEY UPDATE", value)

    def _found(self, row: Any, webhook_id: WebhookId) -> Webhook:
        if row is None:
            raise NotFound("webhook", webhook_id)
        webhook = webhook_of(row, self._box)
        self._read[webhook_id] = (replace(webhook), row["secrets"], row["headers"], row["sealed_url"])
        return webhook

    async def health(self, webhook_id: WebhookId) -> SubscriptionHealth:
        """Count what waits and fails. Raises NotFound."""
        row = await self._connection.fetchrow(f"SELECT {_HEALTH} FROM hub.webhooks w WHERE id = $1", webhook_id)
        if row is None:
            raise NotFound("webhook", webhook_id)
        return _health(row)

    async def why_off(self, webhook_id: WebhookId) -> str | None:
        """Read the reason with which it was switched off; None: it works."""
        reason: str | None = await self._connection.fetchval(_WHY_OFF, webhook_id)
        return reason

    async def add(self, webhook: Webhook) -> None:
        """Insert it. Raises NotFound for an unknown session."""
        try:
            await self._connection.execute(_ADD, *self._values(webhook))
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("session", webhook.session_id) from error

    async def save(self, webhook: Webhook, *, at_once: bool = False) -> None:
        """Update it; deliveries that wait become due where the address changed, or where `at_once` asks for it."""
        await self._connection.execute(_MOVED, webhook.id, webhook.moves, at_once)
        await self._connection.execute(_SAVE, *self._values(webhook))

    def _values(self, webhook: Webhook) -> list[object]:
        """Return the row's values; unchanged sealed ones stay byte for byte, or the audit trail would show a change."""
        was, secrets, headers, url = self._read.get(webhook.id, (None, b"", None, None))
        if was is None or was.secrets != webhook.secrets:
            secrets = self._box.seal(msgspec.json.encode(webhook.secrets), f"webhook:{webhook.id}")
        if was is None or was.headers != webhook.headers:
            plain = msgspec.json.encode(webhook.headers) if webhook.headers else None
            headers = self._box.seal(plain, _of_headers(webhook.id)) if plain else None
        if was is None or was.url != webhook.url:
            url = sealed_url(self._box, webhook.id, webhook.url)
        values = {name: getattr(webhook, name) for name in _NAMES} | {"url": webhook.shown_url}
        return [*values.values(), secrets, headers, url]

    async def remove(self, webhook_id: WebhookId) -> None:
        """Delete it with its deliveries."""
        await self._connection.execute(_REMOVE, webhook_id)

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, limit: int, before: int | None
    ) -> list[DeliveryRecord]:
        """Read deliveries before an id, the newest first."""
        rows = await self._connection.fetch(_DELIVERIES, webhook_id, state, before, limit)
        return [_record(row) for row in rows]

    async def replay(self, delivery_id: int) -> DeliveryRecord:
        """Make one delivery due again. Raises NotFound, Conflict where the subscription is off."""
        is_one = 0 <= delivery_id < 2**63  # beyond a bigint, or no delivery's id
        found = await self._connection.fetchrow(_TO_REPLAY, delivery_id) if is_one else None
        if found is None:
            raise NotFound("delivery", delivery_id)
        if not found["is_active"]:
            raise Conflict("webhook_off", "the webhook is switched off")
        if found["state"] == DeliveryState.PENDING:
            raise Conflict("delivery_pending", "the delivery is still to be made")
        if not found["is_kept"]:
            raise Expired(found["position"], found["position"] + 1)
        row = await self._connection.fetchrow(_REPLAY, delivery_id, GIVE_UP_AFTER_S)
        await self._connection.execute(_WAKE, found["webhook_id"])
        return _record(row)

    async def replay_range(self, webhook_id: WebhookId, after: int, upto: int, limit: int) -> tuple[int, int]:
        """Deliver the events at positions in (after, upto] again, `limit` at a time; return how many, and the position
        up to which that went."""
        row = await self._connection.fetchrow(_RANGE, webhook_id, GIVE_UP_AFTER_S, after, upto, limit)
        await self._connection.execute(_WAKE, webhook_id)
        return row["replayed"], row["upto"] if row["found"] == limit else upto


def _health(row: Any) -> SubscriptionHealth:
    return SubscriptionHealth(row["failures"], row["open_until"], row["cursor"], row["pending"])


def _record(row: Any) -> DeliveryRecord:
    values = {**dict(row), "state": DeliveryState(row["state"]), "attempts": row["attempts"].encode()}
    return DeliveryRecord(**values)
