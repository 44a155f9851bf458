"""Receipts that arrive before the provider's response to their send, and how messages were charged."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.repositories.message_failures import failure_in, stored_failure
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.queues.inbox import Charge, ProviderKey
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.message import MessageStatus

_LOCK = """
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(session_id::text || name, 2) AS key
      FROM unnest($1::uuid[], $2::text[]) AS k(session_id, name) ORDER BY 1) AS keys"""
_KEEP = """
    INSERT INTO hub.early_receipts (session_id, tenant_id, provider_message_id, status, at, error)
    SELECT session_id, $1, name, status, at, error
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
      AS r(session_id, name, status, at, error) ON CONFLICT DO NOTHING"""
_TAKE = """
    DELETE FROM hub.early_receipts
    WHERE (session_id, provider_message_id) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
    RETURNING session_id, provider_message_id, status, at, error"""

_CHARGE = """
    INSERT INTO hub.charges (id, tenant_id, session_id, at, category, kind, is_billable, country)
    SELECT id, $1, session_id, at, category, kind, is_billable, country
    FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::bool[], $8::text[])
      AS r(id, session_id, at, category, kind, is_billable, country) ON CONFLICT DO NOTHING"""


class PostgresEarlyReceipts:
    """Implements `EarlyReceipts`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def lock(self, keys: Iterable[ProviderKey]) -> None:
        """Take the advisory locks of these messages in sorted order."""
        if wanted := list(keys):
            await self._connection.execute(_LOCK, *zip(*wanted, strict=True))

    async def keep(self, receipts: Sequence[tuple[SessionId, ReceiptSeen]]) -> None:
        """Store receipts of messages that no row names yet."""
        if receipts:
            rows = (
                (session_id, r.provider_message_id, r.status, r.at, stored_failure(r.error))
                for session_id, r in receipts
            )
            await self._connection.execute(_KEEP, self._tenant_id, *zip(*rows, strict=True))

    async def take(self, keys: Iterable[ProviderKey]) -> list[tuple[SessionId, ReceiptSeen]]:
        """Delete and return the receipts of these messages, the oldest first."""
        wanted = list(keys)
        if not wanted:
            return []
        rows = await self._connection.fetch(_TAKE, *zip(*wanted, strict=True))
        return [(row["session_id"], _receipt_of(row)) for row in sorted(rows, key=lambda row: row["at"])]


class PostgresCharges:
    """Implements `Charges`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, charges: Iterable[Charge]) -> None:
        """Insert them by id, so that two transactions with the same ones wait for each other in one order."""
        rows = sorted({_unnamed(c): c for c in reversed(list(charges))}.items())
        columns = [(id, c.session_id, c.at, c.category, c.kind, c.is_billable, c.country) for id, c in rows]
        await self._connection.execute(_CHARGE, self._tenant_id, *zip(*columns, strict=True))


def _unnamed(charge: Charge) -> UUID:
    """Make the message's id anew: the provider's contains the customer's number."""
    said = f"{charge.session_id}/{charge.provider_message_id}"
    return UUID(bytes=hashlib.sha256(said.encode()).digest()[:16])


def _receipt_of(row: Any) -> ReceiptSeen:
    return ReceiptSeen(row["provider_message_id"], MessageStatus(row["status"]), row["at"], failure_in(row["error"]))
