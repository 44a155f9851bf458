"""Connection records of sessions that hold a socket, and the connectors that hold them.

A connector lives as long as its lease, which it renews every second; all by PostgreSQL's clock. It holds its
connections until it releases them or its lease is found expired. Each change of holder is a new fence.
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
    """A session's stored connection state. `state` is immutable: replace it, then save. `holder`: its connector."""

    session_id: SessionId
    state: ConnectionState
    holder: ConnectorId | None = None


class Connections(Protocol):
    """The tenant's connection records."""

    async def of(self, session: Session) -> ConnectionRecord:
        """Return the session's record, locked, or a new one if it was never started at this provider: its fence is
        higher than any before, and credentials that were still to be deleted (`forget_deleted`) must be forgotten
        first. Call with the session locked."""
        ...

    async def save(self, record: ConnectionRecord, session: Session) -> None:
        """Store the connection state (status, reason and code are the session's)."""
        ...

    async def forget_deleted(self, session: Session) -> None:
        """Order the deletion of the credentials of a session that is deleted, or leaves its provider, by its holder,
        else by any connector."""
        ...

    async def late(self, limit: int) -> list[SessionId]:
        """Return sessions whose deadline has passed by the database's clock, and those that count as connected while no
        connector holds them; unlocked."""
        ...


@dataclass(frozen=True, slots=True)
class Connector:
    """A process that can hold up to `room` sessions of these kinds. A process that lost its lease gets a new id. `name`
    is for people."""

    id: ConnectorId
    name: str
    kinds: tuple[str, ...]
    room: int


@dataclass(frozen=True, slots=True)
class ConnectorLoad:
    """The load of a live connector."""

    connector_id: ConnectorId
    room: int
    held: int


@dataclass(frozen=True, slots=True)
class ClaimedConnection:
    """A connection that this connector has claimed. `unclean`: its last holder died without closing it."""

    session_id: SessionId
    tenant_id: TenantId
    unclean: bool


@dataclass(frozen=True, slots=True)
class DesiredConnection:
    """The desired state of a held connection. `is_due`: it is on, and the delay before the next dial is over."""

    session_id: SessionId
    tenant_id: TenantId
    provider: str
    fence: int
    is_due: bool
    must_forget: bool
    is_wanted: bool


class Leases(Protocol):
    """Connectors' leases, across tenants (role hub_system). Each call is a transaction. All raise Unavailable."""

    async def enter(self, connector: Connector, lease_s: float) -> None:
        """Register a connector and begin its lease."""
        ...

    async def renew(self, connector_id: ConnectorId, lease_s: float) -> bool:
        """Renew the lease; False: it has expired, and the connector holds nothing any more."""
        ...

    async def leave(self, connector_id: ConnectorId, *, clean: bool) -> None:
        """End the lease and release all connections. `clean`: all were closed before. Idempotent."""
        ...

    async def reap_expired(self) -> int:
        """Release the connections of connectors whose lease has expired; return the number of connectors."""
        ...

    async def loads(self, kinds: Sequence[str]) -> tuple[list[ConnectorLoad], int]:
        """Return the live connectors that can hold one of these kinds, and the number of unheld connections of them."""
        ...

    async def capacity(self, kind: str) -> tuple[int, int]:
        """Return how many sessions of this kind live connectors can hold together (0: none is live), and how many
        connections are wanted."""
        ...

    async def take(self, connector: Connector, limit: int) -> list[ClaimedConnection]:
        """Claim up to `limit` unheld connections. Never waits for another connector. Ends database connections that
        former holders left open to the stores of these sessions before it returns."""
        ...

    async def held(self, connector_id: ConnectorId) -> list[DesiredConnection]:
        """List the connections that this connector holds now."""
        ...

    async def let_go(self, connector_id: ConnectorId, session_ids: Sequence[SessionId]) -> None:
        """Release connections that were closed."""
        ...

    async def store_connections(self, session_ids: Sequence[SessionId]) -> int:
        """Count the database connections that the stores of these sessions have open."""
        ...
