"""One packet to everybody in some rooms, encoded once, waiting for nobody.

python-socketio's own `emit` makes a task a client and lets a slow client's queue grow without bound; this
puts the same packet object into each queue and lets go of whoever does not read.
"""

from collections.abc import Iterable

from whatsapp_hub.adapters.contracts.views.sockets import Emission
from whatsapp_hub.adapters.realtime.server.bounded_server import Server, packet_of


class Fanout:
    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self, emission: Emission, rooms: Iterable[str], but: str | None = None) -> int:
        """Put it into the queues of those in any of the rooms (`but` one), once each; how many they were."""
        members = self._server.members(emission.namespace, rooms) - {but}
        if not members:
            return 0
        packet = packet_of(emission)
        for eio_sid in members:
            self._server.put(eio_sid, packet)
        return len(members)
