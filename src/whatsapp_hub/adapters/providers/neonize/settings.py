"""A session's settings on WhatsApp Web. All may be left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from whatsapp_hub.domain.errors import Flaw, Invalid

DEVICE_NAME = "WhatsApp Hub"
BROWSERS = {"chrome": (1, 1), "firefox": (2, 3), "opera": (4, 5), "safari": (5, 6), "edge": (6, 2), "desktop": (7, 7)}
"""The icon in the phone's list of linked devices: WhatsApp's number for it, and the one for pairing by code."""

_KNOWN = frozenset({"proxy", "deviceName", "browser", "history", "statuses", "customerTyping"})
_SWITCHES = ("history", "statuses", "customerTyping")
"""Settings that are off unless they are true, in the order of the fields."""
_PROXY_SCHEMES = frozenset({"http", "https", "socks5"})
_PROXY = re.compile(r"[!-~]{1,2048}")
_DEVICE_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,50}")


@dataclass(frozen=True, slots=True)
class NeonizeSettings:
    """`proxy` carries the session's whole traffic; `history`: import the messages from before the pairing; `statuses`:
    take in contacts' status updates; `customer_typing`: appear online to see who types."""

    proxy: str = field(default="", repr=False)
    device_name: str = DEVICE_NAME
    browser: str = "chrome"
    history: bool = False
    statuses: bool = False
    customer_typing: bool = False


def decode(settings: Mapping[str, object]) -> NeonizeSettings:
    """Decode settings. Raises Invalid."""
    flaws = [Flaw(f"/settings/{name}", "is not known") for name in settings if name not in _KNOWN]
    proxy, device_name = settings.get("proxy") or "", settings.get("deviceName") or DEVICE_NAME
    browser = settings.get("browser") or "chrome"
    if reason := _proxy_flaw(proxy):
        flaws.append(Flaw("/settings/proxy", reason))
    if not isinstance(device_name, str) or not _DEVICE_NAME.fullmatch(device_name):
        flaws.append(Flaw("/settings/deviceName", "must have 1 to 50 characters, none of them a control character"))
    if not isinstance(browser, str) or browser not in BROWSERS:
        flaws.append(Flaw("/settings/browser", f"must be one of {', '.join(sorted(BROWSERS))}"))
    wrong = (name for name in _SWITCHES if not _is_switch(settings, name))
    flaws += [Flaw(f"/settings/{name}", "must be true or false") for name in wrong]
    if flaws:
        raise Invalid(*flaws)
    switches = (settings.get(name) is True for name in _SWITCHES)
    return NeonizeSettings(str(proxy), str(device_name), str(browser), *switches)


def encode(settings: NeonizeSettings, *, secrets: bool) -> dict[str, object]:
    """Encode settings, leaving out defaults. The proxy is a secret: it may hold credentials."""
    given: dict[str, object] = {
        "proxy": settings.proxy if secrets else "",
        "deviceName": settings.device_name if settings.device_name != DEVICE_NAME else "",
        "browser": settings.browser if settings.browser != "chrome" else "",
        "history": settings.history,
        "statuses": settings.statuses,
        "customerTyping": settings.customer_typing,
    }
    return {name: value for name, value in given.items() if value}


def _is_switch(settings: Mapping[str, object], name: str) -> bool:
    value = settings.get(name)
    return value in (None, "") or isinstance(value, bool)


def _proxy_flaw(proxy: object) -> str | None:
    """Return what is wrong, in words that never repeat the value; None if it is valid."""
    if proxy == "":
        return None
    if not isinstance(proxy, str) or not _PROXY.fullmatch(proxy):
        return "must be a URL in printable ASCII without spaces"
    try:
        parts = urlsplit(proxy)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return "must be a URL with a port from 1 to 65535"
    if parts.scheme not in _PROXY_SCHEMES:
        return "must begin with http://, https:// or socks5://"
    if not parts.hostname or not has_port:
        return "must name a host, and a port from 1 to 65535 if any"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "must end after the host and its port"
    return None
