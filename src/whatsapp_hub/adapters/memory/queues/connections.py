"""Connections of sessions that hold a socket, in a tenant's unit of work."""

from dataclasses import replace

from whatsapp_hub.adapters.memory.engine.database import Rows
from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.adapters.memory.tables.commands import COMMANDS, StoredCommand
from whatsapp_hub.adapters.memory.tables.connections import CONNECTIONS, ConnectionRow, is_late
from whatsapp_hub.adapters.memory.tables.lanes import NEVER
from whatsapp_hub.application.ports.connections.connections import ConnectionRecord
from whatsapp_hub.application.ports.queues.commands import Command, CommandKind
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.connection import ConnectionState
from whatsapp_hub.domain.sessions.session import Session

_MOST_DIALS = 1_000_000
"""More than a connection has: its fences are its own."""


class MemoryConnections:
    """Implements `Connections`. `changed`: connectors may have something to do."""

    def __init__(self, rows: Rows) -> None:
        self.changed = False
        self._rows = rows

    async def of(self, session: Session) -> ConnectionRecord:
        row = await self._rows.get(CONNECTIONS, session.id)
        if row is None:
            fence = self._rows.next("first fences") * _MOST_DIALS
            state = ConnectionState(fence=fence, must_forget=await self._forgets_instead(session))
            row = ConnectionRow(session.id, session.provider, state)
            await self._rows.put(CONNECTIONS, session.id, row)
        code, reason = session.qr_code, session.status_reason
        state = replace(row.state, status=session.status, reason=reason, is_on=session.is_active, code=code)
        return ConnectionRecord(session.id, state, row.holder)

    async def _forgets_instead(self, session: Session) -> bool:
        """Drop what was ordered when the session left this provider; return whether there was such an order."""
        asked = (session.id, session.provider, CommandKind.FORGET)
        dropped = await self._rows.transaction.of(None).drop_where(
            COMMANDS,
            lambda stored: (stored.command.session_id, stored.command.provider, stored.command.order) == asked,
            lambda stored: stored.command.id,
        )
        return dropped > 0

    async def save(self, record: ConnectionRecord, session: Session) -> None:
        self.changed = True
        if (row := await self._rows.get(CONNECTIONS, record.session_id)) is None:
            return
        paired_at = (row.paired_at or self._rows.now) if record.state.has_paired else None
        kept = replace(row, state=record.state, is_wanted=record.state.is_wanted, paired_at=paired_at)
        await self._rows.put(CONNECTIONS, record.session_id, kept)

    async def forget_deleted(self, session: Session) -> None:
        self.changed = True
        if (row := self._rows.peek(CONNECTIONS, session.id)) is None:
            return
        command = Command(new_id(), session.tenant_id, session.id, session.provider, CommandKind.FORGET)
        stored = StoredCommand(command, self._rows.now, NEVER, for_connector=row.holder)
        await self._rows.transaction.of(None).put(COMMANDS, command.id, stored)

    async def late(self, limit: int) -> list[SessionId]:
        return [row.session_id for row in self._rows.each(CONNECTIONS) if is_late(self._rows, row)][:limit]
