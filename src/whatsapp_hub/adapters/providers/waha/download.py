"""Get a customer's file from WAHA, from the server that the session's settings name and from no other.

The address in a webhook is built from WAHA_BASE_URL, which often is `http://localhost:3000`: of an address at the
server itself or on a loopback, only the path counts. Files expire (WHATSAPP_FILES_LIFETIME), and may not be downloaded
yet: then WAHA is asked for the message again, with its file.

A webhook may be forged by the company whose session it is, and by anybody where the session has no hmacKey, while the
server may be the operator's, whose key opens everything there. So nothing is asked for but a file of this session.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote, urlsplit

from whatsapp_hub.adapters.providers.http_call import Call, HttpPool, Streamed, exchange, streamed
from whatsapp_hub.adapters.providers.lenient import obj, text
from whatsapp_hub.adapters.providers.waha import errors
from whatsapp_hub.adapters.providers.waha.names import long_id
from whatsapp_hub.adapters.providers.waha.settings import WahaSettings
from whatsapp_hub.application.ports.provider.plugin import Download, RemoteFile
from whatsapp_hub.domain.errors import CredentialsInvalid, Rejected, Scope, Transient

_DEADLINE_S = 60.0
"""WAHA answers when it has downloaded the file itself."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - recognised, not bound to
_GONE = frozenset({404, 410})
_FILES = "/api/files/"


@asynccontextmanager
async def download(http: HttpPool, settings: WahaSettings, file: RemoteFile, most: int) -> AsyncIterator[Download]:
    """Open the file by its address, else by a new one. Raises Rejected, Transient, CredentialsInvalid."""
    headers = {"X-Api-Key": settings.api_key}
    if url := file.content.source.url:
        async with streamed(http, settings.url + path_of(url, settings), headers, most, settings.owner) as answer:
            if answer.status not in _GONE:
                yield _opened(answer)
                return
    url = await _renewed(http, settings, file, headers)
    async with streamed(http, settings.url + path_of(url, settings), headers, most, settings.owner) as answer:
        if answer.status in _GONE:
            raise Rejected("media_expired", "WAHA has the file no more")
        yield _opened(answer)


def _opened(answer: Streamed) -> Download:
    if answer.status in (401, 403):
        raise CredentialsInvalid(f"http_{answer.status}", "WAHA refuses the key")
    if answer.status != 200:
        after_s = answer.retry_after_s or 5.0
        raise Transient(f"http_{answer.status}", retry_after_s=after_s, scope=Scope.RECIPIENT)
    return Download(answer.pieces, answer.size)


async def _renewed(http: HttpPool, settings: WahaSettings, file: RemoteFile, headers: dict[str, str]) -> str:
    if not file.provider_message_id:
        raise Rejected("media_expired", "the message has no id to ask for")
    id = quote(long_id(file.provider_message_id, file.chat), safe="")
    path = f"/api/{settings.session}/chats/{quote(file.chat, safe='')}/messages/{id}?downloadMedia=true"
    answer = await exchange(
        http, Call("GET", settings.url + path, headers, idempotent=True, owner=settings.owner), _DEADLINE_S
    )
    if answer.status == 404:
        raise Rejected("media_expired", "WAHA has the message no more")
    media = obj(obj(errors.read(answer)).get("media"))
    if not (url := text(media.get("url"))):
        raise Rejected("media_expired", text(media.get("error"))[:200] or "WAHA has no file of the message")
    return url


def path_of(url: str, settings: WahaSettings) -> str:
    """Return the path of a file of the session at its own server. Raises Rejected (`media_host`)."""
    try:
        parts, own = urlsplit(url), urlsplit(settings.url)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise Rejected("media_host", "the file's address cannot be used") from None
    if parts.scheme not in ("http", "https") or not (host == (own.hostname or "").lower() or host in _LOOPBACK):
        raise Rejected("media_host", "the file is on another server than the session's")
    prefix = own.path.rstrip("/")
    path = parts.path.removeprefix(prefix) if prefix and parts.path.startswith(f"{prefix}/") else parts.path
    if not _is_file_of(settings.session, unquote(path)):
        raise Rejected("media_host", "the address is none of a file of the session")
    return path


def _is_file_of(session: str, path: str) -> bool:
    """Tell whether a decoded path is a file's, of this session or (older servers) of none. One that would be decoded
    again could become another."""
    if not path.startswith(_FILES) or "\\" in path or "%" in path:
        return False
    names = path.removeprefix(_FILES).split("/")
    return all(name not in ("", ".", "..") for name in names) and (len(names) == 1 or names[0] == session)
