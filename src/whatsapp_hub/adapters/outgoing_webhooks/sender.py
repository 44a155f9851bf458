"""Posting webhooks: signed, to a checked address, within a hard deadline, without following anybody anywhere."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache
from uuid import uuid4

import httpx

from whatsapp_hub.adapters.contracts import outgoing
from whatsapp_hub.adapters.outgoing_webhooks import signing
from whatsapp_hub.adapters.outgoing_webhooks.guard import Guard, Refused
from whatsapp_hub.application.ports.clock import Clock
from whatsapp_hub.application.ports.webhooks import Due, Receiver
from whatsapp_hub.domain.delivery import Attempt
from whatsapp_hub.domain.webhook import Webhook, WebhookFormat

LONGEST_S = 10.0
CONNECT_S = 5.0
CONNECTIONS = 8
KEPT_S = 4.0
READ_AT_MOST = 16 * 1024
BODY_S = 1.0


class HttpWebhookSender:
    """Implements `WebhookSender`."""

    def __init__(self, guard: Guard, clock: Clock, longest_s: float = LONGEST_S) -> None:
        self.longest_s = longest_s
        self._guard = guard
        self._clock = clock

    def receiver(self) -> AbstractAsyncContextManager[Receiver]:
        return self._receiver()

    @asynccontextmanager
    async def _receiver(self) -> AsyncIterator[Receiver]:
        limits = httpx.Limits(
            max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEPT_S
        )
        timeout = httpx.Timeout(self.longest_s, connect=min(CONNECT_S, self.longest_s))
        async with httpx.AsyncClient(limits=limits, timeout=timeout, verify=_tls(), trust_env=False) as client:
            yield HttpReceiver(client, self._guard, self._clock, self.longest_s)

    def close(self) -> None:
        self._guard.close()


class HttpReceiver:
    """Implements `Receiver`: connections of its own, so that they are never another name's at the same address."""

    def __init__(self, client: httpx.AsyncClient, guard: Guard, clock: Clock, longest_s: float) -> None:
        self._client = client
        self._guard = guard
        self._clock = clock
        self._longest_s = longest_s

    async def post(self, webhook: Webhook, due: Due) -> Attempt | None:
        assert due.event is not None
        body = outgoing.body(webhook, due, due.event)
        return None if body is None else await self._attempt(webhook, outgoing.message_id(due.event), body)

    async def ping(self, webhook: Webhook) -> Attempt:
        id = f"test_{uuid4().hex}"
        return await self._attempt(webhook, id, outgoing.ping(webhook, id, self._clock()))

    async def _attempt(self, webhook: Webhook, id: str, body: bytes) -> Attempt:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._longest_s):
                headers = self._headers(webhook, id, body)
                status, retry_after_s = await self._exchange(webhook.url, headers, body)
        except TimeoutError:
            return Attempt(None, time.monotonic() - began, f"no answer within {self._longest_s:g} s")
        except Refused as error:
            return Attempt(None, time.monotonic() - began, f"not posted: {error}")
        except Exception as error:  # whatever a stranger's server makes the client raise
            return Attempt(None, time.monotonic() - began, _words(error))
        said = None if 200 <= status < 300 else f"the receiver answered {status}"
        return Attempt(status, time.monotonic() - began, said, retry_after_s)

    def _headers(self, webhook: Webhook, id: str, body: bytes) -> dict[str, str]:
        now = self._clock()
        secrets = webhook.valid_secrets(now)
        if not secrets:
            raise Refused("its secret cannot be read (HUB_SECRET_KEY is another one); give it a new one")
        headers = {**signing.CONTENT, **signing.standard(secrets, id, now, body)}
        return {**headers, **signing.waha(secrets[0], id, now, body)} if _is_waha(webhook) else headers

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """At the first of the checked addresses that takes a connection."""
        asked = httpx.URL(url)
        port = asked.port or (443 if asked.scheme == "https" else 80)
        addresses = await self._guard.addresses(asked.host, port)
        headers = {**headers, "host": asked.netloc.decode("ascii")}
        for place, address in enumerate(addresses, start=1):
            try:
                return await self._post(asked, address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise AssertionError("unreachable")

    async def _post(
        self, asked: httpx.URL, address: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, float | None]:
        """The certificate must be the name's, though the connection goes to the address."""
        request = self._client.build_request(
            "POST",
            asked.copy_with(host=address),
            headers=dict(headers),
            content=body,
            extensions={"sni_hostname": asked.host},
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            await _read(response)
        finally:
            await response.aclose()
        return response.status_code, _retry_after(response)


async def _read(response: httpx.Response) -> None:
    """To its end, which leaves the connection usable, or as much as we care for. The status is the answer: one whose
    body is slow or breaks off is an answer all the same."""
    read = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(BODY_S):
            async for piece in response.aiter_raw():
                read += len(piece)
                if read > READ_AT_MOST:
                    break


def _is_waha(webhook: Webhook) -> bool:
    return webhook.format is WebhookFormat.WAHA


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


def _words(error: Exception) -> str:
    """What kind of failure it was; nothing that the other side wrote."""
    return f"no answer: {type(error).__name__}"


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes tens of milliseconds, once is enough."""
    return httpx.create_ssl_context()
