"""The hub's side for providers that deliver events themselves, without webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate
from whatsapp_hub.application.sessions.session_history import PendingHistory
from whatsapp_hub.domain.sessions.history import HistoryKind


@dataclass(frozen=True, slots=True)
class HubHost:
    """Implement `Host`: store a provider's updates in the inbox, and note what it records of a session."""

    inbox: InboxAppender
    history: PendingHistory

    async def receive(self, session: SessionRef, updates: Sequence[RawUpdate]) -> None:
        """Store the updates of a session. Raises Unavailable."""
        rows = [
            NewUpdate(
                session.provider,
                u.dedupe_key,
                u.chat,
                u.body,
                session.tenant_id,
                session.id,
                fence=session.fence or None,
            )
            for u in updates
        ]
        await self.inbox.append(rows)

    def record(self, session: SessionRef, kind: HistoryKind, reason: str | None = None, count: int = 1) -> None:
        """Note an entry of the session's history."""
        self.history.record(session.tenant_id, session.id, kind, reason, count)
