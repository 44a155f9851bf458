"""ReadNotifications: mark a user's notifications as read."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import NotificationId


@dataclass(frozen=True, slots=True)
class ReadNotifications:
    """Mark one of the caller's notifications as read, or all."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, notification_id: NotificationId | None = None) -> int:
        """Return how many were unread. Idempotent. Raises NotFound, Forbidden for a caller that is no user."""
        caller.require(Action.READ_NOTIFICATIONS)
        if caller.user_id is None:
            raise Forbidden(Action.READ_NOTIFICATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            count = await uow.notifications.mark_read(caller.user_id, notification_id, self.clock())
            await uow.commit()
        return count
