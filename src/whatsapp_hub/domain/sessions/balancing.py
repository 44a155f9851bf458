"""How sessions are spread over connectors. Pure."""

from collections.abc import Sequence


def fair_share(rooms: Sequence[int], sessions: int) -> int:
    """The lowest number that each connector may hold, none more than its room, so that all sessions have a place; with
    too little room in all, the largest room. Filling to a level, as water does."""
    left, share = sessions, 0
    for n, room in enumerate(sorted(rooms)):
        here = len(rooms) - n
        level = -(-left // here)
        if level <= room:
            return max(share, level)
        left -= room
        share = room
    return share
