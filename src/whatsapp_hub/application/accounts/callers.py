"""From a credential to the caller: the one place that knows the kinds of credentials, tokens and API keys."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.security import Caller, Tokens
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.api_key import ROLE, ApiKey, digest_of, is_api_key
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.errors import Invalid, NotFound, Unauthenticated
from whatsapp_hub.domain.ids import TenantId, UserId

K = TypeVar("K")
V = TypeVar("V")

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Callers:
    """Who asks. A token outlives its user's role and dismissal, so the user is looked up too, at most once
    every `max_age_s` seconds; so is an API key."""

    tokens: Tokens
    directory: Directory
    clock: Clock
    max_age_s: float = 3.0
    _users: dict[UserId, tuple[float, User | None]] = field(default_factory=dict, repr=False)
    _keys: dict[bytes, tuple[float, ApiKey | None]] = field(default_factory=dict, repr=False)

    async def __call__(self, credential: str, company_id: str | None = None) -> Caller:
        """`company_id` is the tenant that a MASTER wants to act for. Raises Unauthenticated, NotFound (that
        tenant, or not the caller's), Unavailable."""
        caller = await (self._program(credential) if is_api_key(credential) else self._person(credential))
        return await self._for_company(caller, company_id) if company_id else caller

    async def _person(self, token: str) -> Caller:
        caller = self.tokens.read(token)
        user_id = caller.user_id
        user = await self._known(self._users, user_id, self.directory.user) if user_id else None
        if user is None or not user.is_active or user.tenant_id != caller.tenant_id:
            raise Unauthenticated("the user no longer exists or is not active")
        return replace(caller, role=user.role, email=user.email)

    async def _program(self, secret: str) -> Caller:
        key = await self._known(self._keys, digest_of(secret), self.directory.api_key)
        if key is None or not key.is_valid(self.clock()):
            raise Unauthenticated("the API key is not known, or not valid any more")
        return Caller(key.tenant_id, ROLE, f"key:{key.id}", scopes=key.scopes)

    async def _known(
        self, memory: dict[K, tuple[float, V | None]], name: K, ask: Callable[[K], Awaitable[V | None]]
    ) -> V | None:
        known = memory.get(name)
        if known and known[0] > time.monotonic():
            return known[1]
        found = await ask(name)
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[name] = (time.monotonic() + self.max_age_s, found)
        return found

    async def _for_company(self, caller: Caller, company_id: str) -> Caller:
        try:
            tenant_id = TenantId(UUID(company_id))
        except ValueError:
            raise Invalid.field("companyId", "must be a UUID") from None
        if tenant_id == caller.tenant_id:
            return caller
        if not caller.may(Action.CHOOSE_TENANT):
            raise NotFound("company", company_id)
        if (await self.directory.tenant(tenant_id)).is_removed:
            raise NotFound("company", company_id)
        return replace(caller, tenant_id=tenant_id)
