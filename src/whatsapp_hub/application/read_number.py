"""ReadNumber: parse a phone number that a person or a program wrote. All APIs parse numbers here."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.numbering import NumberingPlans
from whatsapp_hub.application.ports.edge.sandbox import SANDBOX
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.messaging.contact import (
    NO_ADDRESS,
    Identity,
    IdentityKind,
    parse_address,
    parse_bsuid,
    parse_jid,
)
from whatsapp_hub.domain.numbers.dialling import Written, read_number
from whatsapp_hub.domain.sessions.session import Session

_LENGTHS = range(8, 16)


@dataclass(frozen=True, slots=True)
class ReadNumber:
    """Parse a number as people write it into an identity."""

    plans: NumberingPlans

    def __call__(self, text: str, field_name: str, country: str | None) -> Identity:
        """Parse a number, JID or BSUID. `country`: where bare digits are dialled (None: they are international). Raises
        Invalid."""
        if (identity := parse_bsuid(text) or parse_jid(text, field_name)) is not None:
            return identity
        number = read_number(text)
        digits = self._dialled(number, country) if number else None
        if digits is None:
            raise Invalid.field(field_name, NO_ADDRESS)
        return Identity.phone(digits)

    def own(self, text: str, country: str | None, provider: str) -> str:
        """Parse a session's own number (`phone_number`) into digits. Raises Invalid."""
        field_name = "phone_number"
        is_sandbox = provider == SANDBOX
        identity = parse_address(text, field_name) if is_sandbox else self(text, field_name, country)
        if identity.kind is not IdentityKind.PHONE:
            raise Invalid.field(field_name, "must be a phone number")
        return identity.address

    async def recipient(
        self, uow: UnitOfWork, session: Session, text: str, country: str | None, field_name: str = "to"
    ) -> Identity:
        """Parse a recipient. The number of a known contact is taken as it is, and so is every number in a sandbox,
        where numbers need not exist. Raises Invalid."""
        if session.provider == SANDBOX:
            return parse_address(text, field_name)
        number = None if "@" in text or parse_bsuid(text) else read_number(text)
        if number and (known := await uow.contacts.known(Identity.phone(number.digits))):
            return known
        identity = self(text, field_name, country)
        return await uow.contacts.known(identity) or identity

    def _dialled(self, number: Written, country: str | None) -> str | None:
        digits = number.digits
        if country and not number.is_international and (found := self.plans.national(digits, country)):
            return found
        return self.plans.international(digits) or (digits if len(digits) in _LENGTHS else None)
