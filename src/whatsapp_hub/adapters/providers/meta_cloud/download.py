"""Get a customer's file from Meta: its address is asked for anew each time, since it lives for five minutes only.

Meta's own hosts alone get the access token (documents "Media", Cloud API).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from whatsapp_hub.adapters.providers.http_call import Call, HttpPool, exchange, streamed
from whatsapp_hub.adapters.providers.lenient import text
from whatsapp_hub.adapters.providers.meta_cloud import errors
from whatsapp_hub.adapters.providers.meta_cloud.settings import MetaSettings
from whatsapp_hub.application.ports.provider.plugin import Download, RemoteFile
from whatsapp_hub.domain.errors import CredentialsInvalid, Rejected, Scope, Transient

_DEADLINE_S = 15.0
_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net", ".fbcdn.net", ".whatsapp.com")
_GONE = frozenset({400, 404, 410})


@asynccontextmanager
async def download(
    http: HttpPool, base: str, settings: MetaSettings, file: RemoteFile, most: int
) -> AsyncIterator[Download]:
    """Look the file up and open it. Raises Rejected, Transient, CredentialsInvalid."""
    headers = {"Authorization": f"Bearer {settings.access_token}"}
    url = await _address(http, base, settings, file, headers)
    if not _is_metas(url, base):
        raise Rejected("media_host", "Meta named an address that is not its own")
    async with streamed(http, url, headers, most) as answer:
        if answer.status == 401:
            raise CredentialsInvalid("http_401", "Meta refuses the access token")
        if answer.status in _GONE:
            raise Transient("link_expired", f"http_{answer.status}", retry_after_s=1.0, scope=Scope.RECIPIENT)
        if answer.status != 200:
            after_s = answer.retry_after_s or 5.0
            raise Transient(f"http_{answer.status}", retry_after_s=after_s, scope=Scope.RECIPIENT)
        yield Download(answer.pieces, answer.size)


async def _address(http: HttpPool, base: str, settings: MetaSettings, file: RemoteFile, headers: dict[str, str]) -> str:
    """Ask for the file's address; one that came with the message is a makeshift."""
    source = file.content.source
    if not source.id:
        return source.url or ""
    look = f"{base}/{source.id}?phone_number_id={settings.phone_number_id}"
    try:
        found = errors.read(await exchange(http, Call("GET", look, headers, idempotent=True), _DEADLINE_S))
    except Rejected as error:
        raise Rejected("media_expired", f"Meta has the file no more: {error.code}") from error
    return text(found.get("url"))


def _is_metas(url: str, base: str) -> bool:
    """Whether the address is Meta's, or of the server that WHATSAPP_API_URL names."""
    try:
        parts, own = urlsplit(url), urlsplit(base)
        if (parts.scheme, parts.hostname, parts.port) == (own.scheme, own.hostname, own.port):
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and parts.port in (None, 443) and host.endswith(_HOSTS)
    except ValueError:
        return False
