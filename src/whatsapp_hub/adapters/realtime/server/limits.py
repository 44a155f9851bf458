"""Bounds of sockets: sizes, counts, times and rates. docs/sockets.md explains each for authors of clients."""

from collections import Counter, deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

import msgspec

from whatsapp_hub.domain.errors import Conflict

EVENTS_WINDOW_S = 60


class SocketLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one API process, except the rates of a user, which all processes share while Valkey is available.

    A company of 200 people behind one address, each with 20 tabs, is within all of them.
    """

    # Sizes
    packet_bytes: int = 64 * 1024
    head_bytes: int = 16 * 1024
    packets_a_post: int = 1000
    waiting_packets: int = 1000
    waiting_bytes: int = 8 * 1024 * 1024

    # Counts
    open: int = 20_000
    silent: int = 1000
    silent_per_address: int = 250
    per_user: int = 100
    per_key: int = 500
    rooms: int = 1000
    connects: int = 20

    # Times
    silence_s: float = 15.0

    # Rates, a minute
    packets: int = 3000
    events: int = 600
    events_per_user: int = 1200
    presence_per_user: int = 30
    typing_per_user: int = 300
    connects_per_user: int = 240


@dataclass(slots=True)
class Unsent:
    """The sizes of the packets that wait in a socket's queue, by which a client that does not read holds memory."""

    total: int = 0
    _sizes: deque[int] = field(default_factory=deque)

    def add(self, size: int, waiting: int) -> None:
        """Count one more behind those that still wait."""
        self.keep(waiting)
        self._sizes.append(size)
        self.total += size

    def keep(self, waiting: int) -> int:
        """Forget all but the last so many, which still wait; return their bytes."""
        while len(self._sizes) > waiting:
            self.total -= self._sizes.popleft()
        return self.total


@dataclass(slots=True)
class Pace:
    """A rate limit of so many a window, evenly or in a burst (GCRA): one number, in the process's own time."""

    limit: int
    window_s: float = EVENTS_WINDOW_S
    _spoken_for: float = 0.0

    def spend(self, now: float) -> float:
        """Take one and return 0, or else return after how many seconds one is available."""
        after = max(self._spoken_for, now) + self.window_s / self.limit
        if after - now > self.window_s:
            return after - now - self.window_s
        self._spoken_for = after
        return 0.0


@dataclass(slots=True)
class Shares:
    """Open sockets in this process per user or API key."""

    _held: dict[str, str] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def take(self, sid: str, owner: str, limit: int) -> None:
        """Count a socket for its owner. Raises Conflict if the owner has `limit` already."""
        if self._counts[owner] >= limit:
            raise Conflict("too_many_sockets", f"{limit} sockets are open for this user or API key; close some")
        self._held[sid] = owner
        self._counts[owner] += 1

    def give_back(self, sid: str) -> None:
        """Free the socket's place in its owner's share. Idempotent."""
        if owner := self._held.pop(sid, None):
            self._counts[owner] -= 1
            if not self._counts[owner]:
                del self._counts[owner]


class Silent:
    """Sockets that are open but not authenticated yet. If there are too many, the oldest of the same address go, then
    the oldest of all: a client that authenticates at once always gets in, however many others do not."""

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._networks: dict[str, str] = {}
        self._of: dict[str, dict[str, None]] = {}

    def add(self, socket: str, address: str | None) -> list[str]:
        """Add a socket and return those that must close for it."""
        network = network_of(address)
        mine = self._of.setdefault(network, {})
        going = [next(iter(mine))] if len(mine) >= self._limits.silent_per_address else []
        if not going and len(self._networks) >= self._limits.silent:
            going = [next(iter(self._networks))]
        for each in going:
            self.remove(each)
        self._networks[socket] = network
        self._of.setdefault(network, {})[socket] = None
        return going

    def remove(self, socket: str) -> None:
        """Forget a socket that spoke or closed. Idempotent."""
        if (network := self._networks.pop(socket, None)) is None:
            return
        mine = self._of[network]
        del mine[socket]
        if not mine:
            del self._of[network]

    def __contains__(self, socket: str) -> bool:
        return socket in self._networks

    def __len__(self) -> int:
        return len(self._networks)


def network_of(address: str | None) -> str:
    """Return the network that an address counts for: of IPv6 64 bits, which are one household's or machine's."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)
