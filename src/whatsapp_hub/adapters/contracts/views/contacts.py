"""Contacts in the form of contract F."""

from datetime import datetime
from uuid import UUID

from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.messaging.contact import Contact, IdentityKind


class IdentityView(View):
    """One name by which WhatsApp identifies a contact."""

    kind: IdentityKind
    value: str


class ContactView(View):
    """Somebody who wrote to the company, or was written to."""

    id: UUID
    phone_number: str | None
    name: str | None
    profile_pic: str | None
    is_group: bool
    identities: list[IdentityView]
    created_at: datetime

    @classmethod
    def of(cls, contact: Contact) -> "ContactView":
        """Show a contact with all its identities."""
        return cls(
            id=contact.id,
            phone_number=contact.phone_number,
            name=contact.name,
            profile_pic=contact.profile_pic,
            is_group=contact.is_group,
            identities=[IdentityView(one.kind, one.value) for one in contact.identities],
            created_at=time(contact.created_at),
        )
