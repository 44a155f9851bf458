"""One packet to everybody in some rooms, encoded once, waiting for nobody.

python-socketio's own `emit` makes a task a client and lets a slow client's queue grow without bound; this
puts the same packet object into each queue and lets go of whoever does not read.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog
from engineio.packet import CLOSE, MESSAGE, Packet

from whatsapp_hub.adapters.contracts.views.sockets import Emission

MAX_WAITING = 1000
TOO_SLOW = Emission("error", {"code": "too_slow", "message": "you did not read; come back with auth.after"})

log = structlog.get_logger(__name__)


class Fanout:
    def __init__(self, server: Any, max_waiting: int = MAX_WAITING) -> None:
        self._server = server
        self._max_waiting = max_waiting
        self._leaving: set[asyncio.Task[None]] = set()

    def __call__(self, emission: Emission, rooms: Iterable[str], but: str | None = None) -> int:
        """Put it into the queues of those in any of the rooms (`but` one), once each; how many they were."""
        members = self.members(emission.namespace, rooms) - {but}
        if not members:
            return 0
        packet = Packet(MESSAGE, data=emission.packet)
        for eio_sid in members:
            self._put(eio_sid, packet)
        return len(members)

    def members(self, namespace: str, rooms: Iterable[str]) -> set[str]:
        """Transport ids of those in any of the rooms, connected in full."""
        present = self._server.manager.rooms.get(namespace, {})
        pending = set(self._server.manager.pending_connect.get(namespace, ()))
        found = (present[room].items() for room in rooms if room in present)
        return {eio_sid for pairs in found for sid, eio_sid in pairs if sid not in pending}

    def tell(self, eio_sid: str, emission: Emission) -> None:
        """To one of them only."""
        self._put(eio_sid, Packet(MESSAGE, data=emission.packet))

    def waiting(self, eio_sid: str) -> int:
        """How many packets wait for this one to read them."""
        socket = self._server.eio.sockets.get(eio_sid)
        return socket.queue.qsize() if socket else 0

    def _put(self, eio_sid: str, packet: Packet) -> None:
        socket = self._server.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.closed:
            return
        if socket.queue.qsize() >= self._max_waiting:
            self.let_go(eio_sid)
            return
        socket.queue.put_nowait(packet)

    def let_go(self, eio_sid: str, farewell: Emission = TOO_SLOW) -> None:
        """Forget what waits, say why, and close. Whoever comes back with `after` gets what was forgotten."""
        socket = self._server.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.closed:
            return
        log.warning("socket let go", waiting=socket.queue.qsize(), code=farewell.payload["code"])
        while not socket.queue.empty():
            socket.queue.get_nowait()
            socket.queue.task_done()
        for last in (Packet(MESSAGE, data=farewell.packet), Packet(CLOSE), None):
            socket.queue.put_nowait(last)
        reason = self._server.reason.SERVER_DISCONNECT
        task = asyncio.create_task(socket.close(wait=False, abort=True, reason=reason))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
