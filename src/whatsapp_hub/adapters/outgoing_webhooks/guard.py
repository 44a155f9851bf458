"""SSRF guard of webhooks: resolve the name, check its addresses, and connect to a checked address, so that a name that
resolves differently the next moment (DNS rebinding) gains nothing."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from whatsapp_hub.adapters.names import Names
from whatsapp_hub.domain.integrations.addresses import is_public_text

MOST_ADDRESSES = 3

Resolve = Callable[[str, int, str], Awaitable[list[str]]]
"""Return the addresses of a host and port. The third is the company that asks: see `Names`."""


class Refused(Exception):
    """The name does not resolve, or only to addresses that webhooks may not reach."""


class Guard:
    """The check of receivers' addresses. `allow_private`: WEBHOOK_ALLOW_PRIVATE."""

    def __init__(self, allow_private: bool, resolve: Resolve | None = None) -> None:
        self._allow_private = allow_private
        self._names = Names()
        self._resolve = resolve or self._names.addresses

    async def addresses(self, host: str, port: int, owner: str = "") -> list[str]:
        """Resolve a host to its allowed addresses, in order of preference. Raises Refused."""
        found = [host] if _is_address(host) else await self._look_up(host, port, owner)
        allowed = [a for a in found if self._allow_private or is_public_text(a)]
        if not found:
            raise Refused("the name leads nowhere")
        if not allowed:
            raise Refused("the name leads to no public address (WEBHOOK_ALLOW_PRIVATE=true allows private ones)")
        return sorted(allowed, key=lambda address: ":" in address)[:MOST_ADDRESSES]

    async def _look_up(self, host: str, port: int, owner: str) -> list[str]:
        try:
            return list(dict.fromkeys(await self._resolve(host, port, owner)))
        except (OSError, UnicodeError):
            raise Refused("the name leads nowhere") from None

    def close(self) -> None:
        """Resolve no more names."""
        self._names.close()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
