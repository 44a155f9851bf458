"""The feed of access changes, by which each process invalidates what it has cached of callers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.accounts.api_key import caller_key
from whatsapp_hub.domain.ids import ApiKeyId, SignInId, TenantId, UserId


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Whose access changed: of one sign-in, of a user, of an API key, of a company, or (none set) of everyone."""

    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    sign_in_id: SignInId | None = None
    api_key_id: ApiKeyId | None = None

    def concerns(self, caller: Caller) -> bool:
        """Check whether this caller's access may have changed."""
        if self.sign_in_id:
            return caller.sign_in_id == self.sign_in_id
        if self.user_id:
            return self.user_id in (caller.user_id, caller.maker_id)
        if self.api_key_id:
            return caller.key == caller_key(self.api_key_id)
        return self.tenant_id in (None, caller.tenant_id)


EVERYONE = AccessChange()
"""The change is unknown: the feed begins, or was lost."""


def concern(changes: Collection[AccessChange], caller: Caller) -> bool:
    """Whether one of the changes may have changed what the caller may do."""
    return any(change.concerns(caller) for change in changes)


class AccessChanges(Protocol):
    """Read the feed of access changes. Polled by each process; safe to read from any mark."""

    async def since(self, mark: str | None) -> tuple[list[AccessChange], str]:
        """Return the changes committed after the call that gave this mark, and a new mark. None, or a mark that this
        database never gave, gives EVERYONE. Changes may be repeated. Raises Unavailable."""
        ...
