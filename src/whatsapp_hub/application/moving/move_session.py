"""MoveSession and ForeseeMove: give a session another provider while messages wait, and say beforehand what that loses.

The session stays what it is to everybody else: its contacts, conversations and queue do not change. The old provider's
calls under way end first, while nothing new is claimed; the new provider is asked to start; then one transaction
changes it all. Until that commits nothing has changed, and the pause ends by itself.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Plugin, Providers, SessionRef, Starts
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sending.checks import may_know
from whatsapp_hub.application.sessions.advance_connection import save_session
from whatsapp_hub.application.sessions.manage_sessions import plugin_of
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing
from whatsapp_hub.application.sessions.run_sessions import InitSession, bring_down
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import (
    Conflict,
    CredentialsInvalid,
    Invalid,
    NotFound,
    ProviderError,
    Rejected,
    Unavailable,
)
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.moving import KEPT, Loss, OtherProvider, OtherRole, foreseen
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session, SessionStatus

log = logging.getLogger(__name__)

MOST_FORESEEN = 10_000
"""How many waiting messages a dry run looks at."""
HOLD_S = 5.0
LOOK_EVERY_S = 0.05
STOP_WITHIN_S = 10.0
SETTLE_WITHIN_S = 32.0
"""A call is given up after 30 seconds."""
_DOWN = frozenset({SessionStatus.FAILED, SessionStatus.BANNED, SessionStatus.LOGGED_OUT})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a session is to go: a provider's kind, and its settings as the API takes them."""

    provider: str
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a move would mean, before it is made. `queued`: all that waits; the losses look at the first
    MOST_FORESEEN of it."""

    session: Session
    to: str
    queued: int
    losses: list[Loss]


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that was made. `waiting` messages are the new provider's to send; `under_way` calls of the old one had not
    ended in time, and their chats wait for them; nothing was sent for `paused`."""

    session: Session
    left: str
    waiting: int
    under_way: int
    paused: timedelta
    losses: list[Loss]

    @property
    def is_sending(self) -> bool:
        """Whether what waits is being sent by now."""
        return self.session.may_send


@dataclass(frozen=True, slots=True)
class ForeseeMove:
    """Say what would be lost. Changes nothing, and calls no provider."""

    storage: Storage
    providers: Providers
    clock: Clock

    async def __call__(self, caller: Caller, session_id: SessionId, to: Destination) -> Foresight:
        """Check the destination and list the losses. Raises NotFound, Invalid (`/provider`, `/settings/…`), Conflict
        (the session is there already)."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await peeked(uow, session_id)
            plugin, _ = decoded(self.providers, session, to)
            return await self.of(uow, session, plugin)

    async def of(self, uow: UnitOfWork, session: Session, plugin: Plugin) -> Foresight:
        """List the losses of a move to this provider, inside a transaction."""
        affected = await uow.lanes.affected(session.id, MOST_FORESEEN)
        before = self.providers.plugins.get(session.provider)
        losses: list[Loss] = []
        if before:
            kind = plugin.kind
            losses = foreseen(
                before.capabilities,
                plugin.capabilities,
                affected,
                lambda id: may_know(self.providers, kind, id),
                self.clock(),
            )
        return Foresight(session, plugin.kind, affected.queued, losses)


@dataclass(frozen=True, slots=True)
class MoveSession:
    """Move a session. What waits is sent by the new provider, each once, in the order of each chat."""

    storage: Storage
    providers: Providers
    clock: Clock
    start: InitSession
    foresee: ForeseeMove
    follow: FollowPairing

    async def __call__(self, caller: Caller, session_id: SessionId, to: Destination) -> Moved:
        """Move it, and start it unless it had been stopped. Raises NotFound, Invalid, Conflict (it is there already, it
        was changed meanwhile, too many sessions), Unavailable (the new provider does not answer): nothing was changed
        then."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            before = await peeked(uow, session_id)
            plugin, settings = decoded(self.providers, before, to)
            losses = (await self.foresee.of(uow, before, plugin)).losses
        began = time.monotonic()
        under_way = await self._quieten(caller.tenant_id, session_id)
        seen = await self._started(before, plugin, settings) if _is_wanted(before) else None
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if (session.provider, session.settings) != (before.provider, before.settings):
                raise Conflict("session_changed", "the session was changed meanwhile: look at it and ask again")
            waiting = (await uow.lanes.affected(session_id, 0)).queued
            paused = timedelta(seconds=time.monotonic() - began)
            await self._leave(uow, session)
            session.move_to(plugin.kind, settings, self.clock(), waiting, paused)
            await save_session(uow, session)
            if _is_wanted(before):
                await self._bring_up(uow, session, seen)
            await uow.commit()
        await self._close(before)
        return Moved(session, before.provider, waiting, under_way, paused, losses)

    async def _quieten(self, tenant_id: TenantId, session_id: SessionId) -> int:
        """Let no more be claimed, and wait until the calls under way have ended; return how many have not. The hold is
        short and renewed, so that it ends with this process."""
        until = time.monotonic() + SETTLE_WITHIN_S
        while True:
            async with self.storage.tenant(tenant_id) as uow:
                await uow.lanes.hold(session_id, HOLD_S)
                attempts = (await uow.lanes.open_attempts([session_id])).get(session_id, [])
                await uow.commit()
            if not attempts or time.monotonic() > until:
                return len(attempts)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _started(self, session: Session, plugin: Plugin, settings: object) -> SessionSeen | None:
        """Ask the new provider to start; None where connectors do. What it refuses is refused here."""
        if plugin.capabilities.holds_socket:
            return None
        provider = self.providers.live(plugin.kind)
        if not isinstance(provider, Starts):
            return None
        ref = SessionRef(session.id, session.tenant_id, session.key, plugin.kind, settings)
        try:
            return await provider.start(ref)
        except CredentialsInvalid as error:
            raise Invalid.field("settings", f"are refused by {plugin.kind}: {error}") from error
        except Rejected as error:
            raise Invalid.field("settings", f"cannot be used: {plugin.kind} says {error}") from error
        except ProviderError as error:
            raise Unavailable(f"{plugin.kind} does not answer: {error}") from error

    async def _leave(self, uow: UnitOfWork, session: Session) -> None:
        """Keep what finds the old provider's late webhooks and files; delete a held connection with its keys."""
        now = self.clock()
        if self.providers.holds_socket(session.provider):
            await uow.connections.forget_deleted(session)
            await uow.fetches.release_held(session.id)
        await uow.pairings.end(session.id)
        if session.settings not in (None, UNREADABLE):
            left = (session.id, OtherRole.LEFT, session.provider, session.settings)
            await uow.other_providers.keep(OtherProvider(*left, now, now + KEPT))
        await uow.other_providers.cancel(session.id)

    async def _bring_up(self, uow: UnitOfWork, session: Session, seen: SessionSeen | None) -> None:
        """Start it with what the new provider has answered already; connectors, and providers that need no start, go
        on as with every start."""
        await self.start.want(uow, session)
        if not self.providers.holds_socket(session.provider):
            seen = seen or SessionSeen(SessionStatus.CONNECTED, self.clock())
            await self.follow.reported(uow, session, seen, asked=True)

    async def _close(self, before: Session) -> None:
        """Stop the session at the old provider. Best effort: it is not ours any more."""
        if before.provider not in self.providers.plugins or not before.is_active:
            return
        if self.providers.holds_socket(before.provider):
            return  # its connector hangs up
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await bring_down(self.providers, before)
        except TimeoutError:
            log.warning("session.not_stopped", extra={"session_id": str(before.id), "provider": before.provider})


async def peeked(uow: UnitOfWork, session_id: SessionId) -> Session:
    """Return the session, unlocked. Raises NotFound."""
    found = (await uow.sessions.peek([session_id])).get(session_id)
    if found is None:
        raise NotFound("session", session_id)
    return found


def decoded(providers: Providers, session: Session, to: Destination) -> tuple[Plugin, object]:
    """Return the destination's plugin and its decoded settings. Raises Invalid, Conflict."""
    plugin = plugin_of(providers, to.provider)
    if plugin.kind == session.provider:
        raise Conflict("same_provider", f"the session is at {plugin.kind} already: PATCH changes its settings")
    return plugin, plugin.decode_settings(to.settings)


def _is_wanted(session: Session) -> bool:
    """Whether it shall be connected: it was started, or has failed since."""
    return session.is_active or session.status in _DOWN
