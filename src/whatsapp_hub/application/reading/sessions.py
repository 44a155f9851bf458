"""How clients of the gateway contracts find sessions, and what is known of their connections."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session, SessionStatus


@dataclass(frozen=True, slots=True)
class SessionHistoryEntry:
    """An event of the log about a session. `reason`: the session's, if it was one of its state."""

    type: str
    position: int
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class HolderLease:
    """Of a session that holds a socket: the connector that holds it (None: nobody) and for how long; dials in a row
    that came to nothing; until when the present QR code can be scanned."""

    owner: str | None = None
    age_s: float | None = None
    retries: int = 0
    code_until: datetime | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    disconnect_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a session's connection. `lane_depth`: messages that wait to be sent."""

    session: Session
    last_seen_at: datetime | None = None
    last_connect: SessionHistoryEntry | None = None
    last_disconnect: SessionHistoryEntry | None = None
    last_event: SessionHistoryEntry | None = None
    last_error: SessionHistoryEntry | None = None
    lane_depth: int = 0
    lease: HolderLease | None = None


@dataclass(frozen=True, slots=True)
class MessageWith:
    """A message and the contact of its conversation."""

    message: Message
    contact: Contact


class SessionMessages(Protocol):
    async def __call__(
        self, tenant_id: TenantId, session_id: SessionId, limit: int, cursor: str | None
    ) -> Page[MessageWith]:
        """List what was said through a session, the newest first. Raises Invalid (`/cursor`)."""
        ...


class SessionFinder(Protocol):
    """Of one tenant; without locks. Those who ask for what is another's find nothing."""

    async def client_id(self, tenant_id: TenantId) -> str:
        """The tenant's slug, which contract B calls the client."""
        ...

    async def named(self, tenant_id: TenantId, name: str) -> Session | None:
        """By its id, else by the client's own key."""
        ...

    async def of_agent(self, tenant_id: TenantId, agent_id: str) -> list[Session]:
        """The oldest first."""
        ...

    async def keys(self, tenant_id: TenantId) -> dict[SessionId, str]:
        """The clients' own keys of all sessions."""
        ...

    async def page(self, tenant_id: TenantId, limit: int, cursor: str | None, *, active: bool) -> Page[Session]:
        """The oldest first; `active`: only those that are started. Raises Invalid (`/cursor`)."""
        ...

    async def lease(self, tenant_id: TenantId, session_id: SessionId) -> HolderLease | None:
        """None for a session that holds no socket, or was never started."""
        ...

    async def code_until(self, tenant_id: TenantId, session_id: SessionId) -> datetime | None:
        """Until when the present QR code can be scanned."""
        ...

    async def connections(self, tenant_id: TenantId, agent_id: str) -> list[Connection]:
        """Of all the agent's sessions, the oldest first."""
        ...


async def session_named(finder: SessionFinder, tenant_id: TenantId, name: str) -> Session:
    """Raises NotFound."""
    found = await finder.named(tenant_id, name)
    if found is None:
        raise NotFound("session", name)
    return found


async def session_for(finder: SessionFinder, tenant_id: TenantId, key: str) -> Session:
    """A session's id, else its key, else an agent with exactly one connected session. Raises NotFound, Conflict."""
    if found := await finder.named(tenant_id, key):
        return found
    sessions = await finder.of_agent(tenant_id, key)
    if not sessions:
        raise NotFound("session", key)
    connected = [session for session in sessions if session.status is SessionStatus.CONNECTED]
    if len(connected) != 1:
        count = "several connected sessions: name one" if connected else "no connected session"
        raise Conflict("not_one_session", f"the agent {key} has {count}")
    return connected[0]
