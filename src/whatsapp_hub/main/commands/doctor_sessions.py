"""Check of `whatsapp-hub doctor` for sessions with unsafe settings."""

from __future__ import annotations

from typing import cast

import asyncpg

from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.providers.registry import ProviderOptions, all_plugins
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.ports.provider.plugin import Host, Providers
from whatsapp_hub.application.sessions.warn_of_settings import settings_warnings
from whatsapp_hub.domain.sessions.session import UNREADABLE
from whatsapp_hub.main.commands.doctor_connectors import Says

_SESSIONS = "SELECT id, key, provider, settings FROM hub.sessions ORDER BY created_at, id"
_NAMED = 5
_PAGE_SIZE = 200


async def in_database(connection: asyncpg.Connection, ring: KeyRing) -> Says | None:
    """Name sessions with a warning; None if there is none. Unreadable settings are reported elsewhere."""
    providers = Providers(all_plugins(ProviderOptions()), cast("Host", None))
    vault, found = SettingsVault(ring, providers), list[str]()
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE hub_system")
        async for row in connection.cursor(_SESSIONS, prefetch=_PAGE_SIZE):
            settings = vault.open(row["id"], row["provider"], row["settings"])
            if settings is not UNREADABLE and (warnings := settings_warnings(providers, row["provider"], settings)):
                found.append(f"{row['key']} ({', '.join(warnings)})")
    if not found:
        return None
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Says(
        None, f"settings are missing or not safe: {', '.join(found[:_NAMED])}{more}; GET /api/sessions says why"
    )
