"""CreateTenant, and EnsureAdmin: the first start makes one tenant and one administrator."""

from dataclasses import dataclass

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Passwords
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import TenantId, UserId
from whatsapp_hub.domain.numbers.countries import country_of


@dataclass(frozen=True, slots=True)
class CreateTenant:
    """For operators (CLI) and MASTER; the schema of a dedicated tenant is made with it."""

    storage: Storage
    clock: Clock
    new_id: NewId
    default: Placement = Placement.POOLED

    async def __call__(
        self, slug: str, name: str, placement: Placement | None = None, country: str | None = None
    ) -> Tenant:
        """Store and return the company. Raises Invalid, Conflict (the slug is taken)."""
        own = country_of(country) if country else None
        tenant = Tenant(TenantId(self.new_id()), slug, name, self.clock(), placement or self.default, own_country=own)
        await self.storage.directory.add_tenant(tenant)
        return tenant


@dataclass(frozen=True, slots=True)
class CreateOperator:
    """A user made from the command line or at the first start, without a caller."""

    storage: Storage
    passwords: Passwords
    new_passwords: NewPasswords
    clock: Clock
    new_id: NewId

    async def __call__(
        self, tenant_id: TenantId, email: str, password: str, name: str, role: Role, *, any_password: bool = False
    ) -> User:
        """Store and return the user. Raises Invalid, Conflict (the e-mail is taken). `any_password`: it was checked,
        or need not be good."""
        emails.check_new(email)
        if not any_password:
            tenant = await self.storage.directory.tenant(tenant_id)
            await self.new_passwords.check(password, (email, name, tenant.name))
        hashed = await self.passwords.hash(password)
        user = User(UserId(self.new_id()), tenant_id, email, name, hashed, role, self.clock())
        async with self.storage.tenant(tenant_id) as uow:
            await uow.users.add(user)
            await uow.commit()
        return user


@dataclass(frozen=True, slots=True)
class EnsureAdmin:
    """Idempotent, and safe against a second process that starts at the same moment."""

    storage: Storage
    create_tenant: CreateTenant
    create_operator: CreateOperator

    async def __call__(self, email: str, password: str) -> bool:
        """Return whether this call made the administrator (a MASTER of the tenant `default`), with whatever password:
        one that could be guessed never stops a hub from starting."""
        if await self.storage.directory.has_master():
            return False
        tenants = {tenant.slug: tenant for tenant in await self.storage.directory.tenants()}
        tenant = tenants.get("default") or await self._default()
        try:
            await self.create_operator(tenant.id, email, password, "Administrator", Role.MASTER, any_password=True)
        except Conflict:
            return False
        return True

    async def _default(self) -> Tenant:
        try:
            return await self.create_tenant("default", "Default")
        except Conflict:
            tenants = await self.storage.directory.tenants()
            return next(tenant for tenant in tenants if tenant.slug == "default")
