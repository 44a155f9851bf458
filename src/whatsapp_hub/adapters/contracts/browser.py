"""A browser's session: a cookie that holds the sign-in's token, good from the hub's own pages only.

The cookie is HttpOnly and SameSite=Strict. On top of that, what writes needs a header that pages of other origins
cannot send without being asked (CORS), and an `Origin` that is the hub's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from whatsapp_hub.domain.accounts.api_key import is_api_key

CSRF_HEADER = "X-Hub-Csrf"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class BrowserSessions:
    """`public_url`: the address under which people reach the hub; empty: that of each request."""

    public_url: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether people reach the hub by https, so that the cookie must never travel in the clear."""
        return self.public_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """With its prefix no other host, and nobody in between, can write it."""
        return "__Host-hub_session" if self.is_secure else "hub_session"

    def token(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Return the token of the cookie, if the request comes from a page of the hub's own. `headers` by lower-case
        name."""
        token = self._held(headers.get("cookie", ""))
        return token if token and self.is_own(method, headers) else None

    def is_own(self, method: str, headers: Mapping[str, str]) -> bool:
        """Tell whether a page of the hub's own asks. A browser names the page's origin in each write, and in each
        handshake of a WebSocket; of reads, newer ones say whether the page is of the same origin."""
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return False
        if method in READS:
            return origin is None or self._is_ours(origin, headers)
        return origin is not None and self._is_ours(origin, headers) and bool(headers.get(CSRF_HEADER.lower()))

    def is_own_socket(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a page of the hub's own opens a socket. Long polling of the same origin names none."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "same-origin"
        return self._is_ours(origin, headers)

    def of_socket(self, headers: Mapping[str, str]) -> str | None:
        """Return the token of the cookie with which a page of the hub's own opens a socket."""
        token = self._held(headers.get("cookie", ""))
        return token if token and self.is_own_socket(headers) else None

    def _held(self, cookies: str) -> str:
        pairs = (pair.partition("=") for pair in cookies.split(";"))
        held = next((value.strip() for name, _, value in pairs if name.strip() == self.cookie), "")
        return "" if is_api_key(held) else held  # a program's key has no page, and its own rate

    def _is_ours(self, origin: str, headers: Mapping[str, str]) -> bool:
        if self.public_url and origin == _origin(self.public_url):
            return True
        return not self.is_secure and _host(origin) == headers.get("host", "-").lower()


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
