"""Check that the configured servers are usable, before anything starts on them."""

import structlog

from whatsapp_hub.adapters.postgres.engine import preflight as postgres
from whatsapp_hub.adapters.postgres.engine.version import SchemaState
from whatsapp_hub.adapters.redis import preflight as redis
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.secret_keys import check_secrets

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def check_servers(settings: Settings, *, will_migrate: bool) -> None:
    """Check both. Raises DatabaseUnusable, RedisUnusable. An unreachable Redis is one line in the log (the hub works),
    and so is a newer database where none is to be migrated."""
    if settings.database_url is not None:
        server = await postgres.check(settings.database_url, will_migrate=will_migrate)
        if server.schema_state is SchemaState.AHEAD:
            log.warning("database.newer", why=f"DATABASE_URL: {postgres.NEWER}", meanwhile="this version runs on it")
    if settings.redis_url is not None:
        try:
            await redis.check(settings.redis_url)
        except redis.RedisAway as error:
            log.warning("redis.away", why=str(error), meanwhile="work is looked for each second instead of announced")


async def check_to_run(settings: Settings) -> None:
    """Check the same for a role's process, and that its keys open the stored secrets."""
    await check_servers(settings, will_migrate=False)
    await check_secrets(settings)
