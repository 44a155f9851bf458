"""CreateStartedSession: a new session that is started from its first moment on."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, InCreation, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.sessions.session import Session


@dataclass(frozen=True, slots=True)
class CreateStartedSession:
    """Create a session and start it in one transaction: a refused start leaves no session behind, and no crash leaves
    one that nobody starts."""

    create: CreateSession
    start: InitSession

    async def __call__(self, caller: Caller, new: NewSession, also: InCreation | None = None) -> Session:
        """`also` is done in that transaction too. Raises Invalid, Conflict (the key is taken, too many sessions)."""

        async def want(uow: UnitOfWork, session: Session) -> None:
            await self.start.want(uow, session)
            if also:
                await also(uow, session)

        return await self.start.bring_up(await self.create(caller, new, want))
