"""SSRF guard of webhooks: resolve the name, check its addresses, and connect to a checked address, so that a name that
resolves differently the next moment (DNS rebinding) gains nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from whatsapp_hub.domain.integrations.addresses import is_public_text

RESOLVERS = 32
OF_SLOW_NAMES = 4
SLOW_S = 1.0
_REMEMBERED = 10_000
MOST_ADDRESSES = 3

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Refused(Exception):
    """The name does not resolve, or only to addresses that webhooks may not reach."""


class Guard:
    """The check of receivers' addresses. `allow_private`: WEBHOOK_ALLOW_PRIVATE. Look-ups run on threads of their own,
    and names whose servers were slow lately on other threads than the rest, so that they delay only each other."""

    def __init__(self, allow_private: bool, resolve: Resolve | None = None) -> None:
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(RESOLVERS, "webhook-names")
        self._slow_threads = ThreadPoolExecutor(OF_SLOW_NAMES, "webhook-slow-names")
        self._slow: set[str] = set()
        self._resolve = resolve or self._look_up

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host to its allowed addresses, in order of preference. Raises Refused."""
        found = [host] if _is_address(host) else list(dict.fromkeys(await self._resolve(host, port)))
        allowed = [a for a in found if self._allow_private or is_public_text(a)]
        if not found:
            raise Refused("the name leads nowhere")
        if not allowed:
            raise Refused("the name leads to no public address (WEBHOOK_ALLOW_PRIVATE=true allows private ones)")
        return sorted(allowed, key=lambda address: ":" in address)[:MOST_ADDRESSES]

    async def _look_up(self, host: str, port: int) -> list[str]:
        threads = self._slow_threads if host in self._slow else self._threads
        asked = asyncio.get_running_loop().run_in_executor(threads, _addresses, host, port)
        is_quick, _ = await asyncio.wait({asked}, timeout=SLOW_S)
        self._remember(host, is_slow=not is_quick)
        try:
            return await asked
        except (OSError, UnicodeError):
            raise Refused("the name leads nowhere") from None

    def _remember(self, host: str, *, is_slow: bool) -> None:
        if not is_slow:
            self._slow.discard(host)
        elif len(self._slow) < _REMEMBERED:
            self._slow.add(host)

    def close(self) -> None:
        """End the threads that resolve names, without waiting for them."""
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=False, cancel_futures=True)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _addresses(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
