"""The rows of the inbox."""

from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.adapters.memory.engine.database import Table
from whatsapp_hub.application.ports.queues.inbox import InboxItem, NewUpdate
from whatsapp_hub.domain.ids import SessionId

PENDING, DONE, QUARANTINED, UNASSIGNED = "pending", "done", "quarantined", "unassigned"
Chat = tuple[SessionId, str]


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """A row of the inbox; one without a session is in the hub's own rows."""

    id: int
    update: NewUpdate
    received_at: datetime
    state: str
    tries: int = 0
    error: str | None = None
    retry_at: datetime | None = None

    @property
    def chat(self) -> Chat | None:
        return (self.update.session_id, self.update.chat) if self.update.session_id else None

    @property
    def source(self) -> str:
        return str(self.update.session_id or "app")

    def item(self) -> InboxItem:
        u = self.update
        if u.session_id is None:
            raise ValueError("only updates of sessions are claimed")
        where = (self.id, u.session_id, u.provider, u.chat, u.body)
        return InboxItem(*where, self.received_at, self.tries, u.fence)


UPDATES: Table[int, StoredUpdate] = Table("inbox")
SEEN: Table[tuple[str, str], int] = Table("dedupe_keys")
"""The hub's own rows: source and key of each update that is kept."""
