"""What the gateway contracts A and C close sessions with."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.provider import Providers
from whatsapp_hub.application.ports.security import Caller
from whatsapp_hub.application.reading.sessions import SessionFinder, session_named
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.domain.access import Action
from whatsapp_hub.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class CloseAgentSession:
    """A: disconnected, its credentials kept."""

    finder: SessionFinder
    stop: StopSession

    async def __call__(self, caller: Caller, agent_id: str, name: str) -> None:
        """Idempotent. Raises NotFound (also for another agent's session)."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        if session.agent_id != agent_id:
            raise NotFound("session", name)
        await self.stop(caller, session.id)


@dataclass(frozen=True, slots=True)
class DeleteInstance:
    """C: logged out, its credentials gone; conversations stay."""

    finder: SessionFinder
    providers: Providers
    stop: StopSession
    delete: DeleteSession

    async def __call__(self, caller: Caller, name: str) -> None:
        """Raises NotFound."""
        caller.require(Action.MANAGE_SESSIONS)
        session = await session_named(self.finder, caller.tenant_id, name)
        if not self.providers.holds_socket(session.provider):  # of one that is held, deleting it logs it out
            await self.stop(caller, session.id)
        await self.delete(caller, session.id)
