"""Try whether WhatsApp answers, without the library: a dial that fails again costs the others nothing."""

import asyncio
import random
import secrets
import ssl
import time
from collections.abc import Callable

from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.typing import Origin
from websockets.uri import parse_uri

from whatsapp_hub.adapters.providers.neonize.egress.upstream import Connection, Step, Unreachable, reach
from whatsapp_hub.adapters.tls import http1_context

TRIAL_S = 10.0
TRY_EVERY_S = 5.0
"""Up to half of it less, by chance: those that were lost together are not tried in one moment."""

HOST, PORT = "web.whatsapp.com", 443
_ADDRESS = parse_uri(f"wss://{HOST}/ws/chat")
_ORIGIN = Origin(f"https://{HOST}")
_HEADER = b"WA\x06\x03"
_CLIENT_HELLO = b"\x12\x22\x0a\x20"
"""A HandshakeMessage with a ClientHello, whose ephemeral key of 32 bytes follows."""

_PIECE = 65536


async def until_answered(proxy: str, within_s: float, is_wanted: Callable[[], bool]) -> None:
    """Try again and again until WhatsApp answers, or nobody wants to know. Raises Unreachable when the time is up."""
    until = time.monotonic() + within_s
    while is_wanted():
        try:
            await try_whatsapp(proxy)
        except Unreachable:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(TRY_EVERY_S * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
        else:
            return


async def try_whatsapp(proxy: str) -> None:
    """Go as far as WhatsApp's first word: tunnel, TLS, upgrade, the handshake's first message, which is anonymous. What
    answers with anything else is left to the library. Raises Unreachable."""
    step = Step()
    connection: Connection | None = None
    try:
        async with asyncio.timeout(TRIAL_S):
            connection = await reach(HOST, PORT, proxy)
            await _until_first_word(connection, step)
    except TimeoutError:
        raise Unreachable(f"{step.now}: none within {TRIAL_S:.0f} s") from None
    except ssl.SSLCertVerificationError:
        return  # whose roots the library knows is its own to judge
    except (OSError, EOFError) as error:
        raise Unreachable("the connection was closed before WhatsApp answered") from error
    finally:
        if connection is not None:
            connection.writer.transport.abort()


async def _until_first_word(connection: Connection, step: Step) -> None:
    reader, writer = connection.reader, connection.writer
    step.now = "the answer to the TLS handshake"
    await writer.start_tls(http1_context(), server_hostname=HOST)
    step.now = "WhatsApp's answer"
    socket = ClientProtocol(_ADDRESS, origin=_ORIGIN)
    socket.send_request(socket.connect())
    writer.writelines(socket.data_to_send())
    while not socket.events_received():
        socket.receive_data(await _some(reader))
    if socket.state is State.OPEN:
        hello = _CLIENT_HELLO + secrets.token_bytes(32)
        socket.send_binary(_HEADER + len(hello).to_bytes(3, "big") + hello)
        writer.writelines(socket.data_to_send())
        await _some(reader)


async def _some(reader: asyncio.StreamReader) -> bytes:
    """Read what comes. Raises EOFError at the end."""
    if not (data := await reader.read(_PIECE)):
        raise EOFError
    return data
