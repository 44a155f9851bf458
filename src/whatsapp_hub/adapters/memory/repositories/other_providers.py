"""Providers of sessions besides their present ones."""

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.moving import OtherProvider, OtherRole, is_restricted

Key = tuple[SessionId, OtherRole, str]
OTHER_PROVIDERS: Table[Key, OtherProvider] = Table("session_providers")


class MemoryOtherProviders:
    """Implements `OtherProviders`. Settings are not sealed: nothing leaves the process."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def keep(self, other: OtherProvider) -> None:
        if other.role is OtherRole.PLANNED:
            await self.cancel(other.session_id)
        await self._rows.put(OTHER_PROVIDERS, _key(other), other)

    async def beside(self, session_id: SessionId, provider: str) -> OtherProvider | None:
        roles = (OtherRole.ARRIVING, OtherRole.LEFT)
        found = [self._rows.peek(OTHER_PROVIDERS, (session_id, role, provider)) for role in roles]
        return next((o for o in found if o and (o.until is None or o.until > self._rows.now)), None)

    async def arrived(self, session_id: SessionId) -> None:
        await self._rows.drop_where(
            OTHER_PROVIDERS, lambda o: (o.session_id, o.role) == (session_id, OtherRole.ARRIVING), _key
        )

    async def planned(self, session_id: SessionId) -> OtherProvider | None:
        return next((o for o in self._rows.each(OTHER_PROVIDERS) if _is_plan(o, session_id)), None)

    async def cancel(self, session_id: SessionId) -> bool:
        planned = await self.planned(session_id)
        if planned is None:
            return False
        await self._rows.drop(OTHER_PROVIDERS, _key(planned))
        return True

    async def due(self, limit: int) -> list[SessionId]:
        planned = [o.session_id for o in self._rows.each(OTHER_PROVIDERS) if o.role is OtherRole.PLANNED]
        sessions = [self._rows.peek(SESSIONS, id) for id in sorted(planned)]
        return [s.id for s in sessions if s and is_restricted(s.status, s.status_reason)][:limit]


def _key(other: OtherProvider) -> Key:
    return other.session_id, other.role, other.provider


def _is_plan(other: OtherProvider, session_id: SessionId) -> bool:
    return other.role is OtherRole.PLANNED and other.session_id == session_id
