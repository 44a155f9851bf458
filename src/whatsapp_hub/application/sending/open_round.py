"""OpenRound: open a conversation with a customer who did not write first."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import NewId
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.routing.service_terms import terms_of
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ConversationId, UserId
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.sessions.session import Routing, Session


@dataclass(frozen=True, slots=True)
class OpenRound:
    """Open a round in the transaction of the message that it is for."""

    providers: Providers
    new_id: NewId

    async def __call__(
        self,
        uow: UnitOfWork,
        changes: Changes,
        session: Session,
        contact: Contact,
        identity: Identity,
        latest: Conversation | None,
        user_id: UserId | None,
        *,
        take: bool,
    ) -> Conversation:
        """Return it, registered in the changes: the chat of this identity of the contact. It continues `latest`, which
        is over; `take`: it is the user's."""
        is_bots = session.bot is not None and user_id is None and not contact.is_group
        conversation = Conversation(
            id=ConversationId(self.new_id()),
            tenant_id=session.tenant_id,
            session_id=session.id,
            contact_id=contact.id,
            chat=self.providers.plugin(session.provider).chat_of(identity),
            created_at=changes.now,
            updated_at=changes.now,
            customer_phone=contact.phone_number,
            customer_name=contact.shown_name,
            profile_name=contact.name,
            dialogue=Dialogue(silenced=not is_bots),
        )
        if session.bot and not contact.is_group:
            conversation.start_bot()
        if latest:
            conversation.continues(latest)
        has_targets = session.routing is Routing.DEPARTMENTS and not contact.is_group
        if has_targets:
            conversation.set_deadlines(uow.tenant.terms, changes.now)
        conversation.opened(changes.now)
        if take and user_id:
            await self._take(uow, conversation, user_id, changes, has_targets=has_targets)
        changes.conversation(conversation, new=True)
        return conversation

    async def _take(
        self, uow: UnitOfWork, conversation: Conversation, user_id: UserId, changes: Changes, *, has_targets: bool
    ) -> None:
        """Assign it to the user, unless they are none of this tenant's (a MASTER acting for it)."""
        try:
            user = await uow.users.get(user_id)
        except NotFound:
            return
        reason = because(RoutingCode.STARTED, f"started by {user.name}", user=user.name)
        if has_targets:
            conversation.set_deadlines(await terms_of(uow, user.department_id), changes.now)
        conversation.assign(user.id, user.department_id, changes.now, reason)
