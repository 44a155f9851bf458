"""`Campaigns` in PostgreSQL. A recipient's row and its message are written in one transaction."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from whatsapp_hub.adapters.postgres.campaigns import following
from whatsapp_hub.adapters.postgres.campaigns.rows import (
    COLUMNS,
    INSERT,
    RECIPIENT,
    UPDATE,
    campaign_of,
    changes_of,
    counts_in,
    counts_of,
    recipient_of,
    stored_counts,
    values_of,
)
from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.repositories.people.cards import FOLDED, LABELS, label_pattern
from whatsapp_hub.application.ports.storage.campaigns import Active
from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.domain.campaigns.audience import Audience, AudienceCount
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus
from whatsapp_hub.domain.campaigns.recipient import Counts, Recipient, RecipientState, Taken
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import CampaignId, ContactId, SessionId

MATCHED_WITHIN_S = 10.0
"""Somebody waits for the count of an audience; one that takes longer is given up."""
_ONE = f"SELECT {COLUMNS} FROM hub.campaigns WHERE id = $1"
_PAGE = ending_early(
    f"""
    SELECT {COLUMNS}, counts FROM hub.campaigns
    WHERE tenant_id = hub.tenant() AND ($2::uuid IS NULL OR id < $2) AND ($3::text[] = '{{}}' OR status = ANY ($3))
    ORDER BY id DESC LIMIT $1""",
    "id DESC",
)
_RUNNING_ON = f"""
    SELECT {COLUMNS} FROM hub.campaigns WHERE tenant_id = hub.tenant() AND session_id = $1 AND status = 'RUNNING'
    ORDER BY id FOR NO KEY UPDATE"""
_ACTIVE = """
    SELECT id, session_id FROM hub.campaigns WHERE tenant_id = hub.tenant() AND (
      status = 'RUNNING' OR status = 'SCHEDULED' AND starts_at <= (SELECT now FROM hub.time))
    ORDER BY coalesce(started_at, starts_at), id"""
_ONE_COUNTS = "SELECT pg_advisory_xact_lock(hashtextextended(hub.tenant()::text, 4))"
_COUNT_ACTIVE = """
    SELECT count(*) FROM hub.campaigns WHERE tenant_id = hub.tenant() AND status IN ('RUNNING', 'SCHEDULED')"""
_TO_COUNT = """
    SELECT id FROM hub.campaigns WHERE tenant_id = hub.tenant() AND count_at <= (SELECT now FROM hub.time)
    ORDER BY count_at LIMIT $1"""
# Each by its id: a join would be planned as one with all contacts of a company of the usual size, however large it is.
_NAMED = """
    FROM unnest($1::uuid[]) AS n (id)
    CROSS JOIN LATERAL (SELECT id, is_group, own FROM contacts WHERE id = n.id LIMIT 1) AS c"""
# $1: patterns of labels, $2: fields.
_CARRIES = f"""
    NOT c.is_group AND coalesce(c.own -> 'fields', '{{}}') @> $2::jsonb AND NOT EXISTS (
      SELECT FROM unnest($1::text[]) AS w (label) WHERE NOT EXISTS (
        SELECT FROM {LABELS} WHERE {FOLDED.format("l.label")} LIKE w.label))"""
_MATCHING = """
    SELECT count(*) AS matched, count(*) FILTER (WHERE c.is_group) AS groups,
      count(*) FILTER (WHERE NOT c.is_group AND c.own ->> 'blocked_at' IS NOT NULL) AS blocked,
      count(*) FILTER (WHERE NOT c.is_group AND c.own ->> 'blocked_at' IS NULL
        AND c.own -> 'opted_out' IS NOT NULL) AS opted_out """
_MATCHING_NAMED = f"{_MATCHING} {_NAMED}"
_MATCHING_FILTER = f"{_MATCHING} FROM contacts c WHERE c.tenant_id = hub.tenant() AND {_CARRIES}"
_RECIPIENTS_OF = "INSERT INTO hub.campaign_recipients (campaign_id, contact_id, tenant_id)"
_ENLIST_NAMED = f"{_RECIPIENTS_OF} SELECT $2, c.id, hub.tenant() {_NAMED} ON CONFLICT DO NOTHING"
# Says where it stopped, unless the list of contacts did.
_ENLIST = f"""
    WITH looked AS MATERIALIZED (
      SELECT id, is_group, own FROM contacts WHERE tenant_id = hub.tenant() AND id > $4 ORDER BY id LIMIT $5),
    added AS (
      {_RECIPIENTS_OF} SELECT $3, c.id, hub.tenant() FROM looked c WHERE {_CARRIES} ON CONFLICT DO NOTHING)
    SELECT id FROM looked ORDER BY id OFFSET $5 - 1 LIMIT 1"""
_KNOWN = f"SELECT c.id {_NAMED}"
_WITHIN = "SELECT set_config('statement_timeout', $1, true)"
_ONLY_ONE = "SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid::text || $2, 11))"
_WAITING = """
    SELECT contact_id FROM hub.campaign_recipients WHERE campaign_id = $1 AND state = 'WAITING'
    ORDER BY contact_id LIMIT $2"""
_IS_RUNNING = "SELECT true FROM hub.campaigns WHERE id = $1 AND status = 'RUNNING' FOR SHARE"
_HOLD = """
    SELECT contact_id FROM hub.campaign_recipients
    WHERE campaign_id = $1 AND contact_id = ANY ($2::uuid[]) AND state = 'WAITING'
    ORDER BY contact_id FOR NO KEY UPDATE"""
_TAKE = """
    UPDATE hub.campaign_recipients r SET message_id = x.message_id, reason = x.reason, detail = x.detail,
      state = CASE WHEN x.message_id IS NULL THEN 'SKIPPED' ELSE 'QUEUED' END,
      queued_at = CASE WHEN x.message_id IS NOT NULL THEN (SELECT now FROM hub.time) END
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS x(contact_id, message_id, reason, detail)
    WHERE r.campaign_id = $1 AND r.contact_id = x.contact_id AND r.state = 'WAITING'"""
_WRITTEN = """
    SELECT count(*) AS over_session, count(*) FILTER (WHERE c.id = $3) AS by_it
    FROM hub.campaigns c JOIN hub.campaign_recipients r ON r.campaign_id = c.id
    WHERE c.tenant_id = hub.tenant() AND c.session_id = $2 AND r.queued_at > $1"""
_WROTE_TO = """
    SELECT EXISTS (
      SELECT FROM hub.campaign_recipients r JOIN hub.campaigns c ON c.id = r.campaign_id
      WHERE r.contact_id = $2 AND r.queued_at IS NOT NULL AND c.session_id = $1)"""
_COUNT = """
    SELECT state, reason, count(*) AS n, count(answered_at) AS answered,
      count(*) FILTER (WHERE is_billable) AS billable, count(*) FILTER (WHERE NOT is_billable) AS free
    FROM hub.campaign_recipients WHERE campaign_id = $1 GROUP BY state, reason"""
_KEEP_COUNT = "UPDATE hub.campaigns SET counts = $2::text::jsonb WHERE id = $1"
_RECIPIENTS = ending_early(
    f"""
    SELECT {RECIPIENT} FROM hub.campaign_recipients
    WHERE campaign_id = $1 AND ($3::uuid IS NULL OR contact_id > $3) AND ($4::text IS NULL OR state = $4)
    ORDER BY contact_id LIMIT $2""",
    "contact_id",
)
_LIMIT = "SELECT daily_limit FROM hub.paces WHERE session_id = $1"
_LIMIT_DAILY = "UPDATE hub.paces SET daily_limit = $2 WHERE session_id = $1 AND daily_limit IS DISTINCT FROM $2"


class PostgresCampaigns:
    """Implements `Campaigns`."""

    def __init__(self, connection: Any, events: list[Event]) -> None:
        self._connection = connection
        self._events = events

    async def add(self, campaign: Campaign) -> None:
        """Insert it, and its list."""
        self._events += campaign.take_events()
        await self._connection.execute(INSERT, *values_of(campaign))
        if named := campaign.audience.contact_ids:
            await self._connection.execute(_ENLIST_NAMED, list(named), campaign.id)

    async def save(self, campaign: Campaign, count_at: datetime | None = None) -> None:
        """Update what changes of it."""
        self._events += campaign.take_events()
        await self._connection.execute(UPDATE, *changes_of(campaign), count_at)

    async def delete(self, campaign: Campaign) -> None:
        """Delete it; its recipients go by their foreign key."""
        self._events += campaign.take_events()
        await self._connection.execute("DELETE FROM hub.campaigns WHERE id = $1", campaign.id)

    async def get(self, campaign_id: CampaignId) -> Campaign:
        """Read and lock one."""
        return await self._one(f"{_ONE} FOR NO KEY UPDATE", campaign_id)

    async def peek(self, campaign_id: CampaignId) -> Campaign:
        """Read one."""
        return await self._one(_ONE, campaign_id)

    async def _one(self, statement: str, campaign_id: CampaignId) -> Campaign:
        if (row := await self._connection.fetchrow(statement, campaign_id)) is None:
            raise NotFound("campaign", campaign_id)
        return campaign_of(row)

    async def page(
        self, limit: int, before: CampaignId | None, statuses: Collection[CampaignStatus]
    ) -> Part[tuple[Campaign, Counts]]:
        """Read by descending id."""
        rows = await self._connection.fetch(_PAGE, limit + 1, before, [status.value for status in statuses])
        shown, goes_on = cut(rows, limit)
        return Part(((campaign_of(row), counts_in(row["counts"])) for row in shown), goes_on=goes_on)

    async def running_on(self, session_id: SessionId) -> list[Campaign]:
        """Read and lock those of a session."""
        return [campaign_of(row) for row in await self._connection.fetch(_RUNNING_ON, session_id)]

    async def active(self) -> list[Active]:
        """Read those that run or are to start."""
        return [Active(*row) for row in await self._connection.fetch(_ACTIVE)]

    async def count_active(self) -> int:
        """Count under an advisory lock."""
        await self._connection.execute(_ONE_COUNTS)
        return int(await self._connection.fetchval(_COUNT_ACTIVE))

    async def to_count(self, limit: int) -> list[CampaignId]:
        """Read those whose count is due."""
        return [CampaignId(row["id"]) for row in await self._connection.fetch(_TO_COUNT, limit)]

    async def look_again(self, campaign_id: CampaignId, count_at: datetime | None) -> None:
        """Store the time."""
        await self._connection.execute("UPDATE hub.campaigns SET count_at = $2 WHERE id = $1", campaign_id, count_at)

    async def matching(self, audience: Audience) -> AudienceCount:
        """Count contacts and those that are left out, each for its first reason; a list by its names alone."""
        async with self._within(MATCHED_WITHIN_S):
            if audience.contact_ids:
                row = await self._connection.fetchrow(_MATCHING_NAMED, list(audience.contact_ids))
            else:
                row = await self._connection.fetchrow(_MATCHING_FILTER, *_filter(audience))
        return AudienceCount(row["matched"], row["opted_out"], row["blocked"], row["groups"])

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """Give up each statement that takes longer. Raises TookTooLong at the end of the transaction."""
        await self._connection.execute(_WITHIN, f"{seconds * 1000:.0f}")
        yield
        await self._connection.execute(_WITHIN, "0")

    async def unknown(self, contacts: Collection[ContactId]) -> set[ContactId]:
        """Look them up."""
        rows = await self._connection.fetch(_KNOWN, list(contacts))
        return set(contacts) - {row["id"] for row in rows}

    async def enlist(self, campaign: Campaign, after: ContactId, most: int) -> ContactId | None:
        """Insert who of them matches."""
        found = await self._connection.fetchval(_ENLIST, *_filter(campaign.audience), campaign.id, after, most)
        return ContactId(found) if found else None

    async def only_one(self, of: CampaignId | SessionId, work: str) -> bool:
        """Take an advisory lock if it is free."""
        return bool(await self._connection.fetchval(_ONLY_ONE, of, work))

    async def waiting(self, campaign_id: CampaignId, limit: int) -> list[ContactId]:
        """Read along the index of waiting ones."""
        return [ContactId(row["contact_id"]) for row in await self._connection.fetch(_WAITING, campaign_id, limit)]

    async def hold(self, campaign_id: CampaignId, contacts: Collection[ContactId]) -> set[ContactId]:
        """Lock the campaign against a pause, then the rows."""
        if not await self._connection.fetchval(_IS_RUNNING, campaign_id):
            return set()
        rows = await self._connection.fetch(_HOLD, campaign_id, list(contacts))
        return {ContactId(row["contact_id"]) for row in rows}

    async def take(self, campaign_id: CampaignId, taken: Sequence[Taken]) -> None:
        """Update them."""
        rows = [(t.contact_id, t.message_id, t.skip, t.detail) for t in taken]
        if rows:
            await self._connection.execute(_TAKE, campaign_id, *zip(*rows, strict=True))

    async def written_since(self, since: datetime, session_id: SessionId, campaign_id: CampaignId) -> tuple[int, int]:
        """Count along the index of times."""
        row = await self._connection.fetchrow(_WRITTEN, since, session_id, campaign_id)
        return row["over_session"], row["by_it"]

    async def wrote_to(self, session_id: SessionId, contact_id: ContactId) -> bool:
        """Look the contact up among recipients."""
        return bool(await self._connection.fetchval(_WROTE_TO, session_id, contact_id))

    async def follow(self, campaign: Campaign, within_s: float) -> Counts:
        """Update recipients whose messages have moved on, and count."""
        async with self._within(within_s):
            for statement, arguments in following.statements(campaign):
                await self._connection.execute(statement, *arguments)
            return await self.count(campaign.id)

    async def count(self, campaign_id: CampaignId) -> Counts:
        """Count, and keep the result."""
        counts = counts_of(await self._connection.fetch(_COUNT, campaign_id))
        await self._connection.execute(_KEEP_COUNT, campaign_id, stored_counts(counts))
        return counts

    async def recipients(
        self, campaign_id: CampaignId, limit: int, after: ContactId | None, state: RecipientState | None
    ) -> Part[Recipient]:
        """Read along the primary key."""
        rows = await self._connection.fetch(_RECIPIENTS, campaign_id, limit + 1, after, state)
        shown, goes_on = cut(rows, limit)
        return Part(map(recipient_of, shown), goes_on=goes_on)

    async def daily_limit(self, session_id: SessionId) -> int | None:
        """Read it from the number's pace."""
        found: int | None = await self._connection.fetchval(_LIMIT, session_id)
        return found

    async def limit_daily(self, session_id: SessionId, people: int | None) -> None:
        """Store it there."""
        await self._connection.execute(_LIMIT_DAILY, session_id, people)


def _filter(audience: Audience) -> tuple[list[str | None], str]:
    fields = msgspec.json.encode(dict(audience.fields)).decode()
    return [label_pattern(label) for label in audience.labels], fields
