"""Repositories of departments and users."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.preferences import Preferences
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.ids import (
    DepartmentId,
    UserId,
)


class Departments(Protocol):
    """A company's departments."""

    async def all(self) -> list[Department]:
        """List them in the menu's order: the older first."""
        ...

    async def lock(self, department_ids: Iterable[DepartmentId]) -> None:
        """Lock assignment in these departments until the transaction ends."""
        ...

    async def lock_all(self) -> None:
        """Lock assignment in all of the tenant's departments."""
        ...

    async def get(self, department_id: DepartmentId) -> Department:
        """Return it. Raises NotFound."""
        ...

    async def add(self, department: Department) -> None:
        """Store it. Raises Conflict: the slug is taken, or it is a second root."""
        ...

    async def save(self, department: Department) -> None:
        """Store changes. Raises Conflict: the slug is taken, or it is a second root."""
        ...

    async def remove(self, department_id: DepartmentId) -> None:
        """Delete it. Raises Conflict while users or live conversations belong to it."""
        ...


class Users(Protocol):
    """A company's users."""

    async def get(self, user_id: UserId) -> User:
        """Return it, locked. Raises NotFound."""
        ...

    async def peek(self, user_id: UserId) -> User:
        """Return it, unlocked. Raises NotFound."""
        ...

    async def candidate(self, user_id: UserId) -> Candidate:
        """Return the user with their load, unlocked. Raises NotFound."""
        ...

    async def silent_since(self, before: datetime) -> list[User]:
        """Return users who are not OFFLINE and whose last heartbeat is older, locked; skips locked ones."""
        ...

    async def leaving(self) -> list[UserId]:
        """Return users who went offline with conversations still to be reassigned."""
        ...

    async def candidates(self, department_id: DepartmentId | None) -> list[Candidate]:
        """Return the active users of a department (None: of the tenant) with their loads."""
        ...

    async def add(self, user: User) -> None:
        """Store it. Raises Conflict: the e-mail is taken, in any tenant."""
        ...

    async def save(self, users: Sequence[User]) -> None:
        """Store changes, and take the users' events."""
        ...

    async def count(self, department_id: DepartmentId) -> int:
        """Count the department's users, inactive ones too, for its bound `max_agents`."""
        ...

    async def all(self) -> list[User]:
        """List the tenant's users by e-mail."""
        ...

    async def lock_administrators(self) -> None:
        """Lock the removal of the tenant's ADMINs until the transaction ends."""
        ...

    async def has_administrator(self, other_than: UserId) -> bool:
        """Return whether another active user is ADMIN (or MASTER) of the tenant."""
        ...

    async def preferences(self, user_id: UserId) -> Preferences:
        """Return what the user has set. Raises NotFound."""
        ...

    async def keep_preferences(self, user_id: UserId, preferences: Preferences) -> None:
        """Store what the user has set. Raises NotFound."""
        ...

    async def lock_masters(self) -> None:
        """Lock the removal of MASTERs, in any tenant, until the transaction ends."""
        ...
