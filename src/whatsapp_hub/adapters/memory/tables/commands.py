"""The rows of commands to connectors."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import Table
from whatsapp_hub.application.ports.connections.connections import ConnectorId
from whatsapp_hub.application.ports.queues.commands import Answer, Command


@dataclass(frozen=True, slots=True)
class StoredCommand:
    command: Command
    asked_at: datetime
    expires_at: datetime
    for_connector: ConnectorId | None = None
    taken_by: ConnectorId | None = None
    answer: Answer | None = None
    not_before: datetime | None = None


COMMANDS: Table[UUID, StoredCommand] = Table("commands")
"""The hub's own rows."""
