"""Ask the OpenID provider, within bounds of bytes and time, following no redirect."""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from whatsapp_hub.adapters.tls import client_context
from whatsapp_hub.domain.errors import OidcFailure, OidcRefused

log = logging.getLogger(__name__)

ANSWER_BYTES = 256 * 1024
"""The keys of the largest providers are a tenth of it."""
ANSWER_WITHIN_S = 10.0
_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """`document` is empty where the answer is no JSON object."""

    status: int
    document: dict[str, Any]


class Fetching:
    """The connections to the provider."""

    def __init__(self, within_s: float = ANSWER_WITHIN_S) -> None:
        self._within_s = within_s
        limits = httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=4)
        timeout = httpx.Timeout(within_s)
        self._client = httpx.AsyncClient(
            limits=limits, timeout=timeout, follow_redirects=False, verify=client_context()
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, url: str, bearer: str | None = None) -> Answer:
        """Get a document. Raises OidcRefused: it is away, or its answer is too long."""
        return await self._ask("GET", url, {"Authorization": f"Bearer {bearer}"} if bearer else {})

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> Answer:
        """Send a form, with the client's id and secret in a header (RFC 6749, 2.3.1). Raises OidcRefused."""
        headers = {}
        if basic:
            pair = ":".join(quote(part, safe="") for part in basic)
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._ask("POST", url, headers, fields)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], fields: Mapping[str, str] | None = None
    ) -> Answer:
        # A packed answer is not asked for: half a megabyte of it can be gigabytes.
        asked = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._within_s),
                self._client.stream(method, url, headers=asked, data=fields) as response,
            ):
                body = await _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            log.warning("oidc.provider_away", extra={"error": type(error).__name__})
            raise OidcRefused(OidcFailure.PROVIDER_AWAY, type(error).__name__) from error
        if response.status_code >= 500 or response.status_code == 429:
            log.warning("oidc.provider_away", extra={"status": response.status_code})
            raise OidcRefused(OidcFailure.PROVIDER_AWAY, f"it answers {response.status_code}")
        return Answer(response.status_code, _object(body))


async def _read(response: httpx.Response) -> bytes:
    """Read the body as it comes over the wire."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > ANSWER_BYTES:
            raise OidcRefused(OidcFailure.PROVIDER_REFUSED, f"an answer has more than {ANSWER_BYTES} bytes")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
