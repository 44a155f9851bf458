"""AdmitAdministrator: an operator lets an administrator in whose own way in is closed."""

from dataclasses import dataclass
from datetime import timedelta

from whatsapp_hub.application.accounts.operators import named, operator
from whatsapp_hub.application.authentication.sign_ins import Client, OpenSignIn
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.errors import Conflict

LIFETIME = timedelta(hours=1)
DOING = "whatsapp-hub user admit"


@dataclass(frozen=True, slots=True)
class AdmitAdministrator:
    """Emergency access, such as to a company that requires an OpenID provider which is away."""

    storage: Storage
    open: OpenSignIn

    async def __call__(self, email: str) -> str:
        """Open a sign-in and return its token, which is valid for an hour. Raises NotFound, Conflict (they
        administer nothing), Unauthenticated (dismissed)."""
        user, tenant = await named(self.storage, email)
        if user.role is Role.AGENT:
            raise Conflict("no_administrator", f"{email} is no administrator")
        client = Client(None, None, DOING)
        _, token = await self.open(user, AuthMethod.LINK, client, lifetime=LIFETIME, actor=operator(tenant, DOING))
        return token
