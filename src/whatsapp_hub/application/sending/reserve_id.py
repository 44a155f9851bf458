"""ReserveId: choose and store a message's provider id before it is sent, where the provider allows it.

Stored before the call, so that the echo and receipts find the message in whatever order they come, even if the answer
is lost. A message that is tried again keeps its id: WhatsApp shows the same id once.
"""

from dataclasses import dataclass

from whatsapp_hub.application.ports.provider.plugin import Outgoing, Provider, ReservesIds, SessionRef
from whatsapp_hub.application.ports.queues.lanes import Claim
from whatsapp_hub.application.ports.storage.unit_of_work import Storage


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reserved id. `is_ours` False: the claim was lost meanwhile, and nothing may be sent for it."""

    provider_message_id: str | None = None
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class ReserveId:
    """Store the provider's id of a message before the call, so that an echo or a receipt finds the message."""

    storage: Storage

    async def __call__(self, claim: Claim, provider: Provider, session: SessionRef, message: Outgoing) -> Reserved:
        """Get an id from the provider and store it. Raises Unavailable."""
        if not isinstance(provider, ReservesIds) or claim.message.lost_id:
            return Reserved()  # the id of an attempt whose file was lost is over
        if known := claim.message.whatsapp_message_id:
            return Reserved(known)
        id = await provider.new_message_id(session, message)
        if id is None:
            return Reserved()
        async with self.storage.tenant(session.tenant_id) as uow:
            await uow.receipts.lock([(session.id, id)])
            is_ours = await uow.lanes.reserve_id(claim, id)
            await uow.commit()
        return Reserved(id, is_ours)
