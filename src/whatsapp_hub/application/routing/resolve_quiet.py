"""ResolveQuiet: resolve conversations whose customer answers no more."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.routing.reassign import providers_of
from whatsapp_hub.application.routing.serve_queue import ServeFreed
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.ids import DepartmentId, TenantId
from whatsapp_hub.domain.menu.phrases import phrases_of
from whatsapp_hub.domain.messaging.window import is_shut
from whatsapp_hub.domain.service.service_level import ServiceLevel

TRANSACTIONS = 100
"""Most in one run, of all departments together, since other tenants wait meanwhile."""


@dataclass(frozen=True, slots=True)
class ResolveQuiet:
    """Sweep: resolve one company's conversations that it answered last and in which nothing was said for so many hours
    (`ServiceLevel.resolve_quiet_after_hours`); the customer gets a text, inside the provider's window. One
    that waits for an answer never is."""

    storage: Storage
    clock: Clock
    new_id: NewId
    providers: Providers
    serve_freed: ServeFreed

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """Return how many were resolved, `limit` a transaction. Safe to run in many processes at once."""
        resolved, left = 0, TRANSACTIONS
        for department_id, hours in (await self._hours(tenant_id)).items():
            while left > 0:
                left -= 1
                some = await self._some(tenant_id, department_id, hours, limit)
                resolved += len(some)
                for user_id in {c.assigned_user_id for c in some}:
                    await self.serve_freed(tenant_id, user_id)
                if len(some) < limit:
                    break
        return resolved

    async def _hours(self, tenant_id: TenantId) -> dict[DepartmentId | None, int]:
        """Return after how many hours, by department; those that never do are left out."""
        async with self.storage.tenant(tenant_id) as uow:
            found: dict[DepartmentId | None, ServiceLevel] = {None: uow.tenant.terms.level}
            found |= {d.id: d.terms.level for d in await uow.departments.all()}
        return {id: hours for id, level in found.items() if (hours := level.resolve_quiet_after_hours)}

    async def _some(
        self, tenant_id: TenantId, department_id: DepartmentId | None, hours: int, limit: int
    ) -> list[Conversation]:
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            quiet = await uow.conversations.quiet(department_id, changes.now - timedelta(hours=hours), limit)
            for conversation in quiet:
                conversation.resolve(changes.now, why=_why(hours))
                changes.conversation(conversation)
            await self._tell(uow, changes, quiet)
            await changes.write()
            await uow.commit()
        return quiet

    async def _tell(self, uow: UnitOfWork, changes: Changes, resolved: list[Conversation]) -> None:
        """Say so to the customers, where their provider still takes free text."""
        providers = await providers_of(uow, resolved)
        for conversation in resolved:
            provider = providers.get(conversation.id)
            window = self.providers.window_of(provider) if provider else None
            if provider and not is_shut(conversation.window_closes_at, changes.now, window):
                changes.say(conversation, phrases_of(uow.tenant).resolved_quiet, provider)


def _why(hours: int) -> str:
    sentence = f"no word from the customer for {hours} hours"
    return because(RoutingCode.CUSTOMER_QUIET, sentence, hours=hours)
