"""ReadPreferences, KeepPreferences: what a person has set for themselves."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.preferences import Preferences
from whatsapp_hub.domain.errors import Forbidden
from whatsapp_hub.domain.ids import TenantId, UserId


async def _person(storage: Storage, caller: Caller) -> tuple[TenantId, UserId]:
    """Return the caller's own company, also where a MASTER acts for another. Raises Forbidden."""
    user = await storage.directory.user(caller.user_id) if caller.user_id else None
    if user is None:
        raise Forbidden("have preferences: an API key is not a person")
    return user.tenant_id, user.id


@dataclass(frozen=True, slots=True)
class ReadPreferences:
    """Show the caller's own."""

    storage: Storage

    async def __call__(self, caller: Caller) -> Preferences:
        """Return them. Raises Forbidden."""
        tenant_id, user_id = await _person(self.storage, caller)
        async with self.storage.tenant(tenant_id) as uow:
            return await uow.users.preferences(user_id)


@dataclass(frozen=True, slots=True)
class KeepPreferences:
    """Store the caller's own, in place of those before."""

    storage: Storage

    async def __call__(self, caller: Caller, preferences: Preferences) -> None:
        """Raises Forbidden, NotFound."""
        tenant_id, user_id = await _person(self.storage, caller)
        async with self.storage.tenant(tenant_id) as uow:
            await uow.users.keep_preferences(user_id, preferences)
            await uow.commit()
