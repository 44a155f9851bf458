"""SetPresence and Heartbeat: who is there to answer."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.clock import Clock
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.ports.storage import Storage
from whatsapp_hub.application.routing.serve_queue import ServeQueue
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.user import OnlineStatus, User


@dataclass(frozen=True, slots=True)
class SetPresence:
    """A user's own presence. Coming ONLINE takes from the department's queue, oldest first."""

    storage: Storage
    clock: Clock
    serve_queue: ServeQueue

    async def __call__(self, caller: Caller, status: OnlineStatus) -> User:
        """Raises Forbidden for a caller that is no user."""
        caller.require(Action.SET_OWN_STATUS)
        if caller.user_id is None:
            raise Forbidden(Action.SET_OWN_STATUS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            user = await uow.users.get(caller.user_id)
            user.set_presence(status, self.clock())
            uow.publish(user.take_events())
            await uow.users.save([user])
            await uow.commit()
        if status is OnlineStatus.ONLINE and user.department_id:
            await self.serve_queue(caller.tenant_id, user.department_id)
        return user


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The user is still there (every 30 s)."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller) -> None:
        if caller.user_id is None:
            return
        async with self.storage.tenant(caller.tenant_id) as uow:
            user = await uow.users.get(caller.user_id)
            user.last_heartbeat = self.clock()
            await uow.users.save([user])
            await uow.commit()
