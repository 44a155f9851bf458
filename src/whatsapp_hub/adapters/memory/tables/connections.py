"""The rows of held connections, and of the connectors that hold them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId
from whatsapp_hub.application.ports.queues.lanes import Holding
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.connection import ConnectionState
from whatsapp_hub.domain.sessions.session import SessionStatus

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A session's connection. `is_clean`: its last holder closed it before it let go."""

    session_id: SessionId
    provider: str
    state: ConnectionState = field(default_factory=ConnectionState)
    is_wanted: bool = False
    holder: ConnectorId | None = None
    held_since: datetime = _LONG_AGO
    is_clean: bool = True
    paired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """A connector, and when its lease ends."""

    connector: Connector
    until: datetime


CONNECTIONS: Table[SessionId, ConnectionRow] = Table("connections")
CONNECTORS: Table[ConnectorId, ConnectorRow] = Table("connectors")
"""The hub's own rows."""


def live_connector(rows: Rows, connector_id: ConnectorId | None) -> ConnectorRow | None:
    """Return the connector if its lease has not ended."""
    found = rows.transaction.of(None).peek(CONNECTORS, connector_id) if connector_id else None
    return found if found and found.until > rows.now else None


def is_held(rows: Rows, session_id: SessionId, holding: Holding) -> bool:
    """Check that this connector still holds the session, under that fence."""
    row, fence = rows.peek(CONNECTIONS, session_id), holding.fences.get(session_id)
    if row is None or row.holder != holding.connector_id or row.state.fence != fence:
        return False
    return live_connector(rows, holding.connector_id) is not None


def is_late(rows: Rows, row: ConnectionRow) -> bool:
    """Check whether its deadline has passed, or it counts as connected while no connector holds it."""
    if row.state.deadline_at and row.state.deadline_at <= rows.now:
        return True
    session = rows.peek(SESSIONS, row.session_id)
    is_up = session is not None and session.status is SessionStatus.CONNECTED
    return row.holder is None and row.is_wanted and is_up
