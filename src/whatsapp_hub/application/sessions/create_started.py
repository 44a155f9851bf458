"""CreateStartedSession: create a session and start it."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, InCreation, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class CreateStartedSession:
    """Create a session and start it in one transaction: neither a refused start nor a crash leaves a session behind
    that is never started."""

    create: CreateSession
    start: InitSession

    async def __call__(self, caller: Caller, new: NewSession, also: InCreation | None = None) -> Session:
        """Create and start it; `also` runs in that transaction. Raises Invalid, Conflict (the key is taken, too many
        sessions)."""

        async def want(uow: UnitOfWork, session: Session) -> None:
            await self.start.want(uow, session)
            if also:
                await also(uow, session)

        return await self.start.bring_up(await self.create(caller, new, want))
