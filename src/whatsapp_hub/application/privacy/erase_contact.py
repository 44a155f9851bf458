"""EraseContact hides a customer at once; EraseContacts erases the stored data in the background."""

import logging
import time
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.operations.privacy import Begun, Erasure, ErasureSweep
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Contention, Invalid, NotFound, Unavailable
from whatsapp_hub.domain.events import Details, Event, EventType
from whatsapp_hub.domain.ids import ContactId, ErasureId

AT_ONCE = 1_000
LEASE_S = 120.0
TURN_S = 30.0
"""One erasure's share of a run; the next run goes on."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EraseContact:
    """Remove a customer from sight in one transaction, and leave the stored data to the background."""

    storage: Storage
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Caller, contact_id: ContactId, confirm: str) -> Erasure:
        """Begin the erasure, or return the one begun before. A later message from the same number creates a new
        contact. `confirm` must be the contact's id. Raises NotFound, Invalid."""
        caller.require(Action.ERASE_CONTACTS)
        erasure_id, tenant_id = ErasureId(self.new_id()), caller.tenant_id
        wanted = Erasure(erasure_id, tenant_id, contact_id, caller.key, caller.user_id, self.clock())
        async with self.storage.tenant(tenant_id) as uow:
            if earlier := await uow.erasures.of(contact_id):
                return earlier
            await uow.erasures.require(contact_id)
            if confirm != str(contact_id):
                raise Invalid.field("confirm", "must be the contact's id: an erasure cannot be undone")
            try:
                begun = await uow.erasures.begin(wanted)
            except NotFound:
                if earlier := await uow.erasures.of(contact_id):
                    return earlier
                raise
            uow.publish([_event_of(begun)])
            await uow.commit()
        return begun.erasure


def _event_of(begun: Begun) -> Event:
    """Build the event on which readers of the log and webhook receivers erase the contact, too."""
    erasure = begun.erasure
    detail: Details = {
        "contact_id": str(erasure.contact_id),
        "conversation_ids": [str(conversation_id) for _, conversation_id in begun.rounds],
    }
    return Event(EventType.CONTACT_ERASED, erasure.tenant_id, erasure.begun_at, detail=detail)


@dataclass(frozen=True, slots=True)
class EraseContacts:
    """Erase first the contact's rows, so that nothing more can happen with it, then its events in the log. Small
    transactions; after a crash the next run continues."""

    sweep: ErasureSweep

    async def __call__(self) -> None:
        """Erase what is due, `TURN_S` at most for each contact. Raises Unavailable."""
        seen: set[ErasureId] = set()
        while erasure := await self.sweep.take(LEASE_S, seen):
            seen.add(erasure.id)
            try:
                await self._erase(erasure)
            except Contention:
                log.info("contact.erased_later", extra={"erasure_id": str(erasure.id)})
            except Unavailable:
                raise
            except Exception:
                log.exception("contact.not_erased", extra={"erasure_id": str(erasure.id)})
            await self.sweep.leave(erasure)

    async def _erase(self, erasure: Erasure) -> None:
        until = time.monotonic() + TURN_S
        while await self.sweep.rows(erasure, AT_ONCE):
            if time.monotonic() > until:
                return
        while await self.sweep.log(erasure, AT_ONCE):
            if time.monotonic() > until:
                return
        # A move that was broken off may have left a copy of what is erased here; its completion removes the copy.
        said = "contact.erased" if await self.sweep.finish(erasure) else "contact.erased_after_move"
        log.info(said, extra={"erasure_id": str(erasure.id)})


@dataclass(frozen=True, slots=True)
class ShowErasures:
    """Show how far erasures have come, and what they erased."""

    storage: Storage

    async def one(self, caller: Caller, erasure_id: ErasureId) -> Erasure:
        """Return one erasure. Raises NotFound."""
        caller.require(Action.ERASE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.erasures.get(erasure_id)

    async def newest(self, caller: Caller, limit: int, before: ErasureId | None) -> list[Erasure]:
        """List erasures, the newest first, from below `before`."""
        caller.require(Action.ERASE_CONTACTS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.erasures.newest(limit, before)
