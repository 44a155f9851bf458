"""SetCredentials: the provider credentials of a company's session `default` (contract E's Company), whose mark finds it
under any other name."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.sessions.claim_number import marked
from whatsapp_hub.application.sessions.manage_sessions import SessionChanges, UpdateSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

PROVIDER = "META"


@dataclass(frozen=True, slots=True)
class CredentialChanges:
    """Credentials of Meta to set; None leaves one as it is."""

    phone_number_id: str | None = None
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class SetCredentials:
    """Set the credentials of the session that holds the environment's number."""

    storage: Storage
    providers: Providers
    update: UpdateSession

    async def __call__(self, caller: Caller, changes: CredentialChanges) -> None:
        """Set what is given. Raises Conflict (the company has no session `default` of META), Invalid."""
        caller.require(Action.MANAGE_COMPANY)
        session = await self._default(caller)
        if session is None:
            raise Conflict("no_default_session", "the company has no session `default` of META")
        given = {"phoneNumberId": changes.phone_number_id, "accessToken": changes.access_token}
        settings = {name: value for name, value in given.items() if value is not None}
        await self.update(caller, session.id, SessionChanges(settings=settings))

    async def shown(self, caller: Caller) -> str | None:
        """Return the phone number id; None without such a session."""
        session = await self._default(caller)
        if session is None or session.settings is UNREADABLE:
            return None
        settings = self.providers.plugin(session.provider).encode_settings(session.settings, secrets=False)
        return str(settings.get("phoneNumberId") or "") or None

    async def _default(self, caller: Caller) -> Session | None:
        async with self.storage.tenant(caller.tenant_id) as uow:
            session = await marked(uow)
        return session if session and session.provider == PROVIDER else None
