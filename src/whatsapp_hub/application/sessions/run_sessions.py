"""InitSession and StopSession: start and stop a session.

For a session that holds a socket only the desired state is stored; connectors carry it out. Any other provider is
called between two transactions: CONNECTING is committed before, its answer after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whatsapp_hub.application.ports.connections.connections import Leases
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef, Starts
from whatsapp_hub.application.ports.storage.unit_of_work import Storage, UnitOfWork
from whatsapp_hub.application.sessions.advance_connection import AdvanceConnection, save_session
from whatsapp_hub.application.sessions.pair_sessions import FollowPairing
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, CredentialsInvalid, ProviderError
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.connection import STOPPED
from whatsapp_hub.domain.sessions.environment import missing_reason, stops
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session, SessionStatus


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """How many sessions of one kind the hub holds while no connector reports its capacity (MAX_INSTANCES)."""

    sessions: int


@dataclass(frozen=True, slots=True)
class InitSession:
    """Start a session. One that needs nothing from its provider is CONNECTED at once."""

    storage: Storage
    providers: Providers
    clock: Clock
    advance: AdvanceConnection
    leases: Leases
    limit: SessionLimit

    async def __call__(self, caller: Caller, session_id: SessionId, *, again: bool = False) -> Session:
        """Start it; `again` restarts a connected one. Raises NotFound, Conflict (connected already, too many
        sessions)."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if self.providers.holds_socket(session.provider):
                return await self._want(uow, session, again=again)
            if again:
                session.stop(self.clock())
            await self._begin(uow, session)
            await uow.commit()
        return await self.bring_up(session)

    async def want(self, uow: UnitOfWork, session: Session) -> None:
        """Start a new session inside the transaction that creates it; `bring_up` follows the commit. Raises Conflict
        (too many sessions)."""
        if self.providers.holds_socket(session.provider):
            await self._require_room(session.provider)
            await self.advance(uow, session, lambda state, now: state.started(now, self.advance.rules))
            return
        await self._begin(uow, session)

    async def _begin(self, uow: UnitOfWork, session: Session) -> None:
        """Begin a start that `TendPairings` repeats until the provider has answered."""
        session.start(self.clock())
        await self._pairing.begin(uow, session)
        await save_session(uow, session)

    async def bring_up(self, session: Session) -> Session:
        """Ask the provider to start a session that is stored as CONNECTING, and store its answer. Connectors do this
        for sessions that hold a socket."""
        if self.providers.holds_socket(session.provider):
            return session
        seen = await self._ask(session)
        async with self.storage.tenant(session.tenant_id) as uow:
            session = await uow.sessions.get(session.id)
            if not session.is_active:  # stopped meanwhile: stop it at the provider again
                return await bring_down(self.providers, session)
            await self._pairing.reported(uow, session, seen, asked=True)
            await uow.commit()
        return session

    @property
    def _pairing(self) -> FollowPairing:
        return FollowPairing(self.providers, self.clock, self.advance.rules)

    async def _want(self, uow: UnitOfWork, session: Session, *, again: bool) -> Session:
        if not session.is_active:
            await self._require_room(session.provider)
        elif session.status is SessionStatus.CONNECTED and not again:
            raise Conflict("already_connected", "the session is connected already")
        rules = self.advance.rules
        if again:
            await self.advance(uow, session, lambda state, now: state.restarted(now, rules))
        else:
            await self.advance(uow, session, lambda state, now: state.started(now, rules))
        await uow.commit()
        return session

    async def _require_room(self, kind: str) -> None:
        room, wanted = await self.leases.capacity(kind)
        if wanted >= (room or self.limit.sessions):
            detail = f"{wanted} sessions are started already; stop some, raise MAX_INSTANCES or run more connectors"
            raise Conflict("too_many_sessions", detail)

    async def _ask(self, session: Session) -> SessionSeen:
        if session.settings is UNREADABLE:
            return SessionSeen(SessionStatus.FAILED, self.clock(), f"credentials_invalid: {UNREADABLE.reason}")
        if missing := self.providers.missing(session.provider, session.settings):
            return await self._ask_incomplete(session, missing)
        return await self._ask_provider(session)

    async def _ask_incomplete(self, session: Session, missing: Mapping[str, str]) -> SessionSeen:
        """Start it as far as its settings allow, with the missing ones as the reason."""
        reason = missing_reason(session.provider, missing)[:300]
        if stops(missing):
            return SessionSeen(SessionStatus.FAILED, self.clock(), reason)
        seen = await self._ask_provider(session)
        return replace(seen, reason=seen.reason or reason)

    async def _ask_provider(self, session: Session) -> SessionSeen:
        provider = self.providers.live(session.provider)
        if not isinstance(provider, Starts):
            return SessionSeen(SessionStatus.CONNECTED, self.clock())
        try:
            return await provider.start(SessionRef.of(session))
        except CredentialsInvalid as error:
            return SessionSeen(SessionStatus.FAILED, self.clock(), f"credentials_invalid: {error}")
        except ProviderError as error:
            return SessionSeen(SessionStatus.FAILED, self.clock(), str(error)[:300])


@dataclass(frozen=True, slots=True)
class StopSession:
    """Stop a session, keeping its credentials; its messages wait."""

    storage: Storage
    providers: Providers
    clock: Clock
    advance: AdvanceConnection

    async def __call__(self, caller: Caller, session_id: SessionId, reason: str = STOPPED) -> Session:
        """Stop it. Idempotent. Raises NotFound."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            if self.providers.holds_socket(session.provider):
                await self.advance(uow, session, lambda state, _: state.stopped(reason))
                await uow.commit()
                return session
            session.stop(self.clock(), reason)
            await save_session(uow, session)
            await uow.commit()
        return await bring_down(self.providers, session)


async def bring_down(providers: Providers, session: Session) -> Session:
    """Stop a session at its provider; what that says against it becomes its reason. Never raises ProviderError."""
    provider = providers.live(session.provider)
    if stops(providers.missing(session.provider, session.settings)):
        return session  # it was never up
    if isinstance(provider, Starts) and session.settings is not UNREADABLE:
        try:
            await provider.stop(SessionRef.of(session))
        except ProviderError as error:
            session.status_reason = f"stopped here; the provider said: {error}"[:300]
    return session
