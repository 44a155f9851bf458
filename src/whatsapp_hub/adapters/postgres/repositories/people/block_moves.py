"""What providers are still to be told of blocks, when contacts are merged or split."""

from datetime import datetime

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.domain.messaging.contact import Contact

# What waits for either is done for the one that stays, after a call under way for either; its claim is void.
_MERGE = """
    WITH gone AS (DELETE FROM hub.provider_blocks WHERE contact_id = $2 RETURNING *)
    INSERT INTO hub.provider_blocks AS p
      (tenant_id, session_id, contact_id, blocked, asked_at, next_at, leased_until, claims)
    SELECT tenant_id, session_id, $1::uuid, $3::boolean, $4::timestamptz,
      greatest((SELECT now FROM hub.time), leased_until), leased_until, claims + 1
    FROM gone
    ON CONFLICT (session_id, contact_id) DO UPDATE SET
      blocked = excluded.blocked, asked_at = excluded.asked_at, tries = 0, error = NULL,
      next_at = greatest(excluded.next_at, p.leased_until),
      leased_until = greatest(excluded.leased_until, p.leased_until),
      claims = greatest(excluded.claims, p.claims + 1)"""
# Without regard to what its provider can: one that cannot block does nothing.
_ASK = """
    INSERT INTO hub.provider_blocks AS p (tenant_id, session_id, contact_id, blocked, asked_at, next_at)
    SELECT hub.tenant(), s.id, $1::uuid, $2::boolean, $3::timestamptz, (SELECT now FROM hub.time) FROM hub.sessions s
    WHERE s.tenant_id = hub.tenant() AND EXISTS (
        SELECT FROM conversations c WHERE c.session_id = s.id AND c.contact_id = $1)
      AND ($4::uuid IS NULL OR EXISTS (
        SELECT FROM hub.provider_blocks b WHERE b.session_id = s.id AND b.contact_id = $4))
    ON CONFLICT (session_id, contact_id) DO UPDATE SET
      blocked = excluded.blocked, asked_at = excluded.asked_at, next_at = greatest(excluded.next_at, p.leased_until),
      tries = 0, error = NULL"""


async def merge_blocks(
    connection: Statements, kept: Contact, other: Contact, at: datetime, *, was_blocked: bool
) -> None:
    """Have what was asked for either done for the one that stays, which took over all that was the other's; where one
    of them was blocked (`was_blocked`: it) and the other not, block the person on every session."""
    blocked = kept.card.blocked_at is not None
    await connection.execute(_MERGE, kept.id, other.id, blocked, at)
    if was_blocked != (other.card.blocked_at is not None):
        await connection.execute(_ASK, kept.id, blocked, at, None)


async def part_blocks(connection: Statements, contact: Contact, other: Contact, at: datetime) -> None:
    """Have a new contact, which is not blocked, unblocked where the one whose identities it took is blocked, or waits
    to be unblocked."""
    waits_for = None if contact.card.blocked_at else contact.id
    await connection.execute(_ASK, other.id, False, at, waits_for)
