"""Connect to servers that companies name: to public addresses only, unless the operator named the server too.

The name is resolved here and the connection goes to the address that was checked, so that a name that leads elsewhere
the next moment (DNS rebinding) gains nothing. TLS still checks the server's name.
"""

import asyncio
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from whatsapp_hub.adapters.names import Names
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.integrations.addresses import is_private_host, is_public_text

OWNER: ContextVar[str] = ContextVar("owner", default="")
"""The company for which a call is made: its look-ups of names count for its share alone. httpx passes nothing else down
to the connection that a call opens."""
_MOST_ADDRESSES = 3
_PORTS = {"http": 80, "https": 443}

_OTHERWISE = "the operator names such a server in WAHA_API_URL, or sets WEBHOOK_ALLOW_PRIVATE=true"


class NotPublic(httpcore.ConnectError):
    """The name leads to no address that companies may have the hub connect to."""

    def __init__(self) -> None:
        super().__init__(f"the server's name leads to no public address; {_OTHERWISE}")


@dataclass(frozen=True, slots=True)
class Reach:
    """Which servers companies may name. `allow_private`: WEBHOOK_ALLOW_PRIVATE; `known`: a URL of the operator's own,
    whose server every company may name."""

    allow_private: bool = False
    known: str = ""

    def allows(self, host: str, port: int) -> bool:
        """Check whether an address of any kind is allowed there."""
        return self.allow_private or (bool(self.known) and (host.lower(), port) == _endpoint(self.known))

    def is_inside(self, url: str) -> bool:
        """Check whether it is the operator's own server, which may reach what companies may not."""
        return not self.allow_private and bool(self.known) and _endpoint(url) == _endpoint(self.known)

    def check(self, url: str, field_name: str) -> None:
        """Raise Invalid for a literal address that is not public. A name is checked at each connection."""
        host, port = _endpoint(url)
        if not self.allows(host, port) and is_private_host(host):
            raise Invalid(Flaw(f"/{field_name}", f"must be a public address; {_OTHERWISE}"))


def _endpoint(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", 0


class ReachingTransport(httpx.AsyncHTTPTransport):
    """httpx's transport, over a network that `reach` bounds."""

    def __init__(self, reach: Reach, limits: httpx.Limits, verify: ssl.SSLContext) -> None:
        super().__init__(limits=limits, verify=verify)
        # httpx has no parameter for it; `test_reach.py` fails where this stops working
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(reach),
        )


class _Network(httpcore.AsyncNetworkBackend):
    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._names = Names()
        self._connect = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        more = (timeout, local_address, socket_options)
        failed: Exception = NotPublic()
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._connect.connect_tcp(address, port, *more)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Resolve a host to the addresses that may be called. Raises httpcore's errors."""
        try:
            async with asyncio.timeout(timeout):
                found = await self._names.addresses(host, port, OWNER.get())
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the name leads nowhere") from error
        is_any = self._reach.allows(host, port)
        allowed = [address for address in found if is_any or is_public_text(address)]
        return sorted(allowed, key=lambda address: ":" in address)[:_MOST_ADDRESSES]

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise NotPublic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
