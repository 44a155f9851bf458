"""Departments and users."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, copied
from whatsapp_hub.adapters.memory.tables.entities import (
    ASSIGNMENTS,
    CONVERSATIONS,
    DEPARTMENTS,
    PREFERENCES,
    TENANTS,
    USERS,
)
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.preferences import Preferences
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import DepartmentId, UserId


class MemoryDepartments:
    """Implements `Departments`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def all(self) -> list[Department]:
        """List them in the menu's order, with the company's hours and service level."""
        found = sorted(self._rows.each(DEPARTMENTS), key=lambda d: (d.created_at, d.id))
        return [self._with_company(d) for d in found]

    def _with_company(self, department: Department) -> Department:
        """Set the company's hours and service level, which hold where the department has none."""
        tenant_id = self._rows.tenant_id
        tenant = tenant_id and self._rows.transaction.of(None).peek(TENANTS, tenant_id)
        if not tenant:
            return copied(department)
        return replace(department, open_hours=tenant.hours, usual_level=tenant.level)

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        """Lock these departments by id, so that two transactions cannot block each other."""
        for id in sorted(set(department_ids)):
            await self._rows.lock(DEPARTMENTS, id)

    async def lock_all(self) -> None:
        """Lock all departments, by id."""
        await self.lock([d.id for d in self._rows.each(DEPARTMENTS)])

    async def get(self, department_id: DepartmentId) -> Department:
        """Return one, unlocked. Raises NotFound."""
        if (found := self._rows.peek(DEPARTMENTS, department_id)) is None:
            raise NotFound("department", department_id)
        return self._with_company(found)

    async def add(self, department: Department) -> None:
        """Store it. Raises Conflict: the slug is taken, or it is a second root."""
        await self._require_free(department)
        await self._rows.put(DEPARTMENTS, department.id, department)

    async def save(self, department: Department) -> None:
        """Store changes. Raises Conflict as `add`."""
        await self._require_free(department)
        await self._rows.save(DEPARTMENTS, department.id, department)

    async def _require_free(self, department: Department) -> None:
        others = (d for d in self._rows.each(DEPARTMENTS) if d.id != department.id)
        if department.is_root:
            await self._rows.lock_name("root department")
            if any(d.is_root for d in others):
                raise self._rows.refused(Conflict("second_root", "another department is the root"))
        await self._rows.lock_name("department", department.slug)
        if any(d.slug == department.slug and d.id != department.id for d in self._rows.each(DEPARTMENTS)):
            text = f"another department has the slug {department.slug!r}"
            raise self._rows.refused(Conflict("slug_taken", text))

    async def remove(self, department_id: DepartmentId) -> None:
        """Lock and delete it. Raises Conflict with what still belongs to it."""
        await self.lock([department_id])
        if any(u.department_id == department_id for u in self._rows.each(USERS)):
            raise Conflict("department_in_use", "users belong to it")
        if any(c.department_id == department_id and c.is_live for c in self._rows.each(CONVERSATIONS)):
            raise Conflict("department_in_use", "live conversations belong to it")
        await self._rows.drop(DEPARTMENTS, department_id)


class MemoryUsers:
    """Implements `Users`."""

    def __init__(self, rows: Rows, events: list[Event]) -> None:
        self._rows = rows
        self._events = events
        self._hub = rows.transaction.of(None)

    async def get(self, user_id: UserId) -> User:
        """Return and lock one. Raises NotFound."""
        if (found := await self._rows.get(USERS, user_id)) is None:
            raise NotFound("user", user_id)
        return found

    async def peek(self, user_id: UserId) -> User:
        """Return one, unlocked. Raises NotFound."""
        if (found := self._rows.peek(USERS, user_id)) is None:
            raise NotFound("user", user_id)
        return found

    async def candidate(self, user_id: UserId) -> Candidate:
        """Return one with the count of assigned conversations and the department's bound."""
        return self._candidate(await self.peek(user_id))

    def _candidate(self, user: User) -> Candidate:
        held = (a for _, a in self._rows.each(ASSIGNMENTS) if a.user_id == user.id and a.unassigned_at is None)
        department = user.department_id and self._rows.peek(DEPARTMENTS, user.department_id)
        return Candidate(copied(user), sum(1 for _ in held), department.max_conversations if department else None)

    async def silent_since(self, before: datetime) -> list[User]:
        """Return and lock users without a recent heartbeat, skipping locked ones."""
        silent = [u for u in self._rows.each(USERS) if _is_silent(u, before)]
        return [copied(u) for u in sorted(silent, key=lambda u: u.id) if self._rows.try_lock(USERS, u.id)]

    async def leaving(self) -> list[UserId]:
        """List users who went offline with conversations."""
        return sorted(u.id for u in self._rows.each(USERS) if u.hands_over)

    async def candidates(self, department_id: DepartmentId | None) -> list[Candidate]:
        found = [u for u in self._rows.each(USERS) if u.is_active and department_id in (None, u.department_id)]
        return [self._candidate(u) for u in sorted(found, key=lambda u: u.id)]

    async def add(self, user: User) -> None:
        self._events += user.take_events()
        await self._require_free(user)
        await self._rows.put(USERS, user.id, user)

    async def save(self, users: Sequence[User]) -> None:
        self._events += recorded(users)
        for user in sorted(users, key=lambda u: u.id):
            await self._require_free(user)
            await self._rows.save(USERS, user.id, user)

    async def _require_free(self, user: User) -> None:
        """Check that the address is free: one is one user's in the whole hub, since people log in with nothing else."""
        await self._hub.lock_name("e-mail", user.email)
        others = (other for _, other in self._rows.transaction.everywhere(USERS) if other.id != user.id)
        if any(other.email == user.email for other in others):
            raise self._rows.refused(Conflict("email_taken", f"the e-mail address is in use: {user.email}"))

    async def count(self, department_id: DepartmentId) -> int:
        return sum(u.department_id == department_id for u in self._rows.each(USERS))

    async def all(self) -> list[User]:
        return [copied(u) for u in sorted(self._rows.each(USERS), key=lambda u: u.email)]

    async def lock_administrators(self) -> None:
        await self._rows.lock_name("administrators")

    async def has_administrator(self, other_than: UserId) -> bool:
        may = (u for u in self._rows.each(USERS) if u.is_active and u.role in (Role.ADMIN, Role.MASTER))
        return any(u.id != other_than for u in may)

    async def preferences(self, user_id: UserId) -> Preferences:
        await self.peek(user_id)
        return self._rows.peek(PREFERENCES, user_id) or Preferences()

    async def keep_preferences(self, user_id: UserId, preferences: Preferences) -> None:
        await self.peek(user_id)
        await self._rows.put(PREFERENCES, user_id, preferences)

    async def lock_masters(self) -> None:
        await self._hub.lock_name("masters")


def _is_silent(user: User, before: datetime) -> bool:
    is_shown = user.online_status is not OnlineStatus.OFFLINE
    return is_shown and (user.last_heartbeat is None or user.last_heartbeat < before)
