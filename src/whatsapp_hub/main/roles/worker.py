"""The worker process: stored events, sending, the log's sequence, timed work."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from dishka import AsyncContainer

from whatsapp_hub.adapters import tls
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.queues.sequencer import Sequencer
from whatsapp_hub.adapters.redis.wakes import Channel, Wakes
from whatsapp_hub.adapters.worker.hints import Hints
from whatsapp_hub.adapters.worker.loops import Job, TenantLoop, Ticker, for_all_tenants, for_those, keep_schedule
from whatsapp_hub.application.accounts.remove_tenants import RemoveTenants
from whatsapp_hub.application.campaigns.fill_campaigns import FillCampaigns
from whatsapp_hub.application.campaigns.show_campaigns import CountCampaigns
from whatsapp_hub.application.connecting.connection_records import TendConnections
from whatsapp_hub.application.contacts.tell_blocks import TellBlocks
from whatsapp_hub.application.handling.snooze_conversation import WakeSnoozed
from whatsapp_hub.application.integrations.deliver import DeliverWebhooks
from whatsapp_hub.application.maintenance.recount_media import RecountMedia
from whatsapp_hub.application.maintenance.trim import Trim, TrimNotifications
from whatsapp_hub.application.maintenance.trim_log import TrimLog
from whatsapp_hub.application.maintenance.trim_messages import TrimMessages
from whatsapp_hub.application.media.collect_files import CollectFiles
from whatsapp_hub.application.media.fetch_media import FetchMedia
from whatsapp_hub.application.media.move_old_files import MoveOldFiles
from whatsapp_hub.application.moving.plan_move import MakePlannedMoves
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.ports.queues.webhook_queue import WebhookQueue
from whatsapp_hub.application.presence.set_presence import ExpirePresence
from whatsapp_hub.application.privacy.erase_contact import EraseContacts
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.application.receiving.receive_events import ReceiveEvents
from whatsapp_hub.application.routing.check_deadlines import CheckDeadlines
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.redirect_overdue import RedirectOverdue
from whatsapp_hub.application.routing.resolve_quiet import ResolveQuiet
from whatsapp_hub.application.security.seal_addresses import SealAddresses
from whatsapp_hub.application.sending.complete_sends import SettleStale
from whatsapp_hub.application.sending.drain_lanes import AT_ONCE, DrainLanes
from whatsapp_hub.application.sending.send_scheduled import SendScheduled
from whatsapp_hub.application.sessions.close_idle import CloseIdleSessions
from whatsapp_hub.application.sessions.pair_sessions import TendPairings
from whatsapp_hub.application.templates.fetch_templates import SyncStale
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.roles.heartbeat import Probes, announced
from whatsapp_hub.main.roles.listening import every_s
from whatsapp_hub.main.roles.run import ROLES, ProcessRole, settle_memory
from whatsapp_hub.main.roles.watchdog import lasting
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part
from whatsapp_hub.main.wiring.integrations import expire_deliveries, keep_delivering

SETTLE_EVERY_S = 1.0
GATHER_S = 0.02
"""Not noticeable beside a provider's latency, and batches cost less."""
CAMPAIGNS_EVERY_S = 0.5
"""Half of what a campaign puts ahead into the lanes: they never run empty."""
BLOCKS_EVERY_S = 2.0
MOVES_EVERY_S = 15.0
ALL_TENANTS = TenantId(UUID(int=0))

Loop = Coroutine[Any, Any, None]


async def run(settings: Settings) -> None:
    """Run until cancelled; then finish and store calls under way."""
    await _run(settings, ROLES["worker"])


async def run_scheduler(settings: Settings) -> None:
    """Run the timed work alone."""
    await _run(settings, ROLES["scheduler"])


async def _run(settings: Settings, role: ProcessRole) -> None:
    tls.prepare()
    container = make_container(settings, Part.WORKER)
    try:
        drain = await container.get(DrainLanes)
        probes: Probes = {"calls": lambda: drain.under_way}
        async with announced(container, role.name, probes), asyncio.TaskGroup() as tasks:
            for name in role.loops:
                tasks.create_task(lasting(name, await LOOPS[name](container), role.stop_deadline_s), name=name)
            settle_memory()
    finally:
        await container.close()


async def _hints(container: AsyncContainer) -> Loop:
    await container.get(Wakes)  # passes the hints on
    return (await container.get(Hints)).listen()


async def _wakes(container: AsyncContainer) -> Loop:
    return (await container.get(Channel)).listen(await container.get(Wakes), Work.OUTBOX, Work.EVENTS)


async def _sequencer(container: AsyncContainer) -> Loop:
    wakes = await container.get(Wakes)
    signal = wakes.listen(Work.OUTBOX)

    async def wait(_: float) -> None:
        await signal.wait()

    return Sequencer((await container.get(Database)).url, wakes, wait, partial(wakes.does, Work.OUTBOX)).run()


async def _inbox(container: AsyncContainer) -> Loop:
    signal, directory = (await container.get(Wakes)).listen(Work.INBOX), await container.get(Directory)
    return TenantLoop("inbox", signal, directory.tenants_with_inbox, await container.get(ReceiveEvents)).run()


async def _lanes(container: AsyncContainer) -> Loop:
    signal, directory = (await container.get(Wakes)).listen(Work.LANES), await container.get(Directory)
    drain, settle = await container.get(DrainLanes), await container.get(SettleStale)
    due = at_most_every(SETTLE_EVERY_S)
    kinds = sorted(drain.pacing)
    held = sorted((await container.get(Providers)).plugins.keys() - drain.pacing.keys())
    stale_due = at_most_every(SETTLE_EVERY_S)

    async def find() -> list[TenantId]:
        """Find tenants with due lanes. Connectors drain their own lanes, but a dead one's attempts are settled here."""
        stale = await directory.tenants_with_stale_lanes(held) if stale_due(ALL_TENANTS) else []
        return [*dict.fromkeys([*await directory.tenants_with_lanes(kinds, None), *stale])]

    async def work(tenant_id: TenantId) -> bool:
        settled = await settle(tenant_id) if due(tenant_id) else 0
        return await drain(tenant_id) == AT_ONCE or settled > 0

    return TenantLoop("lanes", signal, find, work, gather_s=GATHER_S).run()


def at_most_every(seconds: float) -> Callable[[TenantId], bool]:
    """Return a predicate that is true for a tenant once in so many seconds."""
    asked: dict[TenantId, float] = {}

    def due(tenant_id: TenantId) -> bool:
        now = time.monotonic()
        if now - asked.get(tenant_id, -seconds) < seconds:
            return False
        asked[tenant_id] = now
        return True

    return due


async def _campaigns(container: AsyncContainer) -> Loop:
    directory, fill = await container.get(Directory), await container.get(FillCampaigns)
    count = await container.get(CountCampaigns)

    async def find() -> list[TenantId]:
        tenants: list[TenantId] = await directory.tenants_with_campaigns()
        return tenants

    async def work(tenant_id: TenantId) -> bool:
        more = await fill(tenant_id)
        return await count(tenant_id) or more

    return TenantLoop("campaigns", Ticker(CAMPAIGNS_EVERY_S), find, work).run()


async def _blocks(container: AsyncContainer) -> Loop:
    directory: Directory = await container.get(Directory)
    tell = await container.get(TellBlocks)
    return TenantLoop("blocks", Ticker(BLOCKS_EVERY_S), directory.tenants_with_blocks, tell).run()


async def _moves(container: AsyncContainer) -> Loop:
    directory: Directory = await container.get(Directory)
    move = await container.get(MakePlannedMoves)
    return TenantLoop("moves", Ticker(MOVES_EVERY_S), directory.tenants_with_due_moves, move).run()


async def _media(container: AsyncContainer) -> Loop:
    signal, directory = (await container.get(Wakes)).listen(Work.MEDIA), await container.get(Directory)
    fetch = await container.get(FetchMedia)

    async def find() -> list[TenantId]:
        tenants: list[TenantId] = await directory.tenants_with_fetches(None)
        return tenants

    async def work(tenant_id: TenantId) -> bool:
        return await fetch(tenant_id) > 0

    return TenantLoop("media", signal, find, work, gather_s=GATHER_S).run()


async def _webhooks(container: AsyncContainer) -> Loop:
    signal = (await container.get(Wakes)).listen(Work.EVENTS)
    return keep_delivering(signal, await container.get(DeliverWebhooks))


async def _schedule(container: AsyncContainer) -> Loop:
    directory = await container.get(Directory)
    return keep_schedule(directory, await _jobs(container, directory))


async def _jobs(container: AsyncContainer, directory: Directory) -> list[Job]:
    """List the timed work, each job for all tenants, once however many workers run."""
    every, poll = partial(for_all_tenants, directory), await container.get(PollSilent)
    polls = [Job("poll", poll.silent_s, poll)] if poll.silent_s else []
    close_idle = await container.get(CloseIdleSessions)
    idle = close_idle.limit.idle
    return [
        *polls,
        Job("seal-addresses", 3600, await container.get(SealAddresses)),
        Job("removed-tenants", 5, await container.get(RemoveTenants)),
        *([Job("idle", every_s(idle), close_idle)] if idle else []),
        Job("erasures", 2, await container.get(EraseContacts)),
        Job("lines", 1, await container.get(TendConnections)),
        Job("pairings", 1, await container.get(TendPairings)),
        Job("flows", 15, partial(every, await container.get(ExpireFlows))),
        Job("trim", 3600, await container.get(Trim)),
        Job("trim-notifications", 86_400, partial(every, await container.get(TrimNotifications))),
        Job("recount-media", 86_400, partial(every, await container.get(RecountMedia))),
        Job("trim-messages", 3600, partial(every, await container.get(TrimMessages))),
        Job("retention", 3600, partial(every, await container.get(KeepRetention))),
        Job("collect-files", 60, partial(every, await container.get(CollectFiles))),
        Job("move-old-files", 60, partial(every, await container.get(MoveOldFiles))),
        Job("trim-log", 3600, await container.get(TrimLog)),
        Job("expire-deliveries", 60, partial(expire_deliveries, await container.get(WebhookQueue))),
        Job("overdue", 30, partial(every, await container.get(RedirectOverdue))),
        Job("targets", 15, partial(every, await container.get(CheckDeadlines))),
        Job("scheduled", 1, partial(for_those, directory.tenants_with_scheduled, await container.get(SendScheduled))),
        Job("snoozed", 30, partial(every, await container.get(WakeSnoozed))),
        Job("templates", 600, partial(every, await container.get(SyncStale))),
        Job("quiet", 300, partial(every, await container.get(ResolveQuiet))),
        Job("presence", 60, partial(every, await container.get(ExpirePresence))),
    ]


LOOPS: dict[str, Callable[[AsyncContainer], Awaitable[Loop]]] = {
    "hints": _hints,
    "wakes": _wakes,
    "sequencer": _sequencer,
    "inbox": _inbox,
    "lanes": _lanes,
    "campaigns": _campaigns,
    "blocks": _blocks,
    "moves": _moves,
    "media": _media,
    "webhooks": _webhooks,
    "schedule": _schedule,
}
