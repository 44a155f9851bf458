"""Check a Redis or Valkey before it is used."""

import redis.asyncio
from redis.exceptions import AuthenticationError, InvalidResponse, RedisError, ResponseError

from whatsapp_hub.adapters.addresses.redis import redis_url

WITHIN_S = 5.0


class RedisUnusable(Exception):
    """REDIS_URL is wrong: no attempt will ever succeed. The message is one line, without the password."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"REDIS_URL: {reason}")


class RedisAway(RedisUnusable):
    """It does not answer now. The hub works without it: polling replaces hints."""


async def check(url: str) -> None:
    """Connect and ping. Raises RedisUnusable, RedisAway."""
    client = redis.asyncio.from_url(redis_url(url), socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S)
    try:
        await client.ping()
    except (OSError, RedisError) as error:
        raise _refusal(error, _place(client)) from None
    finally:
        await client.aclose()


def _place(client: redis.asyncio.Redis) -> str:
    options = client.connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host')}:{options.get('port')}")


def _refusal(error: Exception, where: str) -> RedisUnusable:
    text = str(error)
    match error:
        case AuthenticationError() if text.startswith("HELLO") or "NOAUTH" in text or "required" in text.lower():
            return RedisUnusable(f"{where} wants a password: redis://:password@host:port/0, or REDIS_PASSWORD")
        case AuthenticationError():
            return RedisUnusable(f"{where} refuses user and password: correct them")
        case InvalidResponse():
            return RedisUnusable(f"what answers at {where} is no Redis or Valkey")
        case ResponseError():
            return RedisUnusable(f"{where} refuses: {text}")
    return RedisAway(f"{where} does not answer ({text.splitlines()[0] if text else type(error).__name__})")
