"""Sessions, their pairings, the environment's number, and idempotency keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table, copied
from whatsapp_hub.adapters.memory.repositories.other_providers import OTHER_PROVIDERS
from whatsapp_hub.adapters.memory.repositories.session_history import SESSION_HISTORY
from whatsapp_hub.adapters.memory.repositories.templates import TEMPLATES
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS
from whatsapp_hub.adapters.memory.tables.entities import CONVERSATIONS, SESSIONS
from whatsapp_hub.adapters.memory.tables.lanes import LANES, PACES, Pace
from whatsapp_hub.adapters.memory.tables.receipts import RECEIPTS
from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.application.ports.storage.sessions import SessionHistory
from whatsapp_hub.domain.errors import Conflict, KeyReused, NotFound
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.ids import MessageId, SessionId
from whatsapp_hub.domain.sessions.pairing import Pairing
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class KeptPairing:
    """`look_at`: when its next step is due."""

    session_id: SessionId
    pairing: Pairing
    look_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    request_hash: bytes
    message_id: MessageId
    created_at: datetime


PAIRINGS: Table[SessionId, KeptPairing] = Table("pairings")
ENVIRONMENT: Table[str, EnvironmentMark] = Table("environment_number")
IDEMPOTENCY_KEYS: Table[tuple[str, str], IdempotencyKey] = Table("idempotency_keys")
_KEY_LIVES = timedelta(hours=24)


class MemorySessions:
    """Implements `Sessions`. Settings are not sealed: nothing leaves the process."""

    def __init__(self, rows: Rows, events: list[Event], history: SessionHistory) -> None:
        self._rows = rows
        self._events = events
        self._history = history

    async def get(self, session_id: SessionId) -> Session:
        if (found := await self._rows.get(SESSIONS, session_id)) is None:
            raise NotFound("session", session_id)
        return found

    async def by_key(self, key: str) -> Session | None:
        return next((copied(s) for s in self._rows.each(SESSIONS) if s.key == key), None)

    async def peek(self, session_ids: Iterable[SessionId]) -> dict[SessionId, Session]:
        found = ((id, self._rows.peek(SESSIONS, id)) for id in session_ids)
        return {id: session for id, session in found if session}

    async def started_with(self, phone_number: str) -> list[Session]:
        found = [s for s in self._rows.each(SESSIONS) if s.is_active and s.phone_number == phone_number]
        return [copied(session) for session in sorted(found, key=lambda one: one.name)]

    async def add(self, session: Session) -> None:
        self._events += session.take_events()
        noted = session.take_history()
        await self._require_free(session)
        await self._rows.put(SESSIONS, session.id, session)
        await self._history.add(session.id, noted)
        pace = Pace(session.id, session.provider)
        await self._rows.put(PACES, session.id, pace if session.may_send else pace.on_hold())

    async def save(self, session: Session) -> None:
        self._events += session.take_events()
        noted = session.take_history()
        await self._require_free(session)
        if (was := await self._rows.get(SESSIONS, session.id)) is None:
            return
        await self._rows.put(SESSIONS, session.id, session)
        await self._history.add(session.id, noted)
        if session.provider != was.provider:
            await self._change_provider(session)
        if session.may_send != was.may_send and (pace := await self._rows.get(PACES, session.id)):
            await self._rows.put(PACES, session.id, pace.resumed() if session.may_send else pace.on_hold())

    async def _change_provider(self, session: Session) -> None:
        if pace := await self._rows.get(PACES, session.id):
            await self._rows.put(PACES, session.id, pace.moved(session.provider))
        for lane in [lane for lane in self._rows.each(LANES) if lane.key.session_id == session.id]:
            await self._rows.put(LANES, lane.key, lane.moved(session.provider))
        connection = self._rows.peek(CONNECTIONS, session.id)
        if connection and connection.provider != session.provider:
            await self._rows.drop(CONNECTIONS, session.id)  # its holder disconnects

    async def remove(self, session_id: SessionId) -> None:
        """Delete a session with its pace, lanes, connection, pairing, history and early receipts."""
        await self._rows.drop(SESSIONS, session_id)
        await self._rows.drop(PACES, session_id)
        await self._rows.drop(CONNECTIONS, session_id)
        await self._rows.drop(PAIRINGS, session_id)
        await self._rows.drop_where(
            OTHER_PROVIDERS,
            lambda kept: kept.session_id == session_id,
            lambda kept: (kept.session_id, kept.role, kept.provider),
        )
        await self._rows.drop_where(TEMPLATES, lambda kept: kept.session_id == session_id, lambda kept: kept.id)
        await self._rows.drop_where(
            SESSION_HISTORY, lambda kept: kept.session_id == session_id, lambda kept: kept.place
        )
        await self._rows.drop_where(LANES, lambda lane: lane.key.session_id == session_id, lambda lane: lane.key)
        await self._rows.drop_where(RECEIPTS, lambda kept: kept.session_id == session_id, lambda kept: kept.key)

    async def _require_free(self, session: Session) -> None:
        await self._rows.lock_name("session", session.key)
        others = [s for s in self._rows.each(SESSIONS) if s.id != session.id]
        if any(s.key == session.key for s in others):
            raise self._rows.refused(Conflict("session_exists", f"a session {session.key!r} exists already"))
        if session.owner is None:
            return
        await self._rows.lock_name("instance", session.owner, session.name)
        if any((s.owner, s.name) == (session.owner, session.name) for s in others):
            text = f"user_id {session.owner!r} has an instance {session.name!r} already"
            raise self._rows.refused(Conflict("session_exists", text))


class MemoryPairings:
    """Implements `Pairings`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def of(self, session_id: SessionId) -> Pairing | None:
        kept = await self._rows.get(PAIRINGS, session_id)
        return kept.pairing if kept else None

    async def save(self, session_id: SessionId, pairing: Pairing) -> None:
        await self._rows.put(PAIRINGS, session_id, KeptPairing(session_id, pairing, pairing.look_at))

    async def end(self, session_id: SessionId) -> None:
        await self._rows.drop(PAIRINGS, session_id)


class MemoryEnvironmentNumber:
    """Implements `EnvironmentNumber`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self) -> EnvironmentMark | None:
        mark = self._rows.peek(ENVIRONMENT, "")
        if mark and mark.session_id and self._rows.peek(SESSIONS, mark.session_id) is None:
            return EnvironmentMark(None, mark.sealed)
        return mark

    async def save(self, mark: EnvironmentMark) -> None:
        await self._rows.put(ENVIRONMENT, "", mark)

    async def is_unused(self, session_id: SessionId) -> bool:
        return all(c.session_id != session_id for c in self._rows.each(CONVERSATIONS))


class MemoryIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def claim(self, caller: str, key: str, request_hash: bytes, message_id: MessageId) -> MessageId | None:
        now, known = self._rows.now, await self._rows.get(IDEMPOTENCY_KEYS, (caller, key))
        if known is None or known.created_at < now - _KEY_LIVES:
            await self._rows.put(IDEMPOTENCY_KEYS, (caller, key), IdempotencyKey(request_hash, message_id, now))
            return None
        if known.request_hash != request_hash:
            raise KeyReused(f"the key {key!r} came with another request")
        return known.message_id
