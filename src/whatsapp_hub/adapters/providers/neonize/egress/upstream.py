"""Connect to a host, directly or through a session's proxy, within a deadline, and say in words why it failed."""

import asyncio
import base64
import os
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import h11
from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy

from whatsapp_hub.adapters.providers.neonize.egress.lookups import addresses_of
from whatsapp_hub.adapters.tls import http1_context

REACH_S = 10.0
"""From the look-up of the first name to the proxy's answer."""

_EACH_ADDRESS_S = 4.0
_PIECE = 65536
_PORTS = {"http": 80, "https": 443, "socks5": 1080}


class Unreachable(Exception):
    """The host cannot be reached. The text says at which step, and never has credentials."""


@dataclass(slots=True)
class Connection:
    """A connection to a host; `early` is what came through it already."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    early: bytes = b""


@dataclass(slots=True)
class Step:
    """The step that an attempt has come to."""

    now: str = field(default="the connection")


async def reach(host: str, port: int, proxy: str) -> Connection:
    """Connect to a host through `proxy`, or else as the environment says. Raises Unreachable."""
    step = Step()
    try:
        async with asyncio.timeout(REACH_S):
            return await _reach(host, port, proxy or environments_proxy(host), step)
    except TimeoutError:
        raise Unreachable(f"{step.now}: no answer within {REACH_S:.0f} s") from None
    except (OSError, ProxyError, h11.ProtocolError, ValueError) as error:
        raise Unreachable(f"{step.now}: {_words(error)}") from error


def environments_proxy(host: str) -> str:
    """Return the proxy that HTTPS_PROXY names for a host, unless NO_PROXY excludes it."""
    proxy = getproxies_environment().get("https", "")
    if not proxy or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


async def _reach(host: str, port: int, proxy: str, step: Step) -> Connection:
    if not proxy:
        return Connection(*await _connect(host, port, step))
    url = urlsplit(proxy)
    at, at_port = url.hostname or "", url.port or _PORTS.get(url.scheme, 80)
    if url.scheme == "socks5":
        return await _through_socks(host, port, url, step)
    tls = http1_context() if url.scheme == "https" else None
    reader, writer = await _connect(at, at_port, step, "the proxy", tls)
    step.now = "the proxy's answer"
    try:
        return Connection(reader, writer, await _ask_for_tunnel(reader, writer, f"{host}:{port}", url))
    except BaseException:
        writer.transport.abort()
        raise


async def _connect(
    host: str, port: int, step: Step, called: str = "", tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first of the host's addresses that answers. Raises OSError."""
    called = called or host
    step.now = f"looking up {called}"
    addresses = await addresses_of(host, port)
    step.now = f"connecting to {called}"
    name = host if tls else None
    for address in addresses[:-1]:
        try:
            async with asyncio.timeout(_EACH_ADDRESS_S):
                return await asyncio.open_connection(address, port, ssl=tls, server_hostname=name)
        except OSError:  # a TimeoutError is one too
            continue
    return await asyncio.open_connection(addresses[-1], port, ssl=tls, server_hostname=name)


async def _ask_for_tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, url: SplitResult
) -> bytes:
    """Ask a proxy for a tunnel; return what came after its answer. Raises ProxyError, h11.ProtocolError, OSError."""
    client = h11.Connection(h11.CLIENT)
    headers = [("Host", target)]
    if url.username is not None:
        user = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers.append(("Proxy-Authorization", f"Basic {base64.b64encode(user.encode()).decode()}"))
    request = client.send(h11.Request(method="CONNECT", target=target, headers=headers))
    writer.write((request or b"") + (client.send(h11.EndOfMessage()) or b""))
    while not isinstance(event := client.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            client.receive_data(await reader.read(_PIECE))
    if not 200 <= event.status_code < 300:
        raise ProxyError(f"{event.status_code} {event.reason.decode('ascii', 'replace')}".strip())
    return client.trailing_data[0]


async def _through_socks(host: str, port: int, url: SplitResult, step: Step) -> Connection:
    step.now = "looking up the proxy"
    at, at_port = url.hostname or "", url.port or _PORTS["socks5"]
    addresses = await addresses_of(at, at_port)
    step.now = "the proxy's answer"
    user, password = (unquote(part) if part else None for part in (url.username, url.password))
    proxy = Proxy(ProxyType.SOCKS5, addresses[0], at_port, user, password, rdns=True)
    connected = await proxy.connect(host, port, timeout=REACH_S)
    return Connection(*await asyncio.open_connection(sock=connected))


def _words(error: Exception) -> str:
    """Describe an error without addresses and credentials."""
    if isinstance(error, socket.gaierror):
        return "no such host" if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA) else "the name server failed"
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "verify_message", "") or error.reason or "TLS failed").lower()
    if isinstance(error, OSError):
        return os.strerror(error.errno).lower() if error.errno else (str(error) or type(error).__name__)
    if isinstance(error, h11.ProtocolError):
        return "it closed the connection, or is no HTTP proxy"
    return str(error)
