"""Fetch files that messages name by an address: the hub itself does it, so that senders reach nothing inside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from whatsapp_hub.adapters.names import Names
from whatsapp_hub.adapters.providers.reach import OWNER
from whatsapp_hub.adapters.tls import client_context
from whatsapp_hub.domain.errors import Rejected, Scope, Transient
from whatsapp_hub.domain.integrations.addresses import is_public_text

MAX_BYTES = 64_000_000
"""What fetches holds several copies of the whole file in memory."""

_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Fetched:
    data: bytes
    mimetype: str = ""


Fetch = Callable[[str], Awaitable[Fetched]]
"""Raises Rejected, Transient. Has no time limit of its own."""


class HttpFetch:
    """Fetch by GET, from public addresses only unless `allow_private`: the sender of a message chooses the URL."""

    def __init__(self, *, allow_private: bool, most: int = MAX_BYTES) -> None:
        self._allow_private = allow_private
        self._most = most
        self._names = Names()

    async def __call__(self, url: str) -> Fetched:
        try:
            timeout = httpx.Timeout(None, connect=5.0)
            async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=client_context()) as client:
                for _ in range(_REDIRECTS + 1):
                    found = await self._get(client, httpx.URL(url))
                    if isinstance(found, Fetched):
                        return found
                    url = urljoin(url, found)
        except (httpx.HTTPError, OSError) as error:
            raise _away(type(error).__name__) from error
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise Rejected("media_url", "the file's URL cannot be used") from error
        raise Rejected("media_url", "too many redirects")

    async def _get(self, client: httpx.AsyncClient, url: httpx.URL) -> Fetched | str:
        """Return the file, or the URL of a redirect."""
        if url.scheme not in ("http", "https") or not url.host or (url.port or 1) > 65535:
            raise Rejected("media_url", "the file's URL cannot be used")
        target, extensions = url, {}
        if not self._allow_private:
            target, extensions = url.copy_with(host=await self._public_address(url)), {"sni_hostname": url.host}
        headers = {"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"}
        async with client.stream("GET", target, headers=headers, extensions=extensions) as response:
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise _refused(response.status_code)
            if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
                raise Rejected("media_refused", "the file's server packs what it was asked to send as it is")
            data = bytearray()
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > self._most:
                    raise Rejected("media_too_large", f"files may have at most {self._most} bytes")
            return Fetched(bytes(data), response.headers.get("content-type", "").partition(";")[0].strip().lower())

    async def _public_address(self, url: httpx.URL) -> str:
        """Resolve the host to a public address, to which the connection is then made."""
        addresses = await self._names.addresses(url.host, url.port or _PORTS[url.scheme], OWNER.get())
        if not addresses or not all(map(is_public_text, addresses)):
            private = "the file is not at a public address (WEBHOOK_ALLOW_PRIVATE=true allows others)"
            raise Rejected("media_url", private)
        return addresses[0]


def _away(detail: str) -> Transient:
    return Transient("media_away", detail, retry_after_s=10.0, scope=Scope.RECIPIENT)


def _refused(status: int) -> Rejected | Transient:
    if status >= 500 or status in (408, 425, 429):
        return _away(f"http_{status}")
    return Rejected("media_refused", f"the file's server answered {status}")
