"""Where webhooks may go: the name is resolved, the addresses are checked, and the connection goes to the address that
was checked, so that a name that answers differently the next moment gains nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from whatsapp_hub.domain.webhook import is_public

RESOLVERS = 8
MOST_ADDRESSES = 3

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Refused(Exception):
    """The name leads nowhere, or nowhere where webhooks may go."""


class Guard:
    """`allow_private`: WEBHOOK_ALLOW_PRIVATE. Look-ups have threads of their own: a name server that is slow is
    nobody else's trouble."""

    def __init__(self, allow_private: bool, resolve: Resolve | None = None) -> None:
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(RESOLVERS, "webhook-names")
        self._resolve = resolve or self._look_up

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect to, the first first. Raises Refused."""
        found = list(dict.fromkeys(await self._resolve(host, port)))
        allowed = [a for a in found if self._allow_private or is_public(ip_address(a.partition("%")[0]))]
        if not found:
            raise Refused("the name leads nowhere")
        if not allowed:
            raise Refused("the name leads to no public address")
        return sorted(allowed, key=lambda address: ":" in address)[:MOST_ADDRESSES]

    async def _look_up(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _addresses, host, port)
        except (OSError, UnicodeError):
            raise Refused("the name leads nowhere") from None
        return found

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
