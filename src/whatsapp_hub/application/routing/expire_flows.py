"""ExpireFlows: end questions and menus that the customer did not answer in time (contract E.1 and E.2), and hand
customers off whom a bot did not answer in time."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.routing.follow_flow import FollowFlow
from whatsapp_hub.application.routing.hand_off_to_people import HandOffToPeople
from whatsapp_hub.domain.conversations.bot import why_late
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import Reason
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.sessions.session import Session

TRANSACTIONS = 100
"""Most in one run, since other tenants wait meanwhile."""


@dataclass(frozen=True, slots=True)
class ExpireFlows:
    """Sweep: end unanswered questions, menus and bots' turns of one company."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, tenant_id: TenantId, limit: int = 200) -> int:
        """Expire what is overdue, `limit` a transaction; return how many conversations. Safe to run in many processes
        at once."""
        expired = 0
        for _ in range(TRANSACTIONS):
            some = await self._some(tenant_id, limit)
            expired += some
            if some < limit:
                break
        return expired

    async def _some(self, tenant_id: TenantId, limit: int) -> int:
        async with self.storage.tenant(tenant_id) as uow:
            changes = Changes(uow, self.new_id, self.clock())
            late = await uow.conversations.flows_timed_out(changes.now, limit)
            sessions = await uow.sessions.peek({conversation.session_id for conversation in late})
            menu, hand_off = FollowFlow(changes), HandOffToPeople(changes)
            for conversation in late:
                session = sessions.get(conversation.session_id)
                if session is None:  # deleted: nothing more is sent, and supervisors decide
                    conversation.silence()
                    changes.notify(conversation, NotificationKind.UNROUTED)
                    changes.conversation(conversation)
                elif session.bot or conversation.is_unplaced:
                    await hand_off(conversation, session, await _why(uow, conversation, session))
                else:
                    await menu.timed_out(conversation, session.provider)
            await changes.write()
            await uow.commit()
        return len(late)


async def _why(uow: UnitOfWork, conversation: Conversation, session: Session) -> Reason:
    off = await uow.webhooks.why_off(session.bot.webhook_id) if session.bot else None
    return why_late(conversation.bot_part, session.bot, off)
