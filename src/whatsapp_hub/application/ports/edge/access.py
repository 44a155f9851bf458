"""The feed of what changed in who may enter: by it each process forgets what it remembers of somebody."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.api_key import caller_key
from whatsapp_hub.domain.ids import ApiKeyId, SignInId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Whose access changed: of one sign-in, of a user, of an API key, of a company, or (nothing named) of anybody."""

    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    sign_in_id: SignInId | None = None
    api_key_id: ApiKeyId | None = None

    def concerns(self, caller: Caller) -> bool:
        """Whether this caller may be another by now."""
        if self.sign_in_id:
            return caller.sign_in_id == self.sign_in_id
        if self.user_id:
            return self.user_id in (caller.user_id, caller.maker_id)
        if self.api_key_id:
            return caller.key == caller_key(self.api_key_id)
        return self.tenant_id in (None, caller.tenant_id)


ANYBODY = AccessChange()
"""What changed is not known: the feed begins, or was lost."""


def concern(changes: Collection[AccessChange], caller: Caller) -> bool:
    return any(change.concerns(caller) for change in changes)


class AccessChanges(Protocol):
    async def since(self, mark: str | None) -> tuple[list[AccessChange], str]:
        """Return what was committed after the look that gave this mark, and a new mark. None begins: ANYBODY; so does
        a mark that this database never gave. Some may be told twice. Raises Unavailable."""
        ...
