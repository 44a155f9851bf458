"""MoveSession and ForeseeMove: give a session another provider while messages wait, and say beforehand what that loses.

The session stays what it is to everybody else: its contacts, conversations and queue do not change. The old provider's
calls under way end first, while nothing new is claimed; the new provider is asked to start; then one transaction
changes it all. Until that commits nothing has changed, and the pause ends by itself; what was started is stopped.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from whatsapp_hub.application.moving.pause import Pause
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
    HubError,
    Invalid,
    NotFound,
    ProviderError,
    Rejected,
    Unavailable,
)
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.integrations.threads import held_by
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.sessions.moving import ARRIVES_WITHIN, KEPT, Loss, OtherProvider, OtherRole, foreseen
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session, SessionStatus

log = logging.getLogger(__name__)

MOST_FORESEEN = 10_000
"""How many waiting messages a dry run looks at."""
STOP_WITHIN_S = 10.0
FREED_AT_ONCE = 100
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
        """Move it, and start it unless it is stopped. Raises NotFound, Invalid, Conflict (it is there already, it was
        changed or started meanwhile, too many sessions), Unavailable (the new provider does not answer): nothing was
        changed then."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            before = await peeked(uow, session_id)
            plugin, settings = decoded(self.providers, before, to)
            losses = (await self.foresee.of(uow, before, plugin)).losses
        pause = Pause(self.storage, caller.tenant_id, session_id)
        await pause.settle()
        there = replace(before, provider=plugin.kind, settings=settings, is_active=True)
        seen: SessionSeen | None = None
        try:
            if _is_wanted(before):
                async with pause.renewed():
                    seen = await self._started(there, plugin)
            while (moved := await self._change(pause, before, there, seen, losses)) is None:
                await pause.settle()
        except Exception:
            await self._give_up(there, seen)
            raise
        await self._close(before)
        if seen and not _is_wanted(moved.session):  # it was stopped meanwhile
            await self._close(there)
        if Feature.THREADS not in plugin.capabilities.features:
            await self._free_threads(moved.session)
        return moved

    async def _expect(self, there: Session) -> None:
        """Have the new provider's webhooks taken from now on: they may come before it has answered."""
        async with self.storage.tenant(there.tenant_id) as uow:
            await uow.sessions.get(there.id)
            now = self.clock()
            until = now + ARRIVES_WITHIN
            arriving = OtherProvider(there.id, OtherRole.ARRIVING, there.provider, there.settings, now, until)
            await uow.other_providers.keep(arriving)
            await uow.commit()

    async def _change(
        self, pause: Pause, before: Session, there: Session, seen: SessionSeen | None, losses: list[Loss]
    ) -> Moved | None:
        """Move it in one transaction; None: a call of the old provider was begun, which is to end first."""
        async with self.storage.tenant(before.tenant_id) as uow:
            session = await uow.sessions.get(before.id)
            is_wanted = _is_wanted(session)
            is_same = (session.provider, session.settings) == (before.provider, before.settings)
            if not is_same or (is_wanted and not _is_wanted(before)):
                raise Conflict("session_changed", "the session was changed meanwhile: look at it and ask again")
            waiting = (await uow.lanes.affected(session.id, 0)).queued
            await self._leave(uow, session)
            await uow.other_providers.arrived(session.id)
            paused = timedelta(seconds=pause.lasts_s)
            session.move_to(there.provider, there.settings, self.clock(), waiting, paused)
            await save_session(uow, session)  # which locks its lanes
            under_way = (await uow.lanes.open_attempts([session.id])).get(session.id, [])
            if under_way and pause.may_wait:
                return None
            if is_wanted:
                await self._bring_up(uow, session, seen)
            await uow.commit()
        return Moved(session, before.provider, waiting, len(under_way), paused, losses)

    async def _give_up(self, there: Session, seen: SessionSeen | None) -> None:
        """Stop it at the provider that it did not get, if that was started, and it is not there all the same: by
        another move, or because the answer to the commit alone was lost."""
        with suppress(HubError):
            async with self.storage.tenant(there.tenant_id) as uow:
                now = (await uow.sessions.peek([there.id])).get(there.id)
                await uow.other_providers.arrived(there.id)
                await uow.commit()
            if seen and (now is None or now.provider != there.provider):
                await self._close(there)

    async def _started(self, there: Session, plugin: Plugin) -> SessionSeen | None:
        """Ask the new provider to start; None where connectors do. What it refuses is refused here."""
        if plugin.capabilities.holds_socket:
            return None
        provider = self.providers.live(plugin.kind)
        if not isinstance(provider, Starts):
            return None
        await self._expect(there)
        ref = SessionRef.of(there)
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

    async def _free_threads(self, session: Session) -> None:
        """Let people write where another program of the number had the conversation: it does not have it there. What
        this leaves undone is done when an agent takes the thread."""
        with suppress(HubError):
            while True:
                async with self.storage.tenant(session.tenant_id) as uow:
                    if not (held := await uow.conversations.held_elsewhere(session.id, FREED_AT_ONCE)):
                        return
                    for conversation in held:
                        held_by(conversation, None, self.clock())
                    await uow.conversations.save(held)
                    await uow.commit()

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
