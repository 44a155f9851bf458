"""Take up the environment's number while the API starts."""

import asyncio
import logging

from dishka import AsyncContainer

from whatsapp_hub.application.sessions.take_up_environment import TakeUpEnvironment
from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.sessions.session import SessionStatus

log = logging.getLogger(__name__)

WAITED_S = 3.0


async def take_up_environment(container: AsyncContainer) -> asyncio.Task[None]:
    """Begin, and wait briefly: neither a silent provider nor any other failure may hold up the start."""

    async def take_up() -> None:
        try:
            session = await (await container.get(TakeUpEnvironment))()
        except HubError as error:
            log.warning("environment.not_taken_up", extra={"why": str(error)})
            return
        except Exception:
            log.exception("environment.failed")
            return
        if session is not None:
            seen = {"session_id": str(session.id), "status": session.status.value, "reason": session.status_reason}
            level = logging.WARNING if session.status is SessionStatus.FAILED else logging.INFO
            log.log(level, "environment.taken_up", extra=seen)

    task = asyncio.create_task(take_up(), name="environment")
    await asyncio.wait({task}, timeout=WAITED_S)
    return task
