"""The hub's side for providers that deliver events themselves, without webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.ports.queues.inbox import InboxAppender, NewUpdate


@dataclass(frozen=True, slots=True)
class HubHost:
    """Implement `Host`: store a provider's updates in the inbox."""

    inbox: InboxAppender

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
