"""Rows of `hub.campaigns` and `hub.campaign_recipients`."""

from typing import Any

import msgspec

from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause, Wording
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState

_NAMES = (
    *("id", "tenant_id", "session_id", "name", "status", "created_at", "created_by", "daily_limit"),
    *("starts_at", "started_at", "ended_at", "pause", "pause_detail", "enlisted_to", "wording", "audience"),
)
COLUMNS = ", ".join(_NAMES)
INSERT = f"""
    INSERT INTO hub.campaigns ({COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::jsonb, $16::text::jsonb)"""
# What is fixed when it is made stays.
UPDATE = """
    UPDATE hub.campaigns SET (status, started_at, ended_at, pause, pause_detail, enlisted_to)
      = ($2, $3, $4, $5, $6, $7), count_at = coalesce($8, count_at) WHERE id = $1"""
RECIPIENT = "campaign_id, contact_id, state, reason, detail, message_id, queued_at, answered_at, is_billable"


class _Audience(msgspec.Struct, omit_defaults=True):
    """A list stands in the recipients: here is only how long it was."""

    named: int = 0
    labels: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    everybody: bool = False


class _Counts(msgspec.Struct):
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    answered: int = 0
    billable: int = 0
    free: int = 0


_wording = msgspec.json.Decoder(Wording).decode
_audience = msgspec.json.Decoder(_Audience).decode
_counts = msgspec.json.Decoder(_Counts).decode


def values_of(campaign: Campaign) -> list[object]:
    """Return the values of a new row, in the order of `COLUMNS`."""
    whom = campaign.audience
    audience = _Audience(whom.size, whom.labels, dict(whom.fields), whom.everybody)
    encoded = (msgspec.json.encode(one).decode() for one in (campaign.wording, audience))
    return [*(getattr(campaign, name) for name in _NAMES[:-2]), *encoded]


def changes_of(campaign: Campaign) -> list[object]:
    """Return the values of `UPDATE`, but the last."""
    c = campaign
    return [c.id, c.status, c.started_at, c.ended_at, c.pause, c.pause_detail, c.enlisted_to]


def campaign_of(row: Any) -> Campaign:
    """Build a campaign; an audience that was a list has its length alone."""
    values = {name: row[name] for name in _NAMES}
    values["status"] = CampaignStatus(values["status"])
    values["pause"] = Pause(values["pause"]) if values["pause"] else None
    values["wording"] = _wording(values["wording"])
    whom = _audience(values["audience"])
    values["audience"] = Audience((), whom.labels, whom.fields, whom.everybody, whom.named)
    return Campaign(**values)


def recipient_of(row: Any) -> Recipient:
    """Build a recipient."""
    values = dict(row)
    return Recipient(**values | {"state": RecipientState(values["state"])})


def counts_of(rows: list[Any]) -> Counts:
    """Add up rows of (state, reason, n, answered, billable, free)."""
    counts = Counts()
    states, reasons = counts.states, counts.reasons
    for row in rows:
        state = RecipientState(row["state"])
        states[state] = states.get(state, 0) + row["n"]
        if row["reason"] is not None and state in (RecipientState.FAILED, RecipientState.SKIPPED):
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["n"]
    sums = (sum(row[name] for row in rows) for name in ("answered", "billable", "free"))
    return Counts(states, reasons, *sums)


def stored_counts(counts: Counts) -> str:
    """Encode for the column `counts`."""
    states = {state.value: n for state, n in counts.states.items()}
    stored = _Counts(states, counts.reasons, counts.answered, counts.billable, counts.free)
    return msgspec.json.encode(stored).decode()


def counts_in(stored: str | None) -> Counts:
    """Decode the column `counts`."""
    if stored is None:
        return Counts()
    c = _counts(stored)
    return Counts({RecipientState(s): n for s, n in c.states.items()}, c.reasons, c.answered, c.billable, c.free)
