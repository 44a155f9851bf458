"""HeedWords: a customer writes one of the words that end campaigns, or ask for them again."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, Origin
from whatsapp_hub.domain.campaigns.opt_out import Choice, OptOut, OptOutReason, choice_in, confirmation
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.sessions.session import Routing, Session


@dataclass(frozen=True, slots=True)
class HeedWords:
    """In the transaction that stores the message. `asked` first, then the call once its round is known."""

    changes: Changes

    def asked(self, contact: Contact, event: MessageSeen) -> tuple[Choice, str] | None:
        """Return what the message changes, and its word; None for any other message, and for a choice that was made
        before: it is confirmed once."""
        is_theirs = event.kind is ChatKind.PERSON and not event.from_me and event.origin is not Origin.HISTORY
        if not is_theirs or not event.content.in_words or event.content.is_about_earlier:
            return None
        found = choice_in(event.content.text)
        has_left = contact.card.opted_out is not None
        return found if found and (found[0] is Choice.RESUME) is has_left else None

    async def __call__(
        self,
        session: Session,
        contact: Contact,
        conversation: Conversation,
        asked: tuple[Choice, str],
        *,
        is_new: bool,
        silently: bool,
    ) -> bool:
        """Record the choice and confirm it. Return whether that ended the round: nobody needs to answer a customer who
        wrote nothing else. `silently`: another program has the thread, and we write nothing there."""
        choice, word = asked
        changes = self.changes
        if choice is Choice.STOP:
            contact.opt_out(OptOut(changes.now, OptOutReason.WORD, word))
        else:
            contact.opt_in(changes.now)
        await changes.uow.contacts.save([contact])
        if silently:
            return False
        is_ours = session.routing is Routing.DEPARTMENTS and session.bot is None
        if is_ours or await changes.uow.campaigns.wrote_to(session.id, contact.id):
            changes.inform(conversation, confirmation(choice, changes.uow.tenant.language), session.provider)
        if is_new and is_ours:
            conversation.resolve(changes.now, why=because(RoutingCode.OPTED_OUT, "the customer chose about campaigns"))
        changes.conversation(conversation)
        return is_new and is_ours
