"""Repositories of departments and users."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.ids import (
    DepartmentId,
    UserId,
)


class Departments(Protocol):
    async def all(self) -> list[Department]:
        """In the menu's order: the older first."""
        ...

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        """Nobody else assigns in these departments until the transaction ends."""
        ...

    async def lock_all(self) -> None:
        """The same of all that the tenant has."""
        ...

    async def get(self, department_id: DepartmentId) -> Department:
        """Raises NotFound."""
        ...

    async def add(self, department: Department) -> None:
        """Raises Conflict: a slug twice, a second root."""
        ...

    async def save(self, department: Department) -> None: ...

    async def remove(self, department_id: DepartmentId) -> None:
        """Raises Conflict while users or live conversations belong to it."""
        ...


class Users(Protocol):
    async def get(self, user_id: UserId) -> User:
        """Locks. Raises NotFound."""
        ...

    async def peek(self, user_id: UserId) -> User:
        """Unlocked. Raises NotFound."""
        ...

    async def candidate(self, user_id: UserId) -> Candidate:
        """The user with their load, unlocked. Raises NotFound."""
        ...

    async def silent_since(self, before: datetime) -> list[User]:
        """Who is not OFFLINE and was last heard of earlier than that, locked; skips locked ones."""
        ...

    async def leaving(self) -> list[UserId]:
        """Who left and still holds what is to be given to others."""
        ...

    async def candidates(self, department_id: DepartmentId | None) -> list[Candidate]:
        """The active users of a department (None: of the tenant) with their loads."""
        ...

    async def add(self, user: User) -> None:
        """Raises Conflict: the e-mail is taken, in any tenant."""
        ...

    async def save(self, users: Sequence[User]) -> None: ...

    async def count(self, department_id: DepartmentId) -> int: ...

    async def all(self) -> list[User]:
        """Everybody of the tenant, by e-mail."""
        ...

    async def lock_administrators(self) -> None:
        """Nobody else takes the rights of an ADMIN of the tenant away until the transaction ends."""
        ...

    async def has_administrator(self, other_than: UserId) -> bool:
        """Whether anybody else, who is active, is ADMIN (or MASTER) of the tenant."""
        ...

    async def lock_masters(self) -> None:
        """Nobody else, in any tenant, takes a MASTER's rights away until the transaction ends."""
        ...
