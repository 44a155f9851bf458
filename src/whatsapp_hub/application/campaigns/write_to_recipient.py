"""WriteToRecipient: decide what one recipient gets, and write its message."""

from dataclasses import dataclass

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.domain.campaigns.campaign import Campaign
from whatsapp_hub.domain.campaigns.filling import Missing, TooLong, filled_for
from whatsapp_hub.domain.campaigns.recipient import Skip, Taken
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.messaging.contact import Contact, Identity, IdentityKind
from whatsapp_hub.domain.messaging.content import Template
from whatsapp_hub.domain.sessions.session import Session
from whatsapp_hub.domain.templates.places import flaws_of
from whatsapp_hub.domain.templates.rendering import rendered
from whatsapp_hub.domain.templates.template import MessageTemplate

_ADDRESSES = (IdentityKind.PHONE, IdentityKind.BSUID)
"""What a template is sent to, the first that a contact has."""


@dataclass(frozen=True, slots=True)
class WriteToRecipient:
    """For the recipients of one transaction, whose contacts it has locked. `template`: None where the session has no
    catalogue."""

    providers: Providers
    open_round: OpenRound
    changes: Changes
    session: Session
    campaign: Campaign
    template: MessageTemplate | None

    async def __call__(self, contact: Contact, latest: Conversation | None) -> Taken:
        """Return its message, registered in the changes, or why it gets none."""
        if skip := _refusal(contact):
            return Taken(contact.id, skip=skip)
        identity = next((i for kind in _ADDRESSES for i in contact.identities if i.kind is kind), None)
        if identity is None:
            return Taken(contact.id, skip=Skip.NO_ADDRESS)
        try:
            components = filled_for(contact, self.campaign.wording.components)
        except Missing as missing:
            return Taken(contact.id, skip=Skip.MISSING_FIELD, detail=missing.name)
        except TooLong as error:
            return Taken(contact.id, skip=Skip.NOT_FILLED, detail=str(error))
        parts = self.template.components if self.template else None
        if parts is not None and (flaws := flaws_of(parts, components, "template/components")):
            return Taken(contact.id, skip=Skip.NOT_FILLED, detail=flaws[0].sentence)
        text = rendered(self.template, components).text if self.template and parts is not None else ""
        wording = self.campaign.wording
        content = Template(text=text, name=wording.name, language=wording.language, components=components)
        conversation = await self._round(contact, identity, latest)
        message = self.changes.outgoing(conversation, content, self.session.provider, is_bot=True)
        conversation.last_message_at = conversation.updated_at = (
            self.changes.now
        )  # no answer: who waits goes on waiting
        self.changes.conversation(conversation)
        return Taken(contact.id, message.id)

    async def _round(self, contact: Contact, identity: Identity, latest: Conversation | None) -> Conversation:
        """Return the live round, or the last one of the same chat, which stays closed: ten thousand messages that
        nobody has answered are no work for agents. A customer's answer opens a round as ever."""
        chat = self.providers.plugin(self.session.provider).chat_of(identity)
        if latest and (latest.is_live or latest.chat == chat):
            return latest
        changes = self.changes
        opened = await self.open_round(changes.uow, changes, self.session, contact, identity, latest, None, take=False)
        name = self.campaign.name
        opened.archive(changes.now, because(RoutingCode.CAMPAIGN, f"written to by the campaign {name}", name=name))
        return opened


def _refusal(contact: Contact) -> Skip | None:
    """Return why the contact is left out."""
    if contact.is_group:
        return Skip.IS_GROUP
    if contact.card.blocked_at is not None:
        return Skip.BLOCKED
    return Skip.OPTED_OUT if contact.card.opted_out is not None else None
