"""Find the environment's number by its mark, and assign it to the first session created through contracts A to D.

Those contracts carry no settings. Where a provider needs some for each session (META: its credentials are one number's;
a WAHA server of one session), their first session takes the number of an unused session `default` of the company.
"""

from typing import NoReturn

from whatsapp_hub.application.ports.operations.environment import EnvironmentMark
from whatsapp_hub.application.ports.provider.plugin import Plugin, Providers
from whatsapp_hub.application.ports.provider.settings import LimitsNumbers
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.sessions.session import DEFAULT, Session

NEEDS_SETTINGS = "needs_settings"


async def marked(uow: UnitOfWork) -> Session | None:
    """Return the session with the configured number, whatever its name; without a mark the one named `default`."""
    mark = await uow.environment.get()
    if mark is None:
        return await uow.sessions.by_key(DEFAULT)
    if mark.session_id is None:
        return None
    return (await uow.sessions.peek([mark.session_id])).get(mark.session_id)


async def takes_another(providers: Providers, plugin: Plugin, settings: dict[str, object]) -> bool:
    """Return whether one more session can be created with these settings."""
    try:
        decoded = plugin.decode_settings(settings)
    except Invalid:
        return False
    if plugin.capabilities.holds_socket:
        return True
    provider = providers.live(plugin.kind)
    return not isinstance(provider, LimitsNumbers) or await provider.takes_another(decoded)


async def unused_number(uow: UnitOfWork, kind: str, agent_id: str | None) -> Session:
    """Lock and return the unused `default`, storing its mark. Raises Conflict (`needs_settings`)."""
    present = await marked(uow)
    if present is None or present.provider != kind:
        _refuse(kind, None)
    session = await uow.sessions.get(present.id)
    is_the_agents = session.key == DEFAULT and session.bot is None and session.agent_id == agent_id
    if not (session.is_unclaimed or is_the_agents) or not await uow.environment.is_unused(session.id):
        _refuse(kind, session)
    if await uow.environment.get() is None:
        await uow.environment.save(EnvironmentMark(session.id, b""))
    return session


def _refuse(kind: str, session: Session | None) -> NoReturn:
    which = f"the configured number is session {session.id}" if session else "this company has no configured number"
    raise Conflict(
        NEEDS_SETTINGS,
        f"each number of {kind} needs settings of its own: PATCH /api/sessions/{{id}} with an agentId gives the "
        f"configured number to an agent ({which}), POST /api/sessions with settings makes a session for another",
    )
