"""How much of each kind a company may have, so that none fills what it shares with all others."""

from collections.abc import Mapping
from enum import StrEnum

from whatsapp_hub.domain.errors import Conflict, Flaw, Invalid


class Quota(StrEnum):
    """Named as in the API. MEDIA is in megabytes, API_KEYS are those not revoked, WEBHOOKS those besides its sessions'
    and bots' own."""

    DEPARTMENTS = "departments"
    QUICK_REPLIES = "quickReplies"
    API_KEYS = "apiKeys"
    SESSIONS = "sessions"
    WEBHOOKS = "webhooks"
    MEDIA = "mediaMegabytes"


USUAL: Mapping[Quota, int] = {
    Quota.DEPARTMENTS: 200,
    Quota.QUICK_REPLIES: 5_000,
    Quota.API_KEYS: 500,
    Quota.SESSIONS: 1_000,
    Quota.WEBHOOKS: 50,
    Quota.MEDIA: 100_000,
}
"""What holds where an operator has set nothing else for the company: more than an honest one needs."""

_NAMES = frozenset(quota.value for quota in Quota)
MOST = 2**31 - 1
_WORDS = {
    Quota.DEPARTMENTS: "departments",
    Quota.QUICK_REPLIES: "quick replies",
    Quota.API_KEYS: "API keys",
    Quota.SESSIONS: "sessions",
    Quota.WEBHOOKS: "webhooks besides its sessions' own",
    Quota.MEDIA: "megabytes of files",
}


def quotas_of(given: Mapping[str, int | None]) -> dict[Quota, int | None]:
    """Read quotas by their names; None brings the usual one back. Raises Invalid, naming each bad one."""
    flaws = [Flaw(f"/quotas/{name}", "is no quota") for name in given if name not in _NAMES]
    flaws += [
        Flaw(f"/quotas/{name}", f"must be from 0 to {MOST}")
        for name, limit in given.items()
        if name in _NAMES and limit is not None and not 0 <= limit <= MOST
    ]
    if flaws:
        raise Invalid(*flaws)
    return {Quota(name): limit for name, limit in given.items()}


def exceeded(quota: Quota, limit: int) -> Conflict:
    """What answers a request that would go over it."""
    return Conflict("quota_exceeded", f"the company may have {limit} {_WORDS[quota]} (quota {quota})")
