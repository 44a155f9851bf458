"""CreateApiKey, RevokeApiKey, ListApiKeys: how a tenant's programs enter."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import HINT_LENGTH, PREFIX, ApiKey, digest_of, scopes_of
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.errors import Forbidden, Invalid
from whatsapp_hub.domain.ids import ApiKeyId


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """Create an API key with scopes and, where wanted, an end. Its text is returned once; the database keeps a
    digest."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(
        self, caller: Caller, name: str, scopes: list[str] | None = None, expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """Return the key and its secret, which nobody can tell afterwards. Only a person makes one. Raises Invalid."""
        caller.require(Action.MANAGE_API_KEYS)
        if caller.user_id is None:
            raise Forbidden("an API key makes no API keys")
        now = self.clock()
        if expires_at is not None and expires_at <= now:
            raise Invalid.field("expires_at", "must be in the future")
        secret = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            id=ApiKeyId(self.new_id()),
            tenant_id=caller.tenant_id,
            name=name,
            digest=digest_of(secret),
            hint=secret[:HINT_LENGTH],
            created_at=now,
            created_by=caller.user_id,
            scopes=None if scopes is None else scopes_of(scopes),
            expires_at=expires_at,
        )
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.API_KEYS)
            await uow.api_keys.add(key)
            await uow.commit()
        return key, secret


@dataclass(frozen=True, slots=True)
class ListApiKeys:
    """List a company's API keys."""

    storage: Storage

    async def __call__(self, caller: Caller) -> list[ApiKey]:
        """List them, the newest first, revoked ones too."""
        caller.require(Action.MANAGE_API_KEYS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.api_keys.all()


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """It stops working within seconds, in every process."""

    storage: Storage
    clock: Clock

    async def __call__(self, caller: Caller, key_id: ApiKeyId) -> None:
        """Idempotent. Raises NotFound."""
        caller.require(Action.MANAGE_API_KEYS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            key = await uow.api_keys.get(key_id)
            key.revoke(self.clock())
            await uow.api_keys.save(key)
            await uow.commit()
