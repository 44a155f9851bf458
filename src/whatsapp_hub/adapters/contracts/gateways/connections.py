"""A connection in the form of contract A's `/debug/whatsapp/{agentId}/connection`."""

from datetime import datetime

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.application.reading.sessions import Connection, HolderLease, SessionHistoryEntry
from whatsapp_hub.domain.sessions.session import SessionStatus


class HappeningView(View):
    """An event of a session; `type` and `position` null: the log no longer keeps it."""

    type: str | None
    at: datetime
    reason: str | None
    position: int | None

    @classmethod
    def of(cls, entry: SessionHistoryEntry | None) -> "HappeningView | None":
        """Show an entry of the session's history, or None."""
        return None if entry is None else cls(entry.type, time(entry.at), entry.reason, entry.position)


class ConnectionView(View):
    """A connection. `leaseOwner`: the connector that holds it; `laneDepth`: messages that wait to be sent."""

    session_id: str
    provider: str
    status: SessionStatus
    status_reason: str | None
    is_active: bool
    lease_owner: str | None
    lease_age_seconds: float | None
    retries: int
    last_connect: HappeningView | None
    last_disconnect: HappeningView | None
    lane_depth: int
    last_event: HappeningView | None
    last_error: HappeningView | None

    @classmethod
    def of(cls, connection: Connection) -> "ConnectionView":
        """Show a connection: what the holder remembers, else what the history says."""
        session, lease = connection.session, connection.lease or HolderLease()
        connected = _remembered(lease.connected_at, None)
        disconnected = _remembered(lease.disconnected_at, lease.disconnect_reason)
        return cls(
            session_id=session.key,
            provider=session.provider,
            status=session.status,
            status_reason=session.status_reason,
            is_active=session.is_active,
            lease_owner=lease.owner,
            lease_age_seconds=lease.age_s,
            retries=lease.retries,
            last_connect=HappeningView.of(connection.last_connect) or connected,
            last_disconnect=HappeningView.of(connection.last_disconnect) or disconnected,
            lane_depth=connection.lane_depth,
            last_event=HappeningView.of(connection.last_event),
            last_error=HappeningView.of(connection.last_error),
        )


class AgentConnections(View):
    """The connections of an agent's sessions."""

    agent_id: str
    sessions: list[ConnectionView]


def _remembered(at: datetime | None, reason: str | None) -> HappeningView | None:
    """Show what the connection itself remembers of an event that the log no longer keeps."""
    return None if at is None else HappeningView(None, time(at), reason, None)
