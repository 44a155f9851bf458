"""Sessions, with their sealed settings, webhook routes and pace of sends."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
from cachetools import LRUCache

from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.application.ports.storage.sessions import SessionHistory
from whatsapp_hub.domain.conversations.bot import Bot
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

_COLUMNS = (
    *("id", "tenant_id", "key", "name", "provider", "routing", "created_at", "updated_at", "agent_id", "user_id"),
    *(
        "owner",
        "department_id",
        "phone_number",
        "status",
        "status_reason",
        "is_active",
        "qr_code",
        "webhook_url",
        "bot",
    ),
)
_PLACES = ", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 2))
_REST = ", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 1))
SELECT = f"SELECT {', '.join(_COLUMNS)}, settings FROM hub.sessions"
# A row's version, which claims of a session's work read along (`VERSION_OF`): a process that has read that version need
# not read the row again. Every change of a row makes a new one.
_VERSION = "xmin::text::bigint"
VERSION_OF = f"(SELECT {_VERSION} FROM hub.sessions WHERE id = {{id}}) AS session_version"
_PEEK = f"SELECT {', '.join(_COLUMNS)}, settings, {_VERSION} AS version FROM hub.sessions WHERE id = ANY($1::uuid[])"
_STARTED_WITH = "SELECT id FROM hub.sessions WHERE phone_number = $1 AND is_active ORDER BY name"
_ADD = f"INSERT INTO hub.sessions ({', '.join(_COLUMNS)}, settings) VALUES ({_PLACES})"
_SAVE = f"UPDATE hub.sessions SET ({', '.join(_COLUMNS)}, settings) = ROW({_PLACES}) WHERE id = $1"
# Unchanged settings are not written: they may have been sealed anew since they were read.
_SAVE_REST = f"UPDATE hub.sessions SET ({', '.join(_COLUMNS)}) = ROW({_REST}) WHERE id = $1"
_REMOVE = "WITH gone AS (DELETE FROM templates WHERE session_id = $1) DELETE FROM hub.sessions WHERE id = $1"

# Before `hold_until` no lane of the session is claimed; infinity while the session cannot send.
_ADD_PACE = """
    INSERT INTO hub.paces (session_id, tenant_id, provider, hold_until)
    VALUES ($1, $2, $3, CASE WHEN $4 THEN timestamptz '-infinity' ELSE 'infinity' END)"""
_HOLD = "UPDATE hub.paces SET hold_until = 'infinity' WHERE session_id = $1"
_FREE = "UPDATE hub.paces SET hold_until = '-infinity' WHERE session_id = $1 AND hold_until = 'infinity'"
_MOVE = (
    "UPDATE hub.paces SET provider = $2, paced_until = '-infinity' WHERE session_id = $1",
    """WITH locked AS (SELECT chat FROM hub.lanes WHERE session_id = $1 ORDER BY session_id, chat FOR NO KEY UPDATE)
       UPDATE hub.lanes l SET provider = $2, slot_at = NULL, paced_until = '-infinity'
       FROM locked WHERE l.session_id = $1 AND l.chat = locked.chat""",
    "DELETE FROM hub.lines WHERE session_id = $1 AND provider <> $2",  # its holder disconnects
)
_DROP_ROUTES = "DELETE FROM hub.session_routes WHERE session_id = $1"
_ADD_ROUTES = """
    INSERT INTO hub.session_routes (provider, route, session_id, tenant_id)
    SELECT DISTINCT $1, route, $2::uuid, $3::uuid FROM unnest($4::text[]) AS route"""


_REMEMBERED = 10_000

Saw = Callable[[SessionId, int], None]
"""Called with the version that a session had when work of it was claimed."""

_decode = msgspec.json.Decoder(Bot).decode


def _value(session: Session, name: str) -> object:
    value = getattr(session, name)
    return msgspec.json.encode(value).decode() if isinstance(value, Bot) else value


def session_of(row: Any, vault: SettingsVault) -> Session:
    """Build a session from a row (`SELECT`), opening its settings."""
    values = dict(row)
    values.pop("version", None)
    values["routing"], values["status"] = Routing(values["routing"]), SessionStatus(values["status"])
    values["bot"] = _decode(values["bot"]) if values["bot"] else None
    values["settings"] = vault.open(values["id"], values["provider"], values["settings"])
    return Session(**values)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The stored state when the session was read."""

    provider: str
    settings: object
    may_send: bool


class SessionRows:
    """A process's cache of session rows, by session and version."""

    def __init__(self) -> None:
        self._rows: LRUCache[SessionId, Any] = LRUCache(_REMEMBERED)

    def keep(self, row: Any) -> None:
        """Remember a row for transactions that find its version unchanged."""
        self._rows[row["id"]] = row

    def of(self, session_id: SessionId, version: int | None) -> Any:
        """Return the row if it was read in this version, else None."""
        row = self._rows.get(session_id)
        return row if row is not None and row["version"] == version else None


class PostgresSessions:
    """Implements `Sessions`."""

    def __init__(
        self, connection: Any, vault: SettingsVault, rows: SessionRows, events: list[Event], history: SessionHistory
    ) -> None:
        self._connection = connection
        self._history = history
        self._vault = vault
        self._rows = rows
        self._events = events
        self._versions: dict[SessionId, int] = {}
        self._stored: dict[SessionId, _Stored] = {}

    def saw(self, session_id: SessionId, version: int) -> None:
        """Record the session's version that this transaction read."""
        self._versions[session_id] = version

    async def get(self, session_id: SessionId) -> Session:
        """Read and lock one. Raises NotFound."""
        self._versions.pop(session_id, None)  # it may be another once the lock is ours
        row = await self._connection.fetchrow(f"{SELECT} WHERE id = $1 FOR NO KEY UPDATE", session_id)
        if row is None:
            raise NotFound("session", session_id)
        return self._loaded(row)

    async def by_key(self, key: str) -> Session | None:
        """Read one by the client's key, unlocked."""
        row = await self._connection.fetchrow(f"{SELECT} WHERE tenant_id = hub.tenant() AND key = $1", key)
        return session_of(row, self._vault) if row else None

    async def peek(self, session_ids: Iterable[SessionId]) -> dict[SessionId, Session]:
        """Read sessions, unlocked; rows of an unchanged version come from this process's memory."""
        wanted = list(session_ids)
        rows = [row for id in wanted if (row := self._rows.of(id, self._versions.get(id)))]
        if len(rows) < len(wanted):
            rows = await self._connection.fetch(_PEEK, wanted)
            for row in rows:
                self._rows.keep(row)
        return {row["id"]: self._loaded(row) for row in rows}

    async def started_with(self, phone_number: str) -> list[Session]:
        ids = [row["id"] for row in await self._connection.fetch(_STARTED_WITH, phone_number)]
        found = await self.peek(ids) if ids else {}
        return [found[id] for id in ids if id in found]

    def _loaded(self, row: Any) -> Session:
        session = session_of(row, self._vault)
        self._remember(session)
        return session

    async def add(self, session: Session) -> None:
        """Insert session, pace and webhook routes. Raises Conflict."""
        self._events += session.take_events()
        sealed = self._vault.seal(session.id, session.provider, session.settings)
        await self._write(_ADD, session, sealed)
        await self._connection.execute(_ADD_PACE, session.id, session.tenant_id, session.provider, session.may_send)
        await self._write_routes(session)
        await self._history.add(session.id, session.take_history())
        self._remember(session)

    async def save(self, session: Session) -> None:
        """Save a session, which must come from this unit of work."""
        self._events += session.take_events()
        was = self._stored[session.id]
        self._versions.pop(session.id, None)
        reset = session.provider != was.provider or session.settings != was.settings
        if reset:
            await self._write(_SAVE, session, self._vault.seal(session.id, session.provider, session.settings))
        else:
            await self._write(_SAVE_REST, session)
        if session.provider != was.provider:
            for statement in _MOVE:
                await self._connection.execute(statement, session.id, session.provider)
        if reset:
            await self._connection.execute(_DROP_ROUTES, session.id)
            await self._write_routes(session)
        if session.may_send != was.may_send:
            await self._connection.execute(_FREE if session.may_send else _HOLD, session.id)
        await self._history.add(session.id, session.take_history())
        self._remember(session)

    async def remove(self, session_id: SessionId) -> None:
        """Delete a session with its routes, pace, lanes, early receipts and templates."""
        await self._connection.execute(_REMOVE, session_id)

    def _remember(self, session: Session) -> None:
        self._stored[session.id] = _Stored(session.provider, session.settings, session.may_send)

    async def _write(self, statement: str, session: Session, *sealed: bytes) -> None:
        try:
            await self._connection.execute(statement, *(_value(session, name) for name in _COLUMNS), *sealed)
        except asyncpg.UniqueViolationError as error:
            raise _taken(session, error.constraint_name) from error

    async def _write_routes(self, session: Session) -> None:
        if routes := self._vault.routes(session.provider, session.settings):
            await self._connection.execute(_ADD_ROUTES, session.provider, session.id, session.tenant_id, list(routes))


def _taken(session: Session, constraint: str | None) -> Conflict:
    if constraint == "one_instance_a_name":
        return Conflict("session_exists", f"user_id {session.owner!r} has an instance {session.name!r} already")
    return Conflict("session_exists", f"a session {session.key!r} exists already")
