"""EnterByLink: the link that the start prints signs the first administrator in, once."""

from dataclasses import dataclass

from whatsapp_hub.application.authentication.login import Entered
from whatsapp_hub.application.authentication.second_factors import RequireSecondFactor
from whatsapp_hub.application.authentication.sign_ins import Client, OpenSignIn
from whatsapp_hub.application.ports.edge.sign_in_links import SignInLinks
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.sign_in import AuthMethod
from whatsapp_hub.domain.errors import OidcRequired, Unauthenticated


@dataclass(frozen=True, slots=True)
class EnterByLink:
    """Sign a person in by a link in place of the password; a second factor is asked for all the same."""

    storage: Storage
    links: SignInLinks
    open: OpenSignIn
    require_second_factor: RequireSecondFactor

    async def __call__(self, secret: str, client: Client) -> Entered:
        """Return who entered, with a token; the link is used up. Raises Unauthenticated (unknown, used or too old, or
        dismissed since), SecondFactorRequired, OidcRequired."""
        email = self.links.take(secret)
        found = await self.storage.directory.credentials(email) if email else None
        if found is None or not found.user.is_active:
            raise Unauthenticated("the link is unknown, used or too old")
        if found.tenant.oidc_required:
            raise OidcRequired
        must_enrol = await self.require_second_factor(found.user, None, client)
        _, token = await self.open(found.user, AuthMethod.LINK, client)
        return Entered(found.user, token, must_enrol)
