"""CreateDepartment, UpdateDepartment, DeleteDepartment."""

from dataclasses import dataclass, field

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.unset import UNCHANGED, Unchanged
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.quotas import Quota
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.ids import DepartmentId
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import LevelChanges

_CLEARABLE = frozenset({"max_conversations", "hours"})


@dataclass(frozen=True, slots=True)
class DepartmentChanges:
    """None: leave it as it is (or, for a new one, the default); for hours and the bound it clears them. `level`: what
    was given of the service level, null among it, which leaves it to the company."""

    name: str | None = None
    slug: str | None = None
    color: str | None = None
    is_root: bool | None = None
    response_timeout_minutes: int | None = None
    max_agents: int | None = None
    last_agent_first: bool | None = None
    prefers_skills: bool | None = None
    max_conversations: int | Unchanged | None = UNCHANGED
    hours: Hours | Unchanged | None = UNCHANGED
    level: LevelChanges = field(default_factory=LevelChanges)

    def onto(self, department: Department) -> None:
        """Set what was sent. Raises Invalid with every bad field, and then changes nothing that is stored."""
        department.level = department.level.changed(self.level)
        for name in set(self.__slots__) - {"level"}:
            value = getattr(self, name)
            keeps = value is UNCHANGED if name in _CLEARABLE else value is None
            if not keeps:
                setattr(department, name, value)
        department.check()


@dataclass(frozen=True, slots=True)
class CreateDepartment:
    """Create a department at the end of the menu."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, name: str, slug: str, more: DepartmentChanges) -> Department:
        """Store and return the department. Raises Invalid, Conflict (the slug is taken, there is a root already, the
        quota)."""
        caller.require(Action.MANAGE_DEPARTMENTS)
        department = Department(DepartmentId(self.new_id()), caller.tenant_id, name, slug, self.clock())
        more.onto(department)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.quotas.require_room(Quota.DEPARTMENTS)
            await uow.departments.add(department)
            await uow.commit()
        return department


@dataclass(frozen=True, slots=True)
class UpdateDepartment:
    """Change a department's name, limits or hours."""

    storage: Storage

    async def __call__(self, caller: Caller, department_id: DepartmentId, changes: DepartmentChanges) -> Department:
        """Store and return the changed department. Raises NotFound, Invalid, Conflict (also: more users than the new
        bound)."""
        caller.require(Action.MANAGE_DEPARTMENTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.departments.lock([department_id])
            department = await uow.departments.get(department_id)
            changes.onto(department)
            if await uow.users.count(department_id) > department.max_agents:
                raise Conflict("department_full", "the department has more users than that")
            await uow.departments.save(department)
            await uow.commit()
        return department


@dataclass(frozen=True, slots=True)
class DeleteDepartment:
    """Delete a department that nobody belongs to and no live conversation waits in."""

    storage: Storage

    async def __call__(self, caller: Caller, department_id: DepartmentId) -> None:
        """Delete the department. Raises NotFound, Conflict while users or live conversations belong to it."""
        caller.require(Action.MANAGE_DEPARTMENTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.departments.lock([department_id])
            await uow.departments.get(department_id)
            await uow.departments.remove(department_id)
            await uow.commit()
