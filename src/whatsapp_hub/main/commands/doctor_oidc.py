"""What `whatsapp-hub doctor` says of the OpenID provider, and of companies that require it."""

from __future__ import annotations

import asyncpg

from whatsapp_hub.adapters.security.clock import system_clock
from whatsapp_hub.domain.errors import OidcFailure, OidcRefused
from whatsapp_hub.main.commands.doctor_connectors import Says
from whatsapp_hub.main.settings import Settings

ANSWER_WITHIN_S = 5.0
# Also a database of another version, without the column.
_REQUIRE = """
    SELECT slug FROM hub.tenants t
    WHERE removed_at IS NULL AND to_jsonb(t) @> '{"oidc_required": true}' ORDER BY slug"""
_COMPANIES = "SELECT count(*) FROM hub.tenants WHERE removed_at IS NULL"
_NAMED = 5


async def provider(settings: Settings) -> list[Says]:
    """Ask the provider for its document and its keys. Nothing to say where none is set."""
    from whatsapp_hub.adapters.security.oidc.fetching import Fetching
    from whatsapp_hub.adapters.security.oidc.provider import HttpOpenIdProvider
    from whatsapp_hub.main.wiring.sign_on import client_of

    if (client := client_of(settings)) is None:
        return []
    fetching = Fetching(ANSWER_WITHIN_S)
    try:
        keys = await HttpOpenIdProvider(client, fetching, system_clock).look()
    except OidcRefused as error:
        good = None if error.failure is OidcFailure.PROVIDER_AWAY else False
        said = "does not answer" if good is None else "cannot be used"
        return [Says(good, f"OIDC_ISSUER: {settings.oidc_issuer} {said}: {error}")]
    finally:
        await fetching.aclose()
    found = Says(True, f"{client.issuer} answers, with {keys} keys; its redirect address must be {client.redirect_uri}")
    return [found, *_public(settings)]


def _public(settings: Settings) -> list[Says]:
    if settings.hub_public_url:
        return []
    return [Says(None, f"HUB_PUBLIC_URL is not set: only browsers that reach {settings.public_url} come back")]


async def in_database(connection: asyncpg.Connection, settings: Settings) -> Says | None:
    """Say what the companies' settings and the provider do not agree on; None where all is well."""
    from whatsapp_hub.main.wiring.sign_on import client_of

    if not await connection.fetchval("SELECT to_regclass('hub.tenants')"):
        return None
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE hub_system")
        if client_of(settings) is None:
            return _lacking([row["slug"] for row in await connection.fetch(_REQUIRE)])
        return _shared(await connection.fetchval(_COMPANIES), settings)


def _lacking(slugs: list[str]) -> Says | None:
    """Name companies whose users sign in by the provider alone, where none is set."""
    if not slugs:
        return None
    more = f" and {len(slugs) - _NAMED} more" if len(slugs) > _NAMED else ""
    return Says(
        None,
        f"{', '.join(slugs[:_NAMED])}{more}: sign-in by a provider is required, but none is set (OIDC_ISSUER, "
        "OIDC_CLIENT_ID), so nobody signs in; set it, or let an administrator in to turn that off: `whatsapp-hub "
        "user admit EMAIL`",
    )


def _shared(companies: int, settings: Settings) -> Says | None:
    """Warn where each of several companies could make a user of anybody's e-mail, and so get that person's sign-in."""
    if companies < 2 or settings.oidc_slugs:
        return None
    return Says(
        None,
        f"OIDC_COMPANIES is not set: who comes from the provider enters whichever of {companies} companies was first "
        "to make a user of their e-mail; name the companies whose people the provider knows",
    )
