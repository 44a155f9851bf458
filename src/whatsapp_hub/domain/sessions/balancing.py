"""Balance sessions over connectors. Pure."""

from collections.abc import Sequence


def fair_share(rooms: Sequence[int], sessions: int) -> int:
    """Return the lowest cap on each connector's sessions, besides its own room, that places all of them (water
    filling); with too little room in all, the largest room."""
    left, share = sessions, 0
    for n, room in enumerate(sorted(rooms)):
        here = len(rooms) - n
        level = -(-left // here)
        if level <= room:
            return max(share, level)
        left -= room
        share = room
    return share
