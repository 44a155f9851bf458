"""Users of a tenant, and how much each has to do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from whatsapp_hub.adapters.postgres.engine.bulk import Columns, array
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.domain.accounts.preferences import Preferences
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event, recorded
from whatsapp_hub.domain.ids import DepartmentId, UserId

_MUTABLE: dict[str, str | tuple[str, str]] = {
    "id": "uuid",
    "email": "text",
    "name": "text",
    "password_hash": "text",
    "role": "text",
    "online_status": "text",
    "is_active": "bool",
    "department_id": "uuid",
    "max_conversations": "int",
    "last_heartbeat": "timestamptz",
    "online_since": "timestamptz",
    "last_assigned_at": "timestamptz",
    "hands_over": "bool",
    "skills": ("text", "text[]"),
}
_ALL = Columns("hub.users", {"tenant_id": "uuid", "created_at": "timestamptz", **_MUTABLE})
_CHANGES = Columns("hub.users", _MUTABLE)
_INSERT, _SAVE = _ALL.insert(), Write("users", _CHANGES.update())

COLUMNS = ", ".join(f"u.{name}" for name in _ALL.names)
SELECT = f"SELECT {COLUMNS} FROM hub.users u"
_CANDIDATES = f"""
    SELECT {COLUMNS},
      (SELECT count(*) FROM assignments a WHERE a.user_id = u.id AND a.unassigned_at IS NULL) AS load,
      (SELECT d.max_conversations FROM departments d WHERE d.id = u.department_id) AS bound
    FROM hub.users u WHERE u.tenant_id = hub.tenant()"""
_OF_DEPARTMENT = f"{_CANDIDATES} AND u.is_active AND ($1::uuid IS NULL OR u.department_id = $1) ORDER BY u.id"
_CANDIDATE = f"{_CANDIDATES} AND u.id = $1"
_SILENT = f"""
    {SELECT} WHERE u.tenant_id = hub.tenant() AND u.online_status <> 'OFFLINE'
      AND coalesce(u.last_heartbeat, '-infinity') < $1
    ORDER BY u.id FOR NO KEY UPDATE SKIP LOCKED"""
_LEAVING = "SELECT id FROM hub.users WHERE tenant_id = hub.tenant() AND hands_over ORDER BY id"
_EVERYBODY = f"{SELECT} WHERE u.tenant_id = hub.tenant() ORDER BY u.email"
_ADMINISTRATOR = """
    SELECT EXISTS (SELECT FROM hub.users
      WHERE tenant_id = hub.tenant() AND id <> $1 AND is_active AND role IN ('ADMIN', 'MASTER'))"""
_COUNT = "SELECT count(*) FROM hub.users WHERE tenant_id = hub.tenant() AND department_id = $1"

_PREFERENCES = "SELECT preferences::text FROM hub.users WHERE id = $1"
_KEEP = "UPDATE hub.users SET preferences = $2::text::jsonb WHERE id = $1 RETURNING true"


def user_of(row: Any) -> User:
    """Build a user from its row."""
    values = {name: row[name] for name in _ALL.names}
    values["role"], values["online_status"] = Role(values["role"]), OnlineStatus(values["online_status"])
    values["skills"] = tuple(values["skills"])
    return User(**values)


def _row(user: User, columns: Columns) -> list[object]:
    values = [getattr(user, name) for name in columns.names]
    values[columns.names.index("skills")] = array(user.skills)
    return values


def _one_address(users: Sequence[User]) -> dict[str, Exception]:
    emails = ", ".join(user.email for user in users)
    return {"users_email_key": Conflict("email_taken", f"the e-mail address is in use: {emails}")}


class PostgresUsers:
    """Users of the transaction's tenant."""

    def __init__(self, connection: Statements, events: list[Event]) -> None:
        self._connection = connection
        self._events = events

    async def get(self, user_id: UserId) -> User:
        """Read and lock one. Raises NotFound."""
        row = await self._connection.fetchrow(f"{SELECT} WHERE id = $1 FOR NO KEY UPDATE", user_id, of=("users",))
        if row is None:
            raise NotFound("user", user_id)
        return user_of(row)

    async def peek(self, user_id: UserId) -> User:
        """Read one, unlocked. Raises NotFound."""
        row = await self._connection.fetchrow(f"{SELECT} WHERE id = $1", user_id)
        if row is None:
            raise NotFound("user", user_id)
        return user_of(row)

    async def candidate(self, user_id: UserId) -> Candidate:
        """Read one with the count of assigned conversations and the department's bound."""
        row = await self._connection.fetchrow(_CANDIDATE, user_id)
        if row is None:
            raise NotFound("user", user_id)
        return Candidate(user_of(row), row["load"], row["bound"])

    async def silent_since(self, before: datetime) -> list[User]:
        """Read and lock users without a recent heartbeat, skipping locked ones."""
        return [user_of(row) for row in await self._connection.fetch(_SILENT, before)]

    async def leaving(self) -> list[UserId]:
        """Read the ids of users who went offline with conversations."""
        return [row["id"] for row in await self._connection.fetch(_LEAVING)]

    async def candidates(self, department_id: DepartmentId | None) -> list[Candidate]:
        """Read active users with their loads in one statement."""
        rows = await self._connection.fetch(_OF_DEPARTMENT, department_id)
        return [Candidate(user_of(row), row["load"], row["bound"]) for row in rows]

    async def add(self, user: User) -> None:
        """Insert the user. Raises Conflict: the e-mail is taken."""
        self._events += user.take_events()
        try:
            await self._connection.execute(_INSERT, *_ALL.arrays([_row(user, _ALL)]))
        except asyncpg.UniqueViolationError as error:
            raise _one_address([user])["users_email_key"] from error

    async def save(self, users: Sequence[User]) -> None:
        """Update users by id, in one statement."""
        if not users:
            return
        self._events += recorded(users)
        ordered = sorted(users, key=lambda u: u.id)
        rows = _CHANGES.arrays(_row(u, _CHANGES) for u in ordered)
        await self._connection.defer(_SAVE, *rows, rows=[u.id for u in ordered], refused=_one_address(ordered))

    async def count(self, department_id: DepartmentId) -> int:
        """Count the department's users, inactive ones too."""
        count: int = await self._connection.fetchval(_COUNT, department_id)
        return count

    async def all(self) -> list[User]:
        """Read all by e-mail."""
        return [user_of(row) for row in await self._connection.fetch(_EVERYBODY)]

    async def lock_administrators(self) -> None:
        """Take the tenant's advisory lock of administrators."""
        await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(hub.tenant()::text, 7))")

    async def has_administrator(self, other_than: UserId) -> bool:
        """Whether another active user is ADMIN or MASTER."""
        found: bool = await self._connection.fetchval(_ADMINISTRATOR, other_than)
        return found

    async def preferences(self, user_id: UserId) -> Preferences:
        """Read them; what an older hub does not know is left out."""
        stored = await self._connection.fetchval(_PREFERENCES, user_id)
        if stored is None:
            raise NotFound("user", user_id)
        return msgspec.json.decode(stored, type=Preferences)

    async def keep_preferences(self, user_id: UserId, preferences: Preferences) -> None:
        """Update the column, which no other statement writes."""
        if not await self._connection.fetchval(_KEEP, user_id, msgspec.json.encode(preferences).decode()):
            raise NotFound("user", user_id)

    async def lock_masters(self) -> None:
        """Take the advisory lock of masters, one for the whole hub."""
        await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('masters', 5))")
