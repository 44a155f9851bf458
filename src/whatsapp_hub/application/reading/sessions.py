"""Query ports by which gateway contracts find sessions and the state of their connections."""

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
    """An event of the log about a session. `reason`: the status reason, if the event is a change of state."""

    type: str
    position: int
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class HolderLease:
    """Who holds a session with a socket: the connector (None: unheld) and for how long; failed dials in a row; until
    when the present QR code can be scanned."""

    owner: str | None = None
    age_s: float | None = None
    retries: int = 0
    code_until: datetime | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    disconnect_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """State of a session's connection. `lane_depth`: messages waiting to be sent."""

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
    """Read the messages of one session, for contracts that know no conversations."""

    async def __call__(
        self, tenant_id: TenantId, session_id: SessionId, limit: int, cursor: str | None
    ) -> Page[MessageWith]:
        """List a session's messages, the newest first. Raises Invalid (`/cursor`)."""
        ...


class SessionFinder(Protocol):
    """Sessions of one tenant, read without locks; another tenant's are not found."""

    async def client_id(self, tenant_id: TenantId) -> str:
        """Return the tenant's slug, which contract B calls the client."""
        ...

    async def named(self, tenant_id: TenantId, name: str) -> Session | None:
        """Find a session by its id, else by the client's own key."""
        ...

    async def of_agent(self, tenant_id: TenantId, agent_id: str) -> list[Session]:
        """List an agent's sessions, the oldest first."""
        ...

    async def keys(self, tenant_id: TenantId) -> dict[SessionId, str]:
        """Return the clients' own keys of all sessions."""
        ...

    async def page(self, tenant_id: TenantId, limit: int, cursor: str | None, *, active: bool) -> Page[Session]:
        """List sessions, the oldest first; `active`: only started ones. Raises Invalid (`/cursor`)."""
        ...

    async def lease(self, tenant_id: TenantId, session_id: SessionId) -> HolderLease | None:
        """Return the lease; None for a session that holds no socket, or was never started."""
        ...

    async def code_until(self, tenant_id: TenantId, session_id: SessionId) -> datetime | None:
        """Return until when the present QR code can be scanned."""
        ...

    async def connections(self, tenant_id: TenantId, agent_id: str) -> list[Connection]:
        """List the connections of all the agent's sessions, the oldest first."""
        ...


async def session_named(finder: SessionFinder, tenant_id: TenantId, name: str) -> Session:
    """Find a session by id or key. Raises NotFound."""
    found = await finder.named(tenant_id, name)
    if found is None:
        raise NotFound("session", name)
    return found


async def session_for(finder: SessionFinder, tenant_id: TenantId, key: str) -> Session:
    """Find a session by id, else key, else an agent's only connected session. Raises NotFound, Conflict."""
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
