"""Lines: what the hub remembers of sessions that hold a socket, and the connectors that hold them.

A connector lives as long as its lease, which it renews every second; all by PostgreSQL's clock. Its lines are its own
until it lets them go or its lease is found ended. Each change of holder is a new fence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType, Protocol
from uuid import UUID

from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import ConnectionState
from whatsapp_hub.domain.sessions.session import Session

ConnectorId = NewType("ConnectorId", UUID)


@dataclass(slots=True)
class ConnectionRecord:
    """`life` is to be replaced, then saved. `holder`: the connector that has it."""

    session_id: SessionId
    life: ConnectionState
    holder: ConnectorId | None = None


class Connections(Protocol):
    """The tenant's share."""

    async def of(self, session: Session) -> ConnectionRecord:
        """Locked; `session` was locked before. One that was never started has a Life as it begins."""
        ...

    async def save(self, line: ConnectionRecord, session: Session) -> None:
        """Write its Life (the session keeps status, reason and code itself)."""
        ...

    async def forget_deleted(self, session: Session) -> None:
        """The session is being deleted: whoever holds it, else any connector, is to delete its credentials."""
        ...

    async def late(self, limit: int) -> list[SessionId]:
        """Those whose deadline has passed by the database's clock, and those that count as connected while no
        connector holds them; unlocked."""
        ...


@dataclass(frozen=True, slots=True)
class Connector:
    """A process that can hold up to `room` sessions of these kinds. A process that lost its lease comes back as
    another one. `name` is for people."""

    id: ConnectorId
    name: str
    kinds: tuple[str, ...]
    room: int


@dataclass(frozen=True, slots=True)
class ConnectorLoad:
    """How much of a living connector is taken."""

    connector_id: ConnectorId
    room: int
    held: int


@dataclass(frozen=True, slots=True)
class ClaimedConnection:
    """A line that is ours now. `unclean`: its last holder died without hanging up."""

    session_id: SessionId
    tenant_id: TenantId
    unclean: bool


@dataclass(frozen=True, slots=True)
class DesiredConnection:
    """One of our lines as it should be. `is_due`: it is on, and no rest before the next dial is left."""

    session_id: SessionId
    tenant_id: TenantId
    provider: str
    fence: int
    is_due: bool
    must_forget: bool
    is_wanted: bool


class Leases(Protocol):
    """What connectors do across tenants (role hub_system). Each call is a transaction. All raise Unavailable."""

    async def enter(self, connector: Connector, lease_s: float) -> None: ...

    async def renew(self, connector_id: ConnectorId, lease_s: float) -> bool:
        """False: the lease has ended, and with it every hold of this connector."""
        ...

    async def leave(self, connector_id: ConnectorId, *, clean: bool) -> None:
        """Let go of everything. `clean`: all of it was hung up before. Idempotent."""
        ...

    async def reap_expired(self) -> int:
        """Free the lines of connectors whose lease has ended; how many connectors that were."""
        ...

    async def seats(self, kinds: Sequence[str]) -> tuple[list[ConnectorLoad], int]:
        """The living connectors that can hold one of these kinds, and how many lines of these kinds nobody holds."""
        ...

    async def capacity(self, kind: str) -> tuple[int, int]:
        """How many sessions of this kind living connectors can hold together (0: none lives), and how many lines are
        wanted."""
        ...

    async def take(self, connector: Connector, limit: int) -> list[ClaimedConnection]:
        """Up to `limit` lines that nobody holds. Never waits for another taker. What old holders left connected to
        the store of these sessions is ended before it returns."""
        ...

    async def held(self, connector_id: ConnectorId) -> list[DesiredConnection]: ...

    async def let_go(self, connector_id: ConnectorId, session_ids: Sequence[SessionId]) -> None:
        """These were hung up."""
        ...

    async def store_connections(self, session_ids: Sequence[SessionId]) -> int:
        """How many connections of the database the stores of these sessions have open."""
        ...
