"""Try whether WhatsApp answers, without the library: a dial that fails again costs the others nothing."""

import asyncio
import secrets
import ssl

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin

from whatsapp_hub.adapters.providers.neonize.egress.forward_proxy import ForwardProxy
from whatsapp_hub.adapters.providers.neonize.egress.upstream import Unreachable
from whatsapp_hub.adapters.tls import http1_context

TRIAL_S = 10.0
WHATSAPP = "wss://web.whatsapp.com/ws/chat"
_ORIGIN = Origin("https://web.whatsapp.com")
_HEADER = b"WA\x06\x03"
_CLIENT_HELLO = b"\x12\x22\x0a\x20"
"""A HandshakeMessage with a ClientHello, whose ephemeral key of 32 bytes follows."""


async def try_whatsapp(forward: ForwardProxy, proxy: str) -> None:
    """Go as far as WhatsApp's first word: tunnel, TLS, upgrade, the handshake's first message, which is anonymous. What
    answers with anything else is left to the library. Raises Unreachable."""
    route = await forward.route(proxy, lambda: None)
    try:
        async with asyncio.timeout(TRIAL_S):
            await _until_first_word(route.url)
    except TimeoutError:
        raise Unreachable(route.failure or f"{route.awaited}: none within {TRIAL_S:.0f} s") from None
    except (ConnectionClosed, InvalidStatus, ssl.SSLCertVerificationError):
        return
    except (OSError, WebSocketException) as error:
        raise Unreachable(route.failure or "the connection was closed before WhatsApp answered") from error
    finally:
        forward.forget(route)


async def _until_first_word(proxy: str) -> None:
    hello = _CLIENT_HELLO + secrets.token_bytes(32)
    going = connect(
        WHATSAPP, proxy=proxy, ssl=http1_context(), origin=_ORIGIN, open_timeout=None, close_timeout=0, compression=None
    )
    async with going as socket:
        await socket.send(_HEADER + len(hello).to_bytes(3, "big") + hello)
        await socket.recv()
