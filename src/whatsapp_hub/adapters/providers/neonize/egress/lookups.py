"""Resolve host names on threads of their own: asyncio's few threads would all wait for a name server that hangs."""

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address

from whatsapp_hub.adapters.providers.neonize.native.threads import in_thread

_under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}


async def addresses_of(host: str, port: int) -> list[str]:
    """Return a host's addresses. Requests for the same host share one lookup; an address needs none. Raises OSError."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    key = (host, port)
    answer = _under_way.get(key)
    if answer is None or answer.get_loop() is not asyncio.get_running_loop():
        answer = _under_way[key] = in_thread(_resolve, host, port)
        answer.add_done_callback(lambda done: _forget(key, done))
    return await asyncio.shield(answer)


def _forget(key: tuple[str, int], answer: asyncio.Future[list[str]]) -> None:
    if _under_way.get(key) is answer:
        del _under_way[key]
    if not answer.cancelled():
        answer.exception()  # nobody may be left who waits for it


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
