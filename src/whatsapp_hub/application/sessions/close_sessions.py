"""UnlinkSession, and the use cases by which the gateway contracts A and C close sessions."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import LogsOut, Providers, SessionRef
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.application.sessions.advance_connection import save_session
from whatsapp_hub.application.sessions.holder_commands import LOGGED_OUT_HERE, LogOut
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import NotFound, NotSupported, ProviderError
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session


@dataclass(frozen=True, slots=True)
class UnlinkSession:
    """Unlink the session from its phone, through our connector or the provider."""

    storage: Storage
    providers: Providers
    clock: Clock
    log_out: LogOut

    async def __call__(self, caller: Caller, session_id: SessionId) -> Session:
        """Log out. Where the provider cannot be reached, the session is logged out here only, with the status reason
        `logged_out_here`. Raises NotFound, NotSupported where no phone is linked."""
        caller.require(Action.MANAGE_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = (await uow.sessions.peek([session_id])).get(session_id)
        if session is None:
            raise NotFound("session", session_id)
        if self.providers.holds_socket(session.provider):
            return await self.log_out(caller, session_id)
        reason = await self._log_out_at_provider(session)
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await uow.sessions.get(session_id)
            session.log_out(self.clock(), reason)
            await save_session(uow, session)
            await uow.commit()
        return session

    async def _log_out_at_provider(self, session: Session) -> str:
        provider = self.providers.live(session.provider)
        if not isinstance(provider, LogsOut):
            raise NotSupported(session.provider, "logging out")
        if session.settings is UNREADABLE:
            return LOGGED_OUT_HERE
        try:
            await provider.log_out(SessionRef.of(session))
        except ProviderError:
            return LOGGED_OUT_HERE
        return "logged_out"


@dataclass(frozen=True, slots=True)
class CloseAgentSession:
    """Contract A: disconnect a session, keeping its credentials unless `log_out`."""

    finder: SessionFinder
    stop: StopSession
    unlink: UnlinkSession

    async def __call__(self, caller: Caller, agent_id: str, name: str, *, log_out: bool = False) -> None:
        """Disconnect it. Idempotent. Where no phone is linked, logging out only disconnects. Raises NotFound (also for
        another agent's session)."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        if session.agent_id != agent_id:
            raise NotFound("session", name)
        if not log_out:
            await self.stop(caller, session.id)
            return
        try:
            await self.unlink(caller, session.id)
        except NotSupported:
            await self.stop(caller, session.id)


@dataclass(frozen=True, slots=True)
class DeleteInstance:
    """Contract C: log a session out and delete it with its credentials; conversations stay."""

    finder: SessionFinder
    unlink: UnlinkSession
    stop: StopSession
    delete: DeleteSession

    async def __call__(self, caller: Caller, name: str) -> None:
        """Delete it. Raises NotFound."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        try:
            await self.unlink(caller, session.id)
        except NotSupported:
            await self.stop(caller, session.id)
        await self.delete(caller, session.id)
