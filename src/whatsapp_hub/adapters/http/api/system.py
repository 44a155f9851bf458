"""`/api/system`: the hub's processes and queue depths."""

from datetime import datetime
from typing import Any

from dishka.integrations.litestar import FromDishka
from litestar import Request, get

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.http.auth import COMPANY_HEADER, Asking, allows
from whatsapp_hub.adapters.http.health import Health
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.reading.system import Depths, Running, System
from whatsapp_hub.domain.accounts.access import Action


class RunningProcess(View):
    """A process of the hub that was seen lately."""

    role: str
    process: str
    version: str
    started_at: datetime
    last_seen_at: datetime

    @classmethod
    def of(cls, one: Running) -> "RunningProcess":
        """Show a process with its last heartbeat."""
        process = one.process
        return cls(process.role, process.name, process.version, time(one.started_at), time(one.seen_at))


class InboxDepth(View):
    """Stored updates: not processed yet, failed for good, and of no session."""

    pending: int
    quarantined: int
    unassigned: int


class LanesDepth(View):
    """Chats with a message that is due."""

    due: int


class WebhooksDepth(View):
    """Deliveries to be made, and those given up."""

    waiting: int
    dead: int


class Queues(View):
    """How much waits, counted up to 100,000."""

    inbox: InboxDepth
    outbox: int
    lanes: LanesDepth
    webhooks: WebhooksDepth

    @classmethod
    def of(cls, depths: Depths) -> "Queues":
        """Show how much waits; counts end at a bound."""
        inbox = InboxDepth(depths.inbox_pending, depths.inbox_quarantined, depths.inbox_unassigned)
        webhooks = WebhooksDepth(depths.webhooks_waiting, depths.webhooks_dead)
        return cls(inbox, depths.outbox, LanesDepth(depths.lanes_due), webhooks)


class SystemView(View):
    """The hub's processes and queue depths."""

    version: str
    roles: list[RunningProcess]
    queues: Queues


@get("/system", guards=[allows(Action.READ_SYSTEM)], tags=["health"])
async def get_system(
    request: Request[Any, Caller, Any], caller: Asking, system: FromDishka[System], health: FromDishka[Health]
) -> SystemView:
    """Show the running processes, and how much waits (counted up to 100,000) for the company; for all companies if a
    MASTER chooses none."""
    of_all = caller.may(Action.CHOOSE_TENANT) and COMPANY_HEADER not in request.headers
    depths = await system.depths(None if of_all else caller.tenant_id)
    roles = [RunningProcess.of(one) for one in await system.running()]
    return SystemView(health.version, roles, Queues.of(depths))


HANDLERS = [get_system]
