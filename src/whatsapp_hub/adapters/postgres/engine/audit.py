"""Audit entries for changes that no trigger sees: what hub_system does for a caller."""

import json

from whatsapp_hub.application.acting import ACTOR

AUDITED = """
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, before, after)
    SELECT whose.tenant_id, who.w ->> 'key', (who.w ->> 'user')::uuid, who.w ->> 'email', who.w ->> 'from',
      who.w ->> 'doing', {change}, 'company', {source}.id::text, {before}, {after}
    FROM {source} CROSS JOIN (SELECT {who}::text::jsonb AS w) AS who CROSS JOIN LATERAL ({whose}) AS whose (tenant_id)
    WHERE who.w IS NOT NULL"""
"""The part of a statement that writes them: `source` is the changed row, `who` a parameter with `acting()`, `whose` a
query for the companies whose audit trail shows it."""


def acting() -> str | None:
    """Return the current caller as JSON; None for what the hub does by itself."""
    if (actor := ACTOR.get()) is None:
        return None
    caller = actor.caller
    user_id = str(caller.user_id) if caller.user_id else None
    who = {"key": caller.key, "user": user_id, "email": caller.email, "from": actor.address, "doing": actor.doing}
    return json.dumps(who)
