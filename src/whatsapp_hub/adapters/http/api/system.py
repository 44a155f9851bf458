"""`/api/system`: the hub's processes and queue depths."""

from typing import Any

from dishka.integrations.litestar import FromDishka
from litestar import Request, get

from whatsapp_hub.adapters.contracts.views.view import time
from whatsapp_hub.adapters.http.auth import COMPANY_HEADER, Asking, allows
from whatsapp_hub.adapters.http.health import Health
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.reading.system import Depths, Running, System
from whatsapp_hub.domain.accounts.access import Action


def _running(one: Running) -> dict[str, object]:
    process = one.process
    return {
        "role": process.role,
        "process": process.name,
        "version": process.version,
        "startedAt": time(one.started_at),
        "lastSeenAt": time(one.seen_at),
    }


def _queues(depths: Depths) -> dict[str, object]:
    return {
        "inbox": {
            "pending": depths.inbox_pending,
            "quarantined": depths.inbox_quarantined,
            "unassigned": depths.inbox_unassigned,
        },
        "outbox": depths.outbox,
        "lanes": {"due": depths.lanes_due},
        "webhooks": {"waiting": depths.webhooks_waiting, "dead": depths.webhooks_dead},
    }


@get("/system", guards=[allows(Action.READ_SYSTEM)], tags=["health"])
async def get_system(
    request: Request[Any, Caller, Any], caller: Asking, system: FromDishka[System], health: FromDishka[Health]
) -> dict[str, object]:
    """Show the running processes, and how much waits (counted up to 100,000) for the company; for all companies if a
    MASTER chooses none."""
    of_all = caller.may(Action.CHOOSE_TENANT) and COMPANY_HEADER not in request.headers
    depths = await system.depths(None if of_all else caller.tenant_id)
    roles = [_running(one) for one in await system.running()]
    return {"version": health.version, "roles": roles, "queues": _queues(depths)}


HANDLERS = [get_system]
