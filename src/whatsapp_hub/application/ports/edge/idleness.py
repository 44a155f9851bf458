"""Which sessions nobody uses: who listens is written down by each API process, what was said stands in messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from whatsapp_hub.domain.ids import SessionId, TenantId


@dataclass(frozen=True, slots=True)
class Listened:
    """To whom one process's sockets and streams listen: single sessions, all of an agent's, all of a tenant's."""

    sessions: frozenset[SessionId] = field(default_factory=frozenset)
    agents: frozenset[tuple[TenantId, str]] = field(default_factory=frozenset)
    tenants: frozenset[TenantId] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.sessions or self.agents or self.tenants)


class Idleness(Protocol):
    """Times are the database's. Each call is a transaction and raises Unavailable."""

    async def heard(self, listened: Listened) -> None:
        """Write down that these are listened to at this moment. Nothing has to be undone when the process dies: what
        it wrote grows old by itself."""
        ...

    async def unused(self, idle: timedelta, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Gateway sessions that are up, were started and last listened to longer ago, and have nothing under way.
        Sessions with a webhook or a bot count as listened to."""
        ...

    async def owing(self, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Sessions that were closed as idle, in which a message waits to be sent."""
        ...

    async def has_spoken(self, tenant_id: TenantId, session_id: SessionId, idle: timedelta) -> bool:
        """Whether a message was sent or came within that time."""
        ...
