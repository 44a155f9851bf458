"""Send one packet to all members of some rooms, encoded once, without waiting for any of them.

python-socketio's own `emit` makes a task a client and lets a slow client's queue grow without bound; this
puts the same packet object into each queue and drops clients that do not read.
"""

from collections.abc import Iterable

from whatsapp_hub.adapters.contracts.events.sockets import Emission
from whatsapp_hub.adapters.realtime.server.bounded_server import Server, packet_of


class Fanout:
    """Sends a packet to the members of rooms."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self, emission: Emission, rooms: Iterable[str], but: str | None = None) -> int:
        """Queue it once for each member of any of the rooms, except `but`; return how many they were."""
        members = self._server.members(emission.namespace, rooms) - {but}
        if not members:
            return 0
        packet = packet_of(emission)
        for eio_sid in members:
            self._server.put(eio_sid, packet)
        return len(members)
