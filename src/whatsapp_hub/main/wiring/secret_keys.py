"""The HUB_SECRET_KEY that seals: chosen at a start, followed while a process runs, checked before anything starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import structlog

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.postgres.engine.failures import translated
from whatsapp_hub.adapters.postgres.engine.refusals import refusal
from whatsapp_hub.adapters.postgres.security.sealed import PostgresSealed, System
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.security.choose_key import ChooseKey, KeyMissing, KeyTooShort
from whatsapp_hub.application.security.rotate_keys import CountSealed, SealedCounts
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import SECRET_NAMES, Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")

STRONG_LENGTH = 32
"""Characters of 24 random bytes in base64. Shorter ones (at least 16) in use are accepted with a warning."""
MAKE_ONE = "make one with `openssl rand -base64 32`"


def ring_of(settings: Settings) -> AesSecretBox:
    """Make the key ring of the settings, HUB_SECRET_KEY in force."""
    return AesSecretBox(settings.needed("hub_secret_key"), *settings.old_secret_keys)


async def ring_in_force(settings: Settings, system: System) -> AesSecretBox:
    """Return the keys with the one in force chosen. Raises SettingsError (stored secrets are sealed with another key; a
    new hub's is too short), Unavailable."""
    ring, sealed, short = ring_of(settings), PostgresSealed(system), short_secrets(settings)
    try:
        await ChooseKey(sealed, sealed, ring, is_long=not short)()
    except KeyMissing as error:
        raise SettingsError(f"HUB_SECRET_KEY: {error}") from None
    except KeyTooShort:
        raise SettingsError(f"{short[0]}: a new hub's has at least {STRONG_LENGTH} characters; {MAKE_ONE}") from None
    return ring


def short_secrets(settings: Settings) -> list[str]:
    """Name those that a new hub would refuse."""
    configured = ((name, getattr(settings, name.lower())) for name in SECRET_NAMES)
    return [name for name, value in configured if value and len(value) < STRONG_LENGTH]


async def follow_key(ring: KeyRing, system: System) -> None:
    """Seal with the key that another process has put in force. Raises Unavailable."""
    noted = await PostgresSealed(system).noted()
    if not noted or noted == ring.in_force:
        return
    if noted not in ring.ids:
        log.error("secrets.key_missing", what="HUB_SECRET_KEY: restart with the key that is in force", key=noted)
        return
    ring.use(noted)
    log.info("secrets.key_in_force", key=noted)


async def check_keys(settings: Settings) -> None:
    """Refuse keys that are not the database's. Raises SettingsError, DatabaseUnusable, Unavailable."""
    async with system_of(settings.database_url or "") as system:
        await ring_in_force(settings, system)


async def check_secrets(settings: Settings) -> None:
    """Do the same, and log what no key opens."""
    async with system_of(settings.database_url or "") as system:
        found = await CountSealed(PostgresSealed(system), await ring_in_force(settings, system))()
    if short := short_secrets(settings):
        log.warning("secrets.short", which=short, what=f"have at least {STRONG_LENGTH} characters; {MAKE_ONE}")
    if what := unread(found):
        log.warning("secrets.unreadable", what=what, more="whatsapp-hub doctor")


@asynccontextmanager
async def system_of(url: str) -> AsyncIterator[System]:
    """Work as hub_system over one connection. Raises DatabaseUnusable, Unavailable."""
    try:
        connection = await asyncpg.connect(**arguments_of(url), timeout=5)
    except Exception as error:
        raise refusal(error, PostgresAddress.parse(url)) or translated(error) or error from error
    try:
        yield as_system(connection)
    finally:
        await connection.close()


def as_system(connection: asyncpg.Connection) -> System:
    """Work as hub_system over a connection of the login's own."""

    async def system(work: Callable[[Any], Awaitable[T]]) -> T:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE hub_system")
            return await work(connection)

    return system


def unread(found: dict[str, SealedCounts]) -> str:
    """Count what no key opens: `2 settings of sessions, 1 secrets of webhooks`; empty: nothing."""
    return ", ".join(f"{counts.unread} {kind}" for kind, counts in found.items() if counts.unread)
