"""Bring recipients up to date with their messages. Three statements: what became of the message, whether the customer
answered, what was charged.

A message that retention deleted leaves its recipient as it was."""

from collections.abc import Iterator

from whatsapp_hub.domain.campaigns.campaign import Campaign

_STATES = """
    UPDATE hub.campaign_recipients r SET state = x.state, reason = x.code
    FROM (
      SELECT o.contact_id, CASE WHEN m.status <> 'PENDING' THEN m.status WHEN m.outcome = 'unknown' THEN 'UNKNOWN'
          ELSE 'QUEUED' END AS state,
        CASE WHEN m.status = 'FAILED' THEN
          CASE WHEN m.error LIKE '{%' THEN m.error::jsonb ->> 'code' ELSE split_part(m.error, ':', 1) END END AS code
      FROM hub.campaign_recipients o JOIN messages m ON m.id = o.message_id
      WHERE o.campaign_id = $1 AND o.state IN ('QUEUED', 'UNKNOWN', 'SENT', 'DELIVERED')) AS x
    WHERE r.campaign_id = $1 AND r.contact_id = x.contact_id AND r.state <> x.state"""
# Rounds that nothing was written in since are passed over.
_ANSWERS = """
    UPDATE hub.campaign_recipients r SET answered_at = x.at
    FROM (
      SELECT o.contact_id, min(m.created_at) AS at
      FROM hub.campaign_recipients o
      JOIN conversations c ON c.session_id = $2 AND c.contact_id = o.contact_id AND c.last_message_at >= o.queued_at
      JOIN messages m ON m.conversation_id = c.id AND m.direction = 'INBOUND' AND m.target IS NULL
        AND m.created_at > o.queued_at
      WHERE o.campaign_id = $1 AND o.answered_at IS NULL AND o.state IN ('SENT', 'DELIVERED', 'READ')
      GROUP BY o.contact_id) AS x
    WHERE r.campaign_id = $1 AND r.contact_id = x.contact_id AND r.answered_at IS NULL"""
# The id of a charge is made of the message's (`queues/receipts.py`).
_CHARGES = """
    UPDATE hub.campaign_recipients r SET is_billable = x.is_billable
    FROM (
      SELECT o.contact_id, h.is_billable
      FROM hub.campaign_recipients o JOIN messages m ON m.id = o.message_id
      JOIN hub.charges h ON h.id = encode(substring(
        sha256(convert_to(m.session_id::text || '/' || m.whatsapp_message_id, 'UTF8')) FOR 16), 'hex')::uuid
      WHERE o.campaign_id = $1 AND o.is_billable IS NULL AND o.state IN ('DELIVERED', 'READ')) AS x
    WHERE r.campaign_id = $1 AND r.contact_id = x.contact_id"""


def statements(campaign: Campaign) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield statements with their arguments, in their order."""
    yield _STATES, (campaign.id,)
    yield _ANSWERS, (campaign.id, campaign.session_id)
    yield _CHARGES, (campaign.id,)
