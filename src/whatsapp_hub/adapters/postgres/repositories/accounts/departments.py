"""Departments, in the order of the menu."""

import json
from collections.abc import Iterable
from typing import Any

import asyncpg

from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.adapters.postgres.repositories.service_columns import level_of, stored_level
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import DepartmentId
from whatsapp_hub.domain.service.hours import Hours

_FIXED = ("id", "tenant_id", "created_at")
_MUTABLE = (
    *("name", "slug", "color", "is_root", "response_timeout_minutes", "max_agents"),
    *("max_conversations", "last_agent_first", "prefers_skills", "hours", "level"),
)
_NAMES = (*_FIXED, *_MUTABLE)
_COLUMNS = ", ".join(_NAMES)
SELECT = f"""
    SELECT {_COLUMNS}, (SELECT t.hours FROM hub.tenants t WHERE t.id = hub.tenant()) AS open_hours,
      (SELECT t.level FROM hub.tenants t WHERE t.id = hub.tenant()) AS usual_level FROM departments"""
ALL = f"{SELECT} ORDER BY created_at, id"
ONE = f"{SELECT} WHERE id = $1"
_LOCK_ALL = "SELECT FROM departments ORDER BY id FOR NO KEY UPDATE"
_LOCK = "SELECT FROM departments WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
_ADD = f"INSERT INTO departments ({_COLUMNS}) VALUES ({', '.join(f'${n}' for n in range(1, len(_NAMES) + 1))})"
_SAVE = f"""
    UPDATE departments SET {", ".join(f"{name} = ${n}" for n, name in enumerate(_MUTABLE, start=2))} WHERE id = $1"""
_IN_USE = """
    SELECT CASE
      WHEN EXISTS (SELECT FROM users WHERE department_id = $1) THEN 'users belong to it'
      WHEN EXISTS (SELECT FROM conversations WHERE department_id = $1 AND status IN ('OPEN', 'ASSIGNED'))
        THEN 'live conversations belong to it' END"""
_REMOVE = "DELETE FROM departments WHERE id = $1"


def department_of(row: Any) -> Department:
    """Build a department from its row, the company's hours and service level beside its own."""
    values = dict(row)
    for name in ("hours", "open_hours"):
        values[name] = hours_of(values[name])
    for name in ("level", "usual_level"):
        values[name] = level_of(values[name])
    return Department(**values)


def hours_of(stored: str | None) -> Hours | None:
    """Read opening hours as they are stored (JSON)."""
    return Hours.read(json.loads(stored)) if stored else None


def stored_hours(hours: Hours | None) -> str | None:
    """Encode opening hours as they are stored (JSON)."""
    return json.dumps(hours.shown()) if hours else None


def _values(department: Department, names: Iterable[str]) -> list[object]:
    stored = {"hours": stored_hours(department.hours), "level": stored_level(department.level)}
    return [stored[name] if name in stored else getattr(department, name) for name in names]


def _taken(error: asyncpg.UniqueViolationError, department: Department) -> Conflict:
    if error.constraint_name == "one_root_department":
        return Conflict("second_root", "another department is the root")
    return Conflict("slug_taken", f"another department has the slug {department.slug!r}")


class PostgresDepartments:
    """Departments of the transaction's tenant."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def all(self) -> list[Department]:
        """Read all with the company's hours and service level."""
        return [department_of(row) for row in await self._connection.fetch(ALL, of=("departments", "tenants"))]

    async def lock_all(self) -> None:
        """Lock the rows of all departments, by id."""
        await self._connection.execute(_LOCK_ALL, of=("departments",))

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        """Lock these departments' rows, by id, so that two transactions cannot block each other."""
        await self._connection.execute(_LOCK, list(department_ids))

    async def get(self, department_id: DepartmentId) -> Department:
        """Read one, unlocked. Raises NotFound."""
        row = await self._connection.fetchrow(ONE, department_id)
        if row is None:
            raise NotFound("department", department_id)
        return department_of(row)

    async def add(self, department: Department) -> None:
        """Insert it. Raises Conflict by the index that was hurt: slug or root."""
        await self._write(department, _ADD, *_values(department, _NAMES))

    async def save(self, department: Department) -> None:
        """Update what can change. Raises Conflict as `add`."""
        await self._write(department, _SAVE, department.id, *_values(department, _MUTABLE))

    async def _write(self, department: Department, statement: str, *values: object) -> None:
        try:
            await self._connection.execute(statement, *values)
        except asyncpg.UniqueViolationError as error:
            raise _taken(error, department) from error

    async def remove(self, department_id: DepartmentId) -> None:
        """Lock and delete it. Raises Conflict with what still belongs to it."""
        await self.lock([department_id])
        if reason := await self._connection.fetchval(_IN_USE, department_id):
            raise Conflict("department_in_use", reason)
        await self._connection.execute(_REMOVE, department_id)
