"""Departments, in the order of the menu."""

from collections.abc import Iterable
from typing import Any

import asyncpg

from whatsapp_hub.domain.department import Department
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import DepartmentId

SELECT = """
    SELECT id, tenant_id, name, slug, created_at, color, is_root, response_timeout_minutes, max_agents
    FROM departments"""
ALL = f"{SELECT} ORDER BY created_at, id"
ONE = f"{SELECT} WHERE id = $1"
_LOCK = "SELECT FROM departments WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
_ADD = """
    INSERT INTO departments
      (id, tenant_id, name, slug, created_at, color, is_root, response_timeout_minutes, max_agents)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
_SAVE = """
    UPDATE departments SET name = $2, slug = $3, color = $4, is_root = $5, response_timeout_minutes = $6,
      max_agents = $7 WHERE id = $1"""
_IN_USE = """
    SELECT CASE
      WHEN EXISTS (SELECT FROM users WHERE department_id = $1) THEN 'users belong to it'
      WHEN EXISTS (SELECT FROM conversations WHERE department_id = $1 AND status IN ('OPEN', 'ASSIGNED'))
        THEN 'live conversations belong to it' END"""
_REMOVE = "DELETE FROM departments WHERE id = $1"


def department_of(row: Any) -> Department:
    return Department(**dict(row))


def _taken(error: asyncpg.UniqueViolationError) -> Conflict:
    if error.constraint_name == "one_root_department":
        return Conflict("second_root", "another department is the root")
    return Conflict("slug_taken", "another department has this slug")


class PostgresDepartments:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def all(self) -> list[Department]:
        return [department_of(row) for row in await self._connection.fetch(ALL)]

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        await self._connection.execute(_LOCK, list(department_ids))

    async def get(self, department_id: DepartmentId) -> Department:
        row = await self._connection.fetchrow(ONE, department_id)
        if row is None:
            raise NotFound("department", department_id)
        return department_of(row)

    async def add(self, department: Department) -> None:
        d = department
        fixed = (d.id, d.tenant_id, d.name, d.slug, d.created_at)
        try:
            await self._connection.execute(_ADD, *fixed, d.color, d.is_root, d.response_timeout_minutes, d.max_agents)
        except asyncpg.UniqueViolationError as error:
            raise _taken(error) from error

    async def save(self, department: Department) -> None:
        d = department
        try:
            await self._connection.execute(
                _SAVE, d.id, d.name, d.slug, d.color, d.is_root, d.response_timeout_minutes, d.max_agents
            )
        except asyncpg.UniqueViolationError as error:
            raise _taken(error) from error

    async def remove(self, department_id: DepartmentId) -> None:
        await self.lock([department_id])
        if reason := await self._connection.fetchval(_IN_USE, department_id):
            raise Conflict("department_in_use", reason)
        await self._connection.execute(_REMOVE, department_id)
