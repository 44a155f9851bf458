"""Lanes: claim with the attempt, then complete, sixteen at a time. No provider is called in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from benchmarks.hub import ADMIN, Api, Hub
from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.stack import Stack
from whatsapp_hub.adapters.security.clock import new_id, system_clock
from whatsapp_hub.application.ports.provider.plugin import Accepted
from whatsapp_hub.application.ports.queues.lanes import Claim, Release
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sending.complete_sends import CompleteSends, Result
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

BATCH = 16
A_LANE = 4
BESIDE = 4
LEASE_S = 45.0
FREELY = {"META": Pacing(None, None)}

SEED = """
    TRUNCATE hub.lanes, hub.outbox, pooled.messages, pooled.conversations, pooled.contacts,
      pooled.contact_identities, pooled.left_identities, pooled.assignments, pooled.notes;
    INSERT INTO pooled.contacts (id, tenant_id, name, is_group, created_at)
      SELECT md5('contact' || n)::uuid, '{tenant}', 'Customer', false, now() FROM generate_series(1, {lanes}) n;
    INSERT INTO pooled.contact_identities (tenant_id, kind, value, contact_id, address)
      SELECT '{tenant}', 'phone', (5511900000000 + n)::text, md5('contact' || n)::uuid, (5511900000000 + n)::text
      FROM generate_series(1, {lanes}) n;
    INSERT INTO pooled.conversations (id, tenant_id, session_id, contact_id, chat, status, flow_state, created_at,
                                      updated_at)
      SELECT md5('round' || n)::uuid, '{tenant}', '{session}', md5('contact' || n)::uuid,
        (5511900000000 + n)::text, 'OPEN', 'DEPARTMENT_SELECTED', now(), now() FROM generate_series(1, {lanes}) n;
    INSERT INTO pooled.messages (id, tenant_id, session_id, conversation_id, contact_id, chat, direction, type, content,
                                 status, queue_seq, timestamp, created_at)
      SELECT gen_random_uuid(), '{tenant}', '{session}', md5('round' || n)::uuid, md5('contact' || n)::uuid,
        (5511900000000 + n)::text, 'OUTBOUND', 'TEXT', 'message', 'PENDING', nextval('pooled.queue_seq'), now(), now()
      FROM generate_series(1, {a_lane}) m, generate_series(1, {lanes}) n;
    INSERT INTO hub.lanes (session_id, chat, tenant_id, provider, queued, next_at)
      SELECT '{session}', (5511900000000 + n)::text, '{tenant}', 'META', {a_lane}, now()
      FROM generate_series(1, {lanes}) n;
    VACUUM ANALYZE hub.lanes; VACUUM ANALYZE pooled.messages; VACUUM ANALYZE pooled.contact_identities"""


class Drain:
    """Run several loops that claim and complete until nothing is due."""

    def __init__(self, storage: Storage, tenant: TenantId) -> None:
        self._storage = storage
        self._tenant = tenant
        self._complete = CompleteSends(storage, system_clock, new_id, lambda _: None)
        self.completed = 0

    async def per_second(self, *, whole: bool) -> float:
        """Measure once. `whole`: complete as the hub does (status, early receipts, events); else the lanes alone."""
        self.completed, began = 0, time.perf_counter()
        await asyncio.gather(*(self._loop(whole) for _ in range(BESIDE)))
        return self.completed / (time.perf_counter() - began)

    async def _loop(self, whole: bool) -> None:
        while claims := await self._claim():
            await (self._write(claims) if whole else self._release(claims))
            self.completed += len(claims)

    async def _claim(self) -> list[Claim]:
        async with self._storage.tenant(self._tenant) as uow:
            claimed = await uow.lanes.claim(FREELY, BATCH, LEASE_S)
            await uow.commit()
        return list(claimed.claims)

    async def _write(self, claims: list[Claim]) -> None:
        results = [Result(claim, Accepted(f"wamid.{claim.message.id}")) for claim in claims]
        await self._complete.write(self._tenant, results)

    async def _release(self, claims: list[Claim]) -> None:
        async with self._storage.tenant(self._tenant) as uow:
            await uow.lanes.release([Release(claim) for claim in claims])
            await uow.commit()


@asynccontextmanager
async def _storage(stack: Stack) -> AsyncIterator[tuple[Storage, TenantId, UUID]]:
    async with Hub(stack.folder, "api", **stack.environment) as hub, Api(hub) as api:
        session = UUID(await api.meta_session("106540352249999"))
        tenant = TenantId(UUID((await api.get("/api/auth/me"))["companyId"]))
    settings = Settings.from_environment({**stack.environment, "HUB_ADMIN_EMAIL": ADMIN[0]})
    container = make_container(settings.completed(), Part.WORKER)
    try:
        yield await container.get(Storage), tenant, session
    finally:
        await container.close()


async def rows(stack: Stack, size: Size) -> list[Row]:
    """The hub's own repositories and use case, as hub_app, in one process; the sends themselves are left out."""
    whole: list[float] = []
    bare: list[float] = []
    async with _storage(stack) as (storage, tenant, session):
        drain = Drain(storage, tenant)
        lanes = size.lane_batches * BATCH // A_LANE
        seed = SEED.format(tenant=tenant, session=session, lanes=lanes, a_lane=A_LANE).split(";")
        for _ in range(size.rounds):
            for values, is_whole in ((bare, False), (whole, True)):
                await stack.execute(*seed)
                values.append(await drain.per_second(whole=is_whole))
                if drain.completed != lanes * A_LANE:
                    raise RuntimeError(f"{drain.completed} of {lanes * A_LANE} messages were completed")
    return [
        Row.of("lanes_claim_and_complete", bare, "msg/s", reach=6000, stretch=12000),
        Row.of("lanes_with_status_and_events", whole, "msg/s"),
    ]
