"""SetPresence, Heartbeat and ExpirePresence: track which agents are online (contract E.5)."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.routing.redistribute import RedistributeAll, RedistributeConversations
from whatsapp_hub.application.routing.serve_queue import ServeQueue
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import OnlineStatus, User
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import TenantId

SILENT_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class SetPresence:
    """Set the caller's presence. Coming ONLINE serves the department's queue, longest waiting first; going OFFLINE
    reassigns the user's conversations."""

    storage: Storage
    clock: Clock
    serve_queue: ServeQueue
    redistribute: RedistributeConversations

    async def __call__(self, caller: Caller, status: OnlineStatus) -> User:
        """Set it. Raises Forbidden for a caller that is no user."""
        caller.require(Action.SET_OWN_STATUS)
        if caller.user_id is None:
            raise Forbidden(Action.SET_OWN_STATUS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            user = await uow.users.get(caller.user_id)
            user.set_presence(status, self.clock())
            await uow.users.save([user])
            await uow.commit()
        if status is OnlineStatus.ONLINE and user.department_id:
            await self.serve_queue(caller.tenant_id, user.department_id)
        if user.hands_over:
            await self.redistribute(caller.tenant_id, user.id)
        return user


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Record that the user is still connected (every 30 s)."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller) -> None:
        """Record the time; nothing for a caller that is no user. Raises Unavailable."""
        if caller.user_id is None:
            return
        async with self.storage.tenant(caller.tenant_id) as uow:
            user = await uow.users.get(caller.user_id)
            user.last_heartbeat = self.clock()
            await uow.users.save([user])
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ExpirePresence:
    """Every minute, set users without a heartbeat for two minutes OFFLINE and reassign their conversations."""

    storage: Storage
    clock: Clock
    redistribute_all: RedistributeAll

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many users went OFFLINE. Safe to run in many processes at once."""
        now = self.clock()
        async with self.storage.tenant(tenant_id) as uow:
            silent = await uow.users.silent_since(now - SILENT_AFTER)
            for user in silent:
                last_heartbeat = user.last_heartbeat
                user.set_presence(OnlineStatus.OFFLINE, now)
                user.last_heartbeat = last_heartbeat
            await uow.users.save(silent)
            await uow.commit()
        await self.redistribute_all(tenant_id)
        return len(silent)
