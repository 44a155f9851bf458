"""Send a socket that joins a session its current state, before any later event.

The rooms are entered before the state is read, so that no change is missed; after a change meanwhile the state is read
again, so that an older state never follows a newer event.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from whatsapp_hub.adapters.contracts.events.sockets import Emission
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.session_events import (
    CLIENTS,
    present_client,
    present_life,
    shown_session,
)
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.application.reading.sessions import SessionFinder
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId

LOOK_APART_S = 0.01
AWAY_S = 0.5

log = structlog.get_logger(__name__)


class PresentState:
    """`live`: the position of the last event sent to all. `changes`: how many of a session were sent."""

    def __init__(
        self,
        server: Server,
        finder: SessionFinder,
        live: Callable[[], int | None],
        changes: Callable[[SessionId], int],
    ) -> None:
        self._server = server
        self._finder = finder
        self._live = live
        self._changes = changes

    async def __call__(self, sid: str, namespace: str, tenant_id: TenantId, sessions: Iterable[SessionId]) -> None:
        """Send the states to one socket, which is in the sessions' rooms already. Waits for an unavailable database."""
        for session_id in sessions:
            while self._is_here(sid, namespace):
                try:
                    if await self._send_state(sid, namespace, tenant_id, session_id):
                        break
                except Unavailable:
                    log.warning("socket waits for the session's state")
                    await asyncio.sleep(AWAY_S)

    async def _send_state(self, sid: str, namespace: str, tenant_id: TenantId, session_id: SessionId) -> bool:
        """Send the session's state. False if it changed while it was read."""
        changes, position = self._changes(session_id), await self._position()
        session = await self._finder.named(tenant_id, str(session_id))
        if session is None:
            return True
        state = shown_session(session)
        await asyncio.to_thread(data_url, state.qr_code)  # drawn off the loop; it is cached
        if self._changes(session_id) != changes:
            return False
        events = present_client(state) if namespace == CLIENTS else present_life(state)
        for name, payload in events:
            self._emit(sid, Emission(name, {**payload, "position": position}, namespace))
        return True

    async def _position(self) -> int:
        while (position := self._live()) is None:
            await asyncio.sleep(LOOK_APART_S)
        return position

    def _is_here(self, sid: str, namespace: str) -> bool:
        return self._server.is_here(sid, namespace)

    def _emit(self, sid: str, emission: Emission) -> None:
        self._server.emit_to(sid, emission)
