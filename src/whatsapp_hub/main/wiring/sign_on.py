"""Sign-in by an OpenID provider, where one is set."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide, provide_all

from whatsapp_hub.adapters.http.api.accounts.oidc import OidcAddresses
from whatsapp_hub.adapters.postgres.repositories.accounts.oidc import PostgresOidcAccounts
from whatsapp_hub.adapters.security.oidc.fetching import Fetching
from whatsapp_hub.adapters.security.oidc.provider import HttpOpenIdProvider, OidcClient
from whatsapp_hub.application.authentication.oidc import BeginOidc, ExchangeOidcCode, FinishOidc, UnlinkOidc
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.oidc import OidcAccounts, SingleSignOn
from whatsapp_hub.main.settings import Settings

CALLBACK = "/api/auth/oidc/callback"


def client_of(settings: Settings) -> OidcClient | None:
    """Return how the hub is known to its provider; None: it has none."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return OidcClient(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.oidc_scopes,
        settings.oidc_label,
        f"{settings.public_url}{CALLBACK}",
    )


class SignOn(Provider):
    """Only a process that serves HTTP has it."""

    scope = Scope.APP
    accounts = provide(PostgresOidcAccounts, provides=OidcAccounts)
    use_cases = provide_all(BeginOidc, FinishOidc, ExchangeOidcCode, UnlinkOidc)

    @provide
    async def sign_on(self, settings: Settings, clock: Clock) -> AsyncIterator[SingleSignOn]:
        """Make the provider where OIDC_ISSUER is set."""
        client = client_of(settings)
        if client is None:
            yield SingleSignOn(None)
            return
        fetching = Fetching()
        yield SingleSignOn(HttpOpenIdProvider(client, fetching, clock))
        await fetching.aclose()

    @provide
    def addresses(self, settings: Settings) -> OidcAddresses:
        """Where the browser goes after a sign-in, and whether its cookies must be secure."""
        return OidcAddresses((settings.frontend_url or "").rstrip("/"), settings.public_url.startswith("https://"))
