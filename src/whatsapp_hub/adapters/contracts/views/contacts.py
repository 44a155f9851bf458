"""Contacts in the form of contract F."""

from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.domain.campaigns.opt_out import OptOut, OptOutReason
from whatsapp_hub.domain.messaging.contact import Contact, IdentityKind


class IdentityView(View):
    """One name by which WhatsApp identifies a contact."""

    kind: IdentityKind
    value: str


class ProviderBlockView(View):
    """What WhatsApp is still to do on a number of the company's: block the contact, or (`blocked` false) unblock it.
    `error`: why it did not so far, the provider's code or ours; `isGivenUp`: it is not tried again."""

    session_id: UUID
    blocked: bool
    error: str | None
    is_given_up: bool

    @classmethod
    def of(cls, block: ProviderBlock) -> "ProviderBlockView":
        """Show what a provider is still to do."""
        return cls(block.session_id, block.blocked, block.error, block.is_given_up)


class OptOutView(View):
    """Since when a contact wants no campaigns. `reason`: it wrote a word (`detail`), WhatsApp says so (`detail`: its
    code), or somebody of the company recorded it."""

    at: datetime
    reason: OptOutReason
    detail: str | None

    @classmethod
    def of(cls, opted_out: OptOut) -> "OptOutView":
        """Show it."""
        return cls(at=time(opted_out.at), reason=opted_out.reason, detail=opted_out.detail)


class ContactView(View):
    """Somebody who wrote to the company, or was written to. `name`: the one that the company gave, else `profileName`,
    the person's own. `username`: the latest that WhatsApp showed."""

    id: UUID
    phone_number: str | None
    name: str | None
    profile_pic: str | None
    is_group: bool
    identities: list[IdentityView]
    created_at: datetime
    profile_name: str | None
    labels: list[str]
    fields: dict[str, str]
    blocked_at: datetime | None
    username: str | None
    opted_out: OptOutView | None

    @classmethod
    def of(cls, contact: Contact) -> "ContactView":
        """Show a contact with all its identities."""
        return cls(
            id=contact.id,
            phone_number=contact.phone_number,
            name=contact.shown_name,
            profile_pic=contact.profile_pic,
            is_group=contact.is_group,
            identities=[IdentityView(one.kind, one.value) for one in contact.identities],
            created_at=time(contact.created_at),
            profile_name=contact.name,
            labels=list(contact.card.labels),
            fields=dict(contact.card.fields),
            blocked_at=time(contact.card.blocked_at),
            username=contact.username,
            opted_out=OptOutView.of(contact.card.opted_out) if contact.card.opted_out else None,
        )


class ContactDetail(ContactView):
    """A contact on its own. `providerBlocks`: what the providers of the company's numbers are still to do about its
    block; empty once WhatsApp has done it."""

    provider_blocks: list[ProviderBlockView]
