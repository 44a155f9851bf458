"""Parse a Redis or Valkey address and write it as redis-py takes it.

redis-py passes unknown parameters on to the connection (which fails much later), ignores a database that is no
number, and does not support `valkey://`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlencode

from whatsapp_hub.adapters.addresses.parts import ESCAPES, BadAddress, parameters, port_number

DEFAULT_PORT = 6379

_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
_SCHEMES |= {"redis+unix": "unix", "redis+socket": "unix"}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]*)(?::(.*))?")
_PARAMETERS = re.compile(
    r"socket_(timeout|connect_timeout|keepalive)|retry_on_timeout|health_check_interval|max_connections|client_name"
    r"|ssl_(cert_reqs|ca_certs|ca_path|certfile|keyfile|keyfile_password|check_hostname|min_version|ciphers)"
)


def redis_url(url: str) -> str:
    """Format the address for redis-py. Raises BadAddress."""
    name, separator, rest = url.strip().partition("://")
    scheme = _SCHEMES.get(name.lower()) if separator else None
    if scheme is None:
        raise BadAddress("must begin with redis://, rediss://, valkey://, valkeys:// or unix://")
    whole, _, query = rest.partition("?")
    options = parameters(query)
    user, password, place = _split(whole, is_socket=scheme == "unix")
    user, password = user or options.pop("username", ""), password or options.pop("password", "")
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
    where, database = _socket(place, options) if scheme == "unix" else _host(place, options)
    query = urlencode(_known(options) | ({"db": database} if scheme == "unix" else {}), quote_via=quote)
    path = "" if scheme == "unix" else f"/{database}"
    return f"{scheme}://{login}{where}{path}{'?' if query else ''}{query}"


def _split(whole: str, *, is_socket: bool) -> tuple[str, str, str]:
    """Split into user, password (both decoded) and the rest. A slash ends the host; a socket's path begins with one."""
    end = -1 if is_socket else whole.find("/")
    head, tail = (whole, "") if end < 0 else (whole[:end], whole[end:])
    login, at, place = head.rpartition("@")
    if is_socket and login.startswith("/"):  # the @ belongs to the path
        login, at, place = "", "", head
    user, _, password = login.partition(":") if at else ("", "", "")
    return unquote(user), unquote(password), place + tail


def _socket(place: str, options: dict[str, str]) -> tuple[str, str]:
    path = unquote(place)
    if not path.startswith("/"):
        raise BadAddress("a socket's path begins with a slash: unix:///run/valkey/valkey.sock")
    return quote(path), _database(options.pop("db", "0"))


def _host(place: str, options: dict[str, str]) -> tuple[str, str]:
    host, _, path = place.partition("/")
    if "," in host:
        raise BadAddress("must name one host (Valkey holds hints only: losing it loses nothing)")
    parts = _HOST.fullmatch(host)
    if parts is None:
        raise BadAddress(f"the host must be a name or an address (IPv6 in brackets), then a port; {ESCAPES}")
    name, port = parts[1], parts[2] or ""
    database = _database(options.pop("db", "") or unquote(path) or "0")
    return f"{name or 'localhost'}:{port_number(port, DEFAULT_PORT)}", database


def _database(text: str) -> str:
    if not text.strip("/").isdecimal():
        raise BadAddress("the database after the host must be a number, as in redis://host:6379/0")
    return text.strip("/")


def _known(options: dict[str, str]) -> dict[str, str]:
    for name in options:
        if not _PARAMETERS.fullmatch(name):
            raise BadAddress(f"the parameter {name[:40]!r} is not known")
    if "ssl_cert_reqs" in options:  # Heroku writes CERT_NONE
        options["ssl_cert_reqs"] = options["ssl_cert_reqs"].removeprefix("CERT_").lower()
    return options
