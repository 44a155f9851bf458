"""How contract A's `/debug/whatsapp/{agentId}/connection` spells a connection."""

from whatsapp_hub.adapters.contracts.entities import Shown, time
from whatsapp_hub.application.reading.sessions import Connection, Happening


def connection(of: Connection) -> Shown:
    session = of.session
    return {
        "sessionId": session.key,
        "provider": session.provider,
        "status": session.status.value,
        "statusReason": session.status_reason,
        "isActive": session.is_active,
        "lastConnect": _happening(of.last_connect),
        "lastDisconnect": _happening(of.last_disconnect),
        "laneDepth": of.lane_depth,
        "lastEvent": _happening(of.last_event),
        "lastError": _happening(of.last_error),
    }


def _happening(of: Happening | None) -> Shown | None:
    if of is None:
        return None
    return {"type": of.type, "at": time(of.at), "reason": of.reason, "position": of.position}
