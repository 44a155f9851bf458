"""RegisterUser and UpdateUser: a tenant's people."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.application.accounts.new_passwords import NewPasswords
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.routing.redistribute import RedistributeConversations
from whatsapp_hub.application.routing.serve_queue import ServeQueue
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts import emails
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.accounts.sign_in import EndReason
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.labels import checked
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from whatsapp_hub.domain.ids import DepartmentId, TenantId, UserId

MOST_REFUSED_EMAILS = 10
"""An hour and company. E-mail addresses are unique in the hub, so a refusal tells that somebody has one; after so many
the answer no longer says whether an address is free."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """`tenant_id`: another tenant than the caller's (MASTER only)."""

    email: str
    password: str
    name: str
    role: Role = Role.AGENT
    department_id: DepartmentId | None = None
    tenant_id: TenantId | None = None
    max_conversations: int | None = None


@dataclass(frozen=True, slots=True)
class UserChanges:
    """None leaves name, role, isActive and skills as they are; it clears department and bound."""

    name: str | None = None
    skills: Sequence[str] | None = None
    role: Role | None = None
    is_active: bool | None = None
    department_id: DepartmentId | Unchanged | None = UNCHANGED
    max_conversations: int | Unchanged | None = UNCHANGED


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Create a user, within the company's quota and the department's bound."""

    storage: Storage
    new_passwords: NewPasswords
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, new: NewUser) -> User:
        """Store and return the user. Raises Invalid, NotFound (another tenant), Conflict (the e-mail is taken, the
        quota or the department full), TooMany (e-mails of other companies)."""
        caller.require(Action.MANAGE_USERS)
        tenant_id = new.tenant_id or caller.tenant_id
        if tenant_id != caller.tenant_id:
            await self._require_open(caller, tenant_id)
        _may_grant(caller, new.role)
        tenant = await self.storage.directory.tenant(tenant_id)
        emails.check_new(new.email)
        user = User(
            id=UserId(self.new_id()),
            tenant_id=tenant_id,
            email=new.email,
            name=new.name,
            password_hash="",
            role=new.role,
            created_at=self.clock(),
            department_id=new.department_id,
            max_conversations=_bound(new.max_conversations),
        )
        user.password_hash = await self.new_passwords(new.password, (user.email, user.name, tenant.name))
        await self._mind_guessing(caller, user)
        async with self.storage.tenant(tenant_id) as uow:
            await uow.quotas.require_room(Quota.USERS)
            if user.department_id:
                await _require_room(uow, user.department_id)
            await uow.users.add(user)
            await uow.commit()
        return user

    async def _mind_guessing(self, caller: Caller, user: User) -> None:
        """Count and record addresses that another company has. Raises Conflict, TooMany."""
        if caller.may(Action.CHOOSE_TENANT):
            return
        known = await self.storage.directory.credentials(user.email)
        async with self.storage.tenant(user.tenant_id) as uow:
            await uow.refused_emails.require_room(MOST_REFUSED_EMAILS)
            if known is None or known.user.tenant_id == user.tenant_id:
                return
            await uow.refused_emails.record(user.email)
            await uow.commit()
        raise Conflict("email_taken", f"the e-mail address is in use: {user.email}")

    async def _require_open(self, caller: Caller, tenant_id: TenantId) -> None:
        if not caller.may(Action.CHOOSE_TENANT) or (await self.storage.directory.tenant(tenant_id)).is_removed:
            raise NotFound("company", tenant_id)


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """Change a user. Who is dismissed hands over their conversations; who joins a department serves its queue. A new
    role ends their sign-ins."""

    storage: Storage
    clock: Clock
    redistribute: RedistributeConversations
    serve_queue: ServeQueue

    async def __call__(self, caller: Caller, user_id: UserId, changes: UserChanges) -> User:
        """Change and return the user. Raises NotFound, Invalid, Conflict (the department is full, nobody would
        administer the company, or the hub)."""
        caller.require(Action.MANAGE_USERS)
        if changes.role is not None:
            _may_grant(caller, changes.role)
        async with self.storage.tenant(caller.tenant_id) as uow:
            joins = None if changes.department_id is UNCHANGED else changes.department_id
            if joins:
                await uow.departments.lock([joins])
            user = await uow.users.get(user_id)
            may_change(caller, user)
            if changes.is_active and not user.is_active:
                caller.require_powers_of(user.role)
            if joins and joins != user.department_id:
                await _require_room(uow, joins)
            role, was_active = user.role, user.is_active
            self._apply(user, changes)
            await self._require_another(uow, user, role if was_active else None)
            await uow.users.save([user])
            await self._end_sign_ins(uow, user, role)
            await uow.commit()
        if user.hands_over:
            await self.redistribute(caller.tenant_id, user.id)
        if user.online_status is OnlineStatus.ONLINE and user.department_id:
            await self.serve_queue(caller.tenant_id, user.department_id)
        return user

    async def _require_another(self, uow: UnitOfWork, user: User, former: Role | None) -> None:
        """Somebody must go on administering what `user` administered, in the role that was in force until now."""
        if former is Role.MASTER and not (user.is_active and user.role is Role.MASTER):
            await self._require_another_master(uow, user)
        if former is Role.ADMIN and not (user.is_active and user.role is not Role.AGENT):
            await uow.users.lock_administrators()
            if not await uow.users.has_administrator(other_than=user.id):
                raise Conflict("last_admin", "the company needs an active ADMIN: make another one first")

    async def _require_another_master(self, uow: UnitOfWork, user: User) -> None:
        await uow.users.lock_masters()
        if not await self.storage.directory.has_master(other_than=user.id):
            raise Conflict("last_master", "the hub needs an active MASTER: make another one first")

    async def _end_sign_ins(self, uow: UnitOfWork, user: User, former: Role) -> None:
        if not user.is_active or user.role is not former:
            reason = EndReason.ROLE_CHANGED if user.is_active else EndReason.DISMISSED
            await uow.sign_ins.end_all(user.id, self.clock(), reason)

    def _apply(self, user: User, changes: UserChanges) -> None:
        if changes.name is not None:
            user.rename(changes.name)
        user.role = changes.role or user.role
        user.skills = user.skills if changes.skills is None else checked(changes.skills, "skills")
        if changes.department_id is not UNCHANGED:
            user.department_id = changes.department_id
        if changes.max_conversations is not UNCHANGED:
            user.max_conversations = _bound(changes.max_conversations)
        if changes.is_active is not None:
            user.is_active = changes.is_active
            if not user.is_active:
                user.set_presence(OnlineStatus.OFFLINE, self.clock())
                user.hands_over = True


def _bound(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= 10_000:
        raise Invalid.field("max_conversations", "must be from 0 to 10000")
    return value


def _may_grant(caller: Caller, role: Role) -> None:
    if role is Role.MASTER and caller.role is not Role.MASTER:
        raise Invalid.field("role", "must be ADMIN or AGENT")
    caller.require_powers_of(role)


def may_change(caller: Caller, user: User) -> None:
    """Raise Forbidden where a caller who is not MASTER would change a MASTER."""
    if user.role is Role.MASTER and caller.role is not Role.MASTER:
        raise Forbidden(Action.MANAGE_TENANTS)


async def _require_room(uow: UnitOfWork, department_id: DepartmentId) -> None:
    """Check that there is room: a department has at most `max_agents` users; its lock makes the count hold."""
    await uow.departments.lock([department_id])
    try:
        department = await uow.departments.get(department_id)
    except NotFound:
        raise Invalid.field("department_id", "there is no such department") from None
    if await uow.users.count(department_id) >= department.max_agents:
        raise Conflict("department_full", f"{department.name} has its {department.max_agents} users")
