"""TellBlocks: have WhatsApp itself block a contact, on each number that spoke with it, or unblock it."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.people import BlocksPeople
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.application.ports.queues.commands import CommandKind
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.holder_commands import AskHolder
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.backoff import Backoff
from whatsapp_hub.domain.errors import (
    Conflict,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Transient,
    Unavailable,
    Unsupported,
)
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.contact import Identity, IdentityKind
from whatsapp_hub.domain.sessions.session import UNREADABLE

log = logging.getLogger(__name__)

AT_ONCE = 5
"""Calls of a company under way at a time: all begin at once, so that none outlives its lease."""
LEASE_S = 120.0
"""Longer than a call: one that was given up unanswered is done by then, or never."""
FIRST_S, MOST_S = 30.0, 3600.0
MOST_TRIES = 40
"""A day and a half: a number that is down comes back meanwhile, or needs somebody."""
ANSWER_S = 20.0


def blocking_kinds(providers: Providers) -> list[str]:
    """List the providers that can block."""
    return [k for k, plugin in providers.plugins.items() if Feature.BLOCK in plugin.capabilities.features]


def named(identities: Sequence[Identity], *, blocked: bool) -> str:
    """Encode what a connector is to do, as a command's argument."""
    return json.dumps([blocked, *([i.kind.value, i.value, i.address] for i in identities)])


def named_in(argument: str) -> tuple[bool, list[Identity]]:
    """Decode what `named` gave."""
    blocked, *identities = json.loads(argument)
    return blocked, [Identity(IdentityKind(kind), value, address) for kind, value, address in identities]


@dataclass(frozen=True, slots=True)
class TellBlocks:
    """Sweep: tell the providers of one company's numbers, a few at a time. A try that fails is repeated, each time
    after twice as long; what the provider refuses stands with the contact as its error."""

    storage: Storage
    providers: Providers
    clock: Clock
    ask: AskHolder

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Tell some of what is due; return whether there may be more. Safe to run in many processes at once. Raises
        Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            claimed = await uow.blocks.claim(AT_ONCE, LEASE_S)
            await uow.commit()
        ended = await asyncio.gather(*(self._tell(tenant_id, block) for block in claimed), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        return len(claimed) == AT_ONCE

    async def _tell(self, tenant_id: TenantId, block: ProviderBlock) -> None:
        error: str | None = None
        again_in_s: float | None = None
        is_certain = True
        try:
            await self._do(tenant_id, block)
        except (Rejected, Unsupported) as refused:
            error = refused.code
        except NotFound:
            error = "session_gone"
        except (Transient, OutcomeUnknown, ProviderError, Conflict, Unavailable) as failed:
            error = failed.code if isinstance(failed, ProviderError | Conflict) else "unavailable"
            is_certain = not isinstance(failed, OutcomeUnknown | Unavailable)
            if block.tries < MOST_TRIES:
                again_in_s = Backoff(FIRST_S, MOST_S).after(block.tries)
        if error:
            log.info("contact.not_blocked", extra={"session_id": str(block.session_id), "code": error})
        with suppress(NotFound):  # the company was removed
            async with self.storage.tenant(tenant_id) as uow:
                if error is None:
                    await uow.blocks.done(block)
                else:
                    await uow.blocks.failed(block, error[:64], again_in_s, is_certain=is_certain)
                await uow.commit()

    async def _do(self, tenant_id: TenantId, block: ProviderBlock) -> None:
        """Call the provider, or the connector that holds the number. Raises as `BlocksPeople.block`, NotFound,
        Conflict, Unavailable."""
        async with self.storage.tenant(tenant_id) as uow:
            session = (await uow.sessions.peek([block.session_id])).get(block.session_id)
            contact = await uow.contacts.get(block.contact_id)
        if session is None:
            raise NotFound("session", block.session_id)
        if session.provider not in blocking_kinds(self.providers):
            return  # it moved to one that cannot block since, or the contact was merged with another
        if not session.is_active or session.settings is UNREADABLE:
            raise Conflict("session_off", "the session is not started")
        if self.providers.holds_socket(session.provider):
            argument = named(contact.identities, blocked=block.blocked)
            await self.ask(session, CommandKind.BLOCK, argument, ANSWER_S)
            return
        provider = self.providers.live(session.provider)
        if not isinstance(provider, BlocksPeople):
            raise Unsupported("unsupported", "the provider cannot block")
        await provider.block(SessionRef.of(session), contact.identities, blocked=block.blocked)


@dataclass(frozen=True, slots=True)
class ListProviderBlocks:
    """List what providers are still to do about a contact's block."""

    storage: Storage

    async def __call__(self, caller: Caller, contact_id: ContactId) -> list[ProviderBlock]:
        """Return them by number; none for a contact that is not there."""
        caller.require(Action.READ_ALL_CONVERSATIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            return await uow.blocks.of(contact_id)
