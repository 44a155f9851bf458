"""SendReadMarks: tell WhatsApp which of a customer's messages were read, and store how far it was told.

What is stored is what WhatsApp took: marks that were lost (the session was down, a process died) are sent with the next
reading.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from whatsapp_hub.application.ports.provider.plugin import MarksRead, Providers, ReadMessage, SessionRef
from whatsapp_hub.application.ports.queues.commands import CommandKind, ReadMark
from whatsapp_hub.application.ports.storage.conversations import UnmarkedMessage
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.holder_commands import AskHolder
from whatsapp_hub.domain.errors import Rejected
from whatsapp_hub.domain.ids import ConversationId
from whatsapp_hub.domain.sessions.session import Session

PIECE = 50
CALL_S = 10.0
ALL_S = 120.0


@dataclass(frozen=True, slots=True)
class SendReadMarks:
    """Mark a conversation's messages, `PIECE` at a time, the oldest first."""

    storage: Storage
    providers: Providers
    ask: AskHolder

    async def __call__(self, session: Session, conversation_id: ConversationId, upto: int) -> None:
        """Mark the customer's messages up to this place. Raises ProviderError, Conflict, Unavailable, TimeoutError;
        what was marked before is stored."""
        async with asyncio.timeout(ALL_S):
            while piece := await self._unmarked(session, conversation_id, upto):
                for chat, messages in groupby(piece, attrgetter("chat")):
                    mark = ReadMark(chat, tuple(ReadMessage(m.id, m.author) for m in messages))
                    with suppress(Rejected):  # for good (too old, unknown there): later ones must not wait behind it
                        await self._mark(session, mark)
                await self._marked(session, conversation_id, piece[-1].place)

    async def _unmarked(
        self, session: Session, conversation_id: ConversationId, upto: int
    ) -> Sequence[UnmarkedMessage]:
        async with self.storage.tenant(session.tenant_id) as uow:
            return await uow.messages.unmarked(conversation_id, upto, PIECE)

    async def _marked(self, session: Session, conversation_id: ConversationId, upto: int) -> None:
        async with self.storage.tenant(session.tenant_id) as uow:
            await uow.messages.marked(conversation_id, upto)
            await uow.commit()

    async def _mark(self, session: Session, mark: ReadMark) -> None:
        if self.providers.holds_socket(session.provider):
            await self.ask(session, CommandKind.MARK_READ, mark.as_argument(), CALL_S)
            return
        provider = self.providers.live(session.provider)
        if isinstance(provider, MarksRead):
            ref = SessionRef.of(session)
            async with asyncio.timeout(CALL_S):
                await provider.mark_read(ref, mark.chat, mark.messages)
