"""From a credential to the caller: the one place that knows the kinds of credentials.

Today a credential is a JWT. API keys are to be told apart here, by their prefix, and read from the directory.
"""

import time
from dataclasses import dataclass, field, replace
from uuid import UUID

from whatsapp_hub.application.ports.directory import Directory
from whatsapp_hub.application.ports.security import Caller, Tokens
from whatsapp_hub.domain.access import POLICY, Action
from whatsapp_hub.domain.errors import Invalid, NotFound, Unauthenticated
from whatsapp_hub.domain.ids import TenantId, UserId
from whatsapp_hub.domain.user import User

_REMEMBERED_USERS = 10_000


@dataclass(frozen=True, slots=True)
class Callers:
    """Who asks. A token outlives its user's role and dismissal, so the user is looked up too, at most once
    every `max_age_s` seconds."""

    tokens: Tokens
    directory: Directory
    max_age_s: float = 3.0
    _users: dict[UserId, tuple[float, User | None]] = field(default_factory=dict, repr=False)

    async def __call__(self, credential: str, company_id: str | None = None) -> Caller:
        """`company_id` is the tenant that a MASTER wants to act for. Raises Unauthenticated, NotFound (that
        tenant, or not the caller's), Unavailable."""
        caller = self.tokens.read(credential)
        user = await self._user(caller.user_id)
        if user is None or not user.is_active or user.tenant_id != caller.tenant_id:
            raise Unauthenticated("the user no longer exists or is not active")
        caller = replace(caller, role=user.role, email=user.email)
        return await self._for_company(caller, company_id) if company_id else caller

    async def _user(self, user_id: UserId | None) -> User | None:
        if user_id is None:
            return None
        known = self._users.get(user_id)
        if known and known[0] > time.monotonic():
            return known[1]
        user = await self.directory.user(user_id)
        if len(self._users) >= _REMEMBERED_USERS:
            self._users.clear()
        self._users[user_id] = (time.monotonic() + self.max_age_s, user)
        return user

    async def _for_company(self, caller: Caller, company_id: str) -> Caller:
        try:
            tenant_id = TenantId(UUID(company_id))
        except ValueError:
            raise Invalid.field("companyId", "must be a UUID") from None
        if tenant_id == caller.tenant_id:
            return caller
        if Action.CHOOSE_TENANT not in POLICY[caller.role]:
            raise NotFound("company", company_id)
        await self.directory.tenant(tenant_id)
        return replace(caller, tenant_id=tenant_id)
