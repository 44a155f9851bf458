"""TakeThread: take a customer's thread from another program that answers the same number."""

import asyncio
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.ports.provider.threads import TakesThreads
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.visibility import require_sight
from whatsapp_hub.application.sending.checks import session_of
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, NotSupported, ProviderError, Rejected, Unavailable
from whatsapp_hub.domain.ids import ConversationId
from whatsapp_hub.domain.integrations.threads import held_by
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.sessions.session import Session

WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class TakeThread:
    """Ask the provider for the thread between two transactions; what it answers is stored after."""

    storage: Storage
    providers: Providers
    clock: Clock

    async def __call__(self, caller: Caller, conversation_id: ConversationId) -> Conversation:
        """Take it; one that is ours already stays so, and after a move to a provider without threads there is nobody to
        ask. Raises NotFound, NotSupported, Conflict (the round is over, the
        session is off, the provider refuses), Unavailable (it does not answer)."""
        caller.require(Action.WORK_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.peek(conversation_id)  # contacts are locked before conversations
            await require_sight(uow, caller, conversation)
            session = await session_of(uow, conversation.session_id)
            contact = await uow.contacts.get(conversation.contact_id)
        capabilities = self.providers.plugin(session.provider).capabilities
        is_shared = Feature.THREADS in capabilities.features
        if conversation.thread_holder is None:
            capabilities.require(Feature.THREADS)
        if not conversation.is_live:
            raise Conflict("not_open", f"the conversation is {conversation.status}")
        if not session.is_active:
            raise Conflict("session_off", "the session is not started")
        if conversation.thread_holder is None:
            return conversation
        if is_shared:
            await self._ask(session, contact.identities, conversation.chat)
        async with self.storage.tenant(caller.tenant_id) as uow:
            conversation = await uow.conversations.get(conversation_id)
            held_by(conversation, None, self.clock())
            await uow.conversations.save([conversation])
            await uow.commit()
        return conversation

    async def _ask(self, session: Session, recipient: tuple[Identity, ...], chat: str) -> None:
        provider = self.providers.live(session.provider)
        if not isinstance(provider, TakesThreads):
            raise NotSupported(session.provider, Feature.THREADS)
        ref = SessionRef.of(session)
        try:
            async with asyncio.timeout(WITHIN_S):
                await provider.take_thread(ref, recipient, chat)
        except Rejected as error:
            raise Conflict("thread_refused", f"the thread cannot be taken: {error}") from error
        except (ProviderError, TimeoutError) as error:
            raise Unavailable(f"the thread may not have been taken: {error}") from error
