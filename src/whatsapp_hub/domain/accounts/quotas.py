"""Quotas of a company, so that none exhausts what it shares with the others."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import islice

from whatsapp_hub.domain.errors import Conflict, Flaw, Invalid


class Quota(StrEnum):
    """Named as in the API. MEDIA is in megabytes, API_KEYS are those not revoked, WEBHOOKS those besides its sessions'
    and bots' own; CAMPAIGNS and their RECIPIENTS until they are deleted, as counted last."""

    USERS = "users"
    DEPARTMENTS = "departments"
    QUICK_REPLIES = "quickReplies"
    API_KEYS = "apiKeys"
    SESSIONS = "sessions"
    WEBHOOKS = "webhooks"
    CAMPAIGNS = "campaigns"
    RECIPIENTS = "campaignRecipients"
    MEDIA = "mediaMegabytes"


USUAL: Mapping[Quota, int] = {
    Quota.USERS: 2_000,
    Quota.DEPARTMENTS: 200,
    Quota.QUICK_REPLIES: 5_000,
    Quota.API_KEYS: 500,
    Quota.SESSIONS: 1_000,
    Quota.WEBHOOKS: 50,
    Quota.CAMPAIGNS: 1_000,
    Quota.RECIPIENTS: 10_000_000,
    Quota.MEDIA: 100_000,
}
"""Defaults where an operator has set nothing for the company: more than normal use needs."""

_NAMES = frozenset(quota.value for quota in Quota)
MOST = 2**31 - 1
_WORDS = {
    Quota.USERS: "users, dismissed ones too",
    Quota.DEPARTMENTS: "departments",
    Quota.QUICK_REPLIES: "quick replies",
    Quota.API_KEYS: "API keys",
    Quota.SESSIONS: "sessions",
    Quota.WEBHOOKS: "webhooks besides its sessions' own",
    Quota.CAMPAIGNS: "campaigns, ended ones too",
    Quota.RECIPIENTS: "recipients of campaigns, of ended ones too",
    Quota.MEDIA: "megabytes of files",
}


def quotas_of(given: Mapping[str, int | None]) -> dict[Quota, int | None]:
    """Parse quotas by name; None restores the default. Raises Invalid, naming each bad one."""
    flaws = [Flaw(f"/quotas/{name}", "is no quota") for name in islice(given, 2 * len(_NAMES)) if name not in _NAMES]
    flaws += [
        Flaw(f"/quotas/{name}", f"must be from 0 to {MOST}")
        for name, limit in given.items()
        if name in _NAMES and limit is not None and not 0 <= limit <= MOST
    ]
    if flaws:
        raise Invalid(*flaws)
    return {Quota(name): limit for name, limit in given.items()}


def exceeded(quota: Quota, limit: int) -> Conflict:
    """Make the error for a request that would exceed the quota."""
    return Conflict("quota_exceeded", f"the company may have {limit} {_WORDS[quota]} (quota {quota})")
