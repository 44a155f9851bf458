"""A connection in the form of contract A's `/debug/whatsapp/{agentId}/connection`."""

from datetime import datetime

from whatsapp_hub.adapters.contracts.views.entities import Shown, time
from whatsapp_hub.application.reading.sessions import Connection, HolderLease, SessionHistoryEntry


def connection(of: Connection) -> Shown:
    session, lease = of.session, of.lease or HolderLease()
    return {
        "sessionId": session.key,
        "provider": session.provider,
        "status": session.status.value,
        "statusReason": session.status_reason,
        "isActive": session.is_active,
        "leaseOwner": lease.owner,
        "leaseAgeSeconds": lease.age_s,
        "retries": lease.retries,
        "lastConnect": _happening(of.last_connect) or _known(lease.connected_at, None),
        "lastDisconnect": _happening(of.last_disconnect) or _known(lease.disconnected_at, lease.disconnect_reason),
        "laneDepth": of.lane_depth,
        "lastEvent": _happening(of.last_event),
        "lastError": _happening(of.last_error),
    }


def _known(at: datetime | None, reason: str | None) -> Shown | None:
    """Show what the connection itself remembers of an event that the log no longer keeps."""
    return None if at is None else {"type": None, "at": time(at), "reason": reason, "position": None}


def _happening(of: SessionHistoryEntry | None) -> Shown | None:
    if of is None:
        return None
    return {"type": of.type, "at": time(of.at), "reason": of.reason, "position": of.position}
