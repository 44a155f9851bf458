"""Idle sessions: each API process records who listens; messages show other use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId, TenantId


@dataclass(frozen=True, slots=True)
class Listened:
    """Sessions to which one process's sockets and streams listen: single ones, all of an agent's, all of a tenant's."""

    sessions: frozenset[SessionId] = field(default_factory=frozenset)
    agents: frozenset[tuple[TenantId, str]] = field(default_factory=frozenset)
    tenants: frozenset[TenantId] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.sessions or self.agents or self.tenants)


class Idleness(Protocol):
    """Times are the database's. Each call is a transaction and raises Unavailable."""

    async def heard(self, listened: Listened) -> None:
        """Record that these are listened to now. Nothing must be undone when the process dies: the records age by
        themselves."""
        ...

    async def unused(self, idle: timedelta, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Find gateway sessions that are up, were started and last listened to longer ago, and have nothing under way.
        Sessions with a webhook or a bot count as listened to."""
        ...

    async def owing(self, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Find sessions that were closed as idle, in which a message waits to be sent."""
        ...

    async def has_traffic(self, tenant_id: TenantId, session_id: SessionId, idle: timedelta) -> bool:
        """Return whether a message was sent or received within that time."""
        ...
